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
    STYLE(FONT " font-size: 14px; max-width: 600px; margin: 0 auto; display: block; padding: "     \
               "20px;")
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

// Rows of the skeleton; each is followed by a line end.

// The coloured banner; its two forms differ in the white space behind a label's value.
#define BANNER(class, color, space)                                                                \
    BANNER_OPEN(class, color),                                                                     \
        "              {{ .Alerts | len }} alert{{ if gt (len .Alerts) 1 }}s{{ end }} for "        \
        "{{ range .GroupLabels.SortedPairs }}",                                                    \
        "                {{ .Name }}={{ .Value }}" space, "              " END,                    \
        "            </td>"
#define BANNER_OPEN(class, color)                                                                  \
    "            <td class=\"alert " class "\"" S_BANNER(color) VALIGN                             \
        " align=\"center\" bgcolor=\"" color "\">"

#define ROW(...)                                                                                   \
    "                " TR, "                  " CELL, __VA_ARGS__, "                  </td>",      \
        "                </tr>"

#define PAIRS(which) "{{ range ." which ".SortedPairs }}{{ .Name }} = {{ .Value }}" BR END
#define ALERT                                                                                      \
    ROW("                    " STRONG("Labels") BR, "                    " PAIRS("Labels"),        \
        "                    {{ if gt (len .Annotations) 0 }}" STRONG("Annotations") BR END,       \
        "                    " PAIRS("Annotations"),                                               \
        "                    <a href=\"{{ .GeneratorURL }}\"" S_SOURCE ">Source</a>" BR)

static const char *const ROWS[] = {
    "{{ define \"email.default.html\" }}",
    "",
    "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" "
    "\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">",
    "<html xmlns=\"http://www.w3.org/1999/xhtml\"" S_PLAIN ">",
    "<head>",
    "<meta name=\"viewport\" content=\"width=device-width\">",
    "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\">",
    "<title>{{ template \"__subject\" . }}</title>",
    "<style>",
    "@media only screen and (max-width: 640px) {",
    "  body {",
    "    padding: 0 !important;",
    "  }",
    "",
    "  h1,",
    "h2,",
    "h3,",
    "h4 {",
    "    font-weight: 800 !important;",
    "    margin: 20px 0 5px !important;",
    "  }",
    "",
    "  h1 {",
    "    font-size: 22px !important;",
    "  }",
    "",
    "  h2 {",
    "    font-size: 18px !important;",
    "  }",
    "",
    "  h3 {",
    "    font-size: 16px !important;",
    "  }",
    "",
    "  .container {",
    "    padding: 0 !important;",
    "    width: 100% !important;",
    "  }",
    "",
    "  .content {",
    "    padding: 0 !important;",
    "  }",
    "",
    "  .content-wrap {",
    "    padding: 10px !important;",
    "  }",
    "",
    "  .invoice {",
    "    width: 100% !important;",
    "  }",
    "}",
    "</style>",
    "</head>",
    "",
    "<body itemscope itemtype=\"https://schema.org/EmailMessage\"" S_BODY ">",
    "",
    "<table class=\"body-wrap\"" S_WRAP " width=\"100%\" bgcolor=\"#f6f6f6\">",
    "  " TR,
    "    <td" S_SIDE VALIGN "></td>",
    "    <td class=\"container\" width=\"600\"" S_CONTAINER VALIGN ">",
    "      <div class=\"content\"" S_CONTENT ">",
    "        <table class=\"main\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"" S_MAIN
    " bgcolor=\"#fff\">",
    "          " TR,
    "            " FIRING,
    BANNER("alert-warning", "#E6522C", ""),
    "            " ELSE,
    BANNER("alert-good", "#68B90F", " "),
    "            " END,
    "          </tr>",
    "          " TR,
    "            <td class=\"content-wrap\"" S_CONTENT_WRAP VALIGN ">",
    "              <table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\"" S_PLAIN ">",
    ROW("                    <a href=\"{{ template \"__alertmanagerURL\" . }}\" "
        "class=\"btn-primary\"" S_BUTTON ">View in {{ template \"__alertmanager\" . }}</a>"),
    "                " FIRING,
    ROW("                    " STRONG("[{{ .Alerts.Firing | len }}] Firing")),
    "                " END,
    "                {{ range .Alerts.Firing }}",
    ALERT,
    "                " END,
    "",
    "                " RESOLVED,
    "                  " FIRING,
    ROW("                    " BR, "                    <hr" S_PLAIN ">",
        "                    " BR),
    "                  " END,
    ROW("                    " STRONG("[{{ .Alerts.Resolved | len }}] Resolved")),
    "                " END,
    "                {{ range .Alerts.Resolved }}",
    ALERT,
    "                " END,
    "              </table>",
    "            </td>",
    "          </tr>",
    "        </table>",
    "",
    "        <div class=\"footer\"" S_FOOTER ">",
    "          <table width=\"100%\"" S_PLAIN ">",
    "            " TR,
    "              <td class=\"aligncenter content-block\"" S_FOOTER_CELL VALIGN
    " align=\"center\"><a href=\"{{ .ExternalURL }}\"" S_FOOTER_LINK
    ">Sent by {{ template \"__alertmanager\" . }}</a></td>",
    "            </tr>",
    "          </table>",
    "        </div></div>",
    "    </td>",
    "    <td" S_SIDE VALIGN "></td>",
    "  </tr>",
    "</table>",
    "",
    "</body>",
    "</html>",
    "",
};

void tpldefaults_put_email(struct buf *b)
{
    buf_put(b, S("{{ define \"email.default.subject\" }}{{ template \"__subject\" . }}{{ end }}"));
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        buf_put(b, str_c(ROWS[i]));
        buf_put_c(b, '\n');
    }
    buf_put(b, S("{{ end }}"));
}
