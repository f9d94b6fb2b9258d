// SPDX-License-Identifier: Apache-2.0
// email.default.html: an HTML skeleton without trim markers, so that control actions leave their
// indentation and line ends in the output, as upstream's do.
#include "notify/tpldefaults.h"

// ---- style attributes -------------------------------------------------------------------------

#define FONT       "font-family: 'Helvetica Neue', Helvetica, Arial, sans-serif; box-sizing: border-box;"
#define RESET      "margin: 0; " FONT
#define PLAIN      RESET " font-size: 14px;"
#define STYLE(css) " style=\"" css "\""

#define S_PLAIN STYLE(PLAIN)
#define S_BODY                                                                                     \
    STYLE(PLAIN " -webkit-font-smoothing: antialiased; -webkit-text-size-adjust: none; "           \
                "height: 100%; line-height: 1.6em; background-color: #f6f6f6; width: 100%;")
#define S_WRAP STYLE(PLAIN " background-color: #f6f6f6; width: 100%;")
#define S_SIDE STYLE(PLAIN " vertical-align: top;")
#define S_CONTAINER                                                                                \
    STYLE(FONT " font-size: 14px; vertical-align: top; display: block; max-width: 600px; "         \
               "margin: 0 auto; clear: both;")
#define S_CONTENT                                                                                  \
    STYLE(FONT " font-size: 14px; max-width: 600px; margin: 0 auto; display: block; padding: 20px;")
#define S_MAIN                                                                                     \
    STYLE(PLAIN " background-color: #fff; border: 1px solid #e9e9e9; border-radius: 3px;")
#define S_BANNER(color)                                                                            \
    STYLE(RESET " vertical-align: top; font-size: 16px; color: #fff; font-weight: 500; "           \
                "padding: 20px; text-align: center; border-radius: 3px 3px 0 0; "                  \
                "background-color: " color ";")
#define S_CONTENT_WRAP  STYLE(PLAIN " vertical-align: top; padding: 30px;")
#define S_CONTENT_BLOCK STYLE(PLAIN " vertical-align: top; padding: 0 0 20px;")
#define S_BUTTON                                                                                   \
    STYLE(PLAIN " text-decoration: none; color: #FFF; background-color: #348eda; "                 \
                "border: solid #348eda; border-width: 10px 20px; line-height: 2em; "               \
                "font-weight: bold; text-align: center; cursor: pointer; "                         \
                "display: inline-block; border-radius: 5px; text-transform: capitalize;")
#define S_SOURCE STYLE(PLAIN " color: #348eda; text-decoration: underline;")
#define S_FOOTER STYLE(PLAIN " width: 100%; clear: both; color: #999; padding: 20px;")
#define S_FOOTER_CELL                                                                              \
    STYLE(RESET " vertical-align: top; padding: 0 0 20px; text-align: center; color: #999; "       \
                "font-size: 12px;")
#define S_FOOTER_LINK STYLE(RESET " text-decoration: underline; color: #999; font-size: 12px;")

// ---- elements ---------------------------------------------------------------------------------

#define VALIGN       " valign=\"top\""
#define TR           "<tr" S_PLAIN ">"
#define BR           "<br" S_PLAIN ">"
#define STRONG(text) "<strong" S_PLAIN ">" text "</strong>"
#define CELL         "<td class=\"content-block\"" S_CONTENT_BLOCK VALIGN ">"

#define FIRING   "{{ if gt (len .Alerts.Firing) 0 }}"
#define RESOLVED "{{ if gt (len .Alerts.Resolved) 0 }}"
#define ELSE     "{{ else }}"
#define END      "{{ end }}"

// The coloured banner; its two forms differ in the white space behind a label's value.
#define BANNER(class, color, space)                                                                \
    "            <td class=\"alert " class "\"" S_BANNER(color) VALIGN " align=\"center\" "        \
    "bgcolor=\"" color "\">\n"                                                                     \
    "              {{ .Alerts | len }} alert{{ if gt (len .Alerts) 1 }}s{{ end }} for "            \
    "{{ range .GroupLabels.SortedPairs }}\n"                                                       \
    "                {{ .Name }}={{ .Value }}" space "\n"                                          \
    "              " END "\n"                                                                      \
    "            </td>\n"

#define ALERT                                                                                      \
    "                " TR "\n"                                                                     \
    "                  " CELL "\n"                                                                 \
    "                    " STRONG("Labels") BR "\n"                                                \
    "                    {{ range .Labels.SortedPairs }}{{ .Name }} = {{ .Value }}" BR END "\n"    \
    "                    {{ if gt (len .Annotations) 0 }}" STRONG("Annotations") BR END "\n"       \
    "                    {{ range .Annotations.SortedPairs }}{{ .Name }} = {{ .Value }}" BR END    \
    "\n"                                                                                           \
    "                    <a href=\"{{ .GeneratorURL }}\"" S_SOURCE ">Source</a>" BR "\n"           \
    "                  </td>\n"                                                                    \
    "                </tr>\n"

#define ROW(content)                                                                               \
    "                " TR "\n"                                                                     \
    "                  " CELL "\n" content "                  </td>\n"                             \
    "                </tr>\n"

#define RULE(selector, declarations) "  " selector " {\n" declarations "  }\n"
#define DECLARE(text)                "    " text " !important;\n"

static const char TEXT[] =
    "{{ define \"email.default.subject\" }}{{ template \"__subject\" . }}{{ end }}"
    "{{ define \"email.default.html\" }}\n\n"
    "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" "
    "\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n"
    "<html xmlns=\"http://www.w3.org/1999/xhtml\"" S_PLAIN ">\n"
    "<head>\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\">\n"
    "<title>{{ template \"__subject\" . }}</title>\n"
    "<style>\n"
    "@media only screen and (max-width: 640px) {\n"
    RULE("body", DECLARE("padding: 0")) "\n"
    RULE("h1,\nh2,\nh3,\nh4", DECLARE("font-weight: 800") DECLARE("margin: 20px 0 5px")) "\n"
    RULE("h1", DECLARE("font-size: 22px")) "\n"
    RULE("h2", DECLARE("font-size: 18px")) "\n"
    RULE("h3", DECLARE("font-size: 16px")) "\n"
    RULE(".container", DECLARE("padding: 0") DECLARE("width: 100%")) "\n"
    RULE(".content", DECLARE("padding: 0")) "\n"
    RULE(".content-wrap", DECLARE("padding: 10px")) "\n"
    RULE(".invoice", DECLARE("width: 100%"))
    "}\n"
    "</style>\n"
    "</head>\n"
    "\n"
    "<body itemscope itemtype=\"https://schema.org/EmailMessage\"" S_BODY ">\n"
    "\n"
    "<table class=\"body-wrap\"" S_WRAP " width=\"100%\" bgcolor=\"#f6f6f6\">\n"
    "  " TR "\n"
    "    <td" S_SIDE VALIGN "></td>\n"
    "    <td class=\"container\" width=\"600\"" S_CONTAINER VALIGN ">\n"
    "      <div class=\"content\"" S_CONTENT ">\n"
    "        <table class=\"main\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"" S_MAIN
    " bgcolor=\"#fff\">\n"
    "          " TR "\n"
    "            " FIRING "\n"
    BANNER("alert-warning", "#E6522C", "")
    "            " ELSE "\n"
    BANNER("alert-good", "#68B90F", " ")
    "            " END "\n"
    "          </tr>\n"
    "          " TR "\n"
    "            <td class=\"content-wrap\"" S_CONTENT_WRAP VALIGN ">\n"
    "              <table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"" S_PLAIN ">\n"
    ROW("                    <a href=\"{{ template \"__alertmanagerURL\" . }}\" "
        "class=\"btn-primary\"" S_BUTTON ">View in {{ template \"__alertmanager\" . }}</a>\n")
    "                " FIRING "\n"
    ROW("                    " STRONG("[{{ .Alerts.Firing | len }}] Firing") "\n")
    "                " END "\n"
    "                {{ range .Alerts.Firing }}\n"
    ALERT
    "                " END "\n"
    "\n"
    "                " RESOLVED "\n"
    "                  " FIRING "\n"
    ROW("                    " BR "\n"
        "                    <hr" S_PLAIN ">\n"
        "                    " BR "\n")
    "                  " END "\n"
    ROW("                    " STRONG("[{{ .Alerts.Resolved | len }}] Resolved") "\n")
    "                " END "\n"
    "                {{ range .Alerts.Resolved }}\n"
    ALERT
    "                " END "\n"
    "              </table>\n"
    "            </td>\n"
    "          </tr>\n"
    "        </table>\n"
    "\n"
    "        <div class=\"footer\"" S_FOOTER ">\n"
    "          <table width=\"100%\"" S_PLAIN ">\n"
    "            " TR "\n"
    "              <td class=\"aligncenter content-block\"" S_FOOTER_CELL VALIGN
    " align=\"center\"><a href=\"{{ .ExternalURL }}\"" S_FOOTER_LINK
    ">Sent by {{ template \"__alertmanager\" . }}</a></td>\n"
    "            </tr>\n"
    "          </table>\n"
    "        </div></div>\n"
    "    </td>\n"
    "    <td" S_SIDE VALIGN "></td>\n"
    "  </tr>\n"
    "</table>\n"
    "\n"
    "</body>\n"
    "</html>\n"
    "{{ end }}";

const str TPLDEFAULTS_EMAIL = {TEXT, sizeof(TEXT) - 1};
