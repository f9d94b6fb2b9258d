// SPDX-License-Identifier: Apache-2.0
#include "notify/tpldefaults.h"

// Most templates are rendered with dot = the data, lists of alerts with dot = the list. Names in
// underscores are building blocks; users may redefine them like any other name.

#define DEFINE(name, body) "{{ define \"" name "\" }}" body "{{ end }}"
#define USE(name)          "{{ template \"" name "\" . }}"

#define SUBJECT     USE("__subject")
#define NAME        USE("__alertmanager")
#define URL         USE("__alertmanagerURL")
#define FALLBACK    SUBJECT " | " URL
#define ANNOTATIONS "{{ .CommonAnnotations.SortedPairs.Values | join \" \" }}"
#define COLOR       "{{ if eq .Status \"firing\" }}danger{{ else }}good{{ end }}"

// Present only if there are such alerts.
#define IF_ANY(which, body) "{{ if gt (len .Alerts." which ") 0 }}" body "{{ end }}"
#define LIST(which, name)   "{{ template \"" name "\" .Alerts." which " }}"

#define NARROW_PART(which) IF_ANY(which, "Alerts " which ":\n" LIST(which, "__text_alert_list"))
#define WIDE_PART(which, mark, list)                                                               \
    IF_ANY(which, "\n" mark "Alerts " which ":\n" LIST(which, list) "\n") "\n"

#define NARROW ANNOTATIONS "\n" NARROW_PART("Firing") "\n" NARROW_PART("Resolved")
#define WIDE                                                                                       \
    "\n" WIDE_PART("Firing", "", "__text_alert_list") WIDE_PART("Resolved", "", "__text_alert_list")
#define MARKDOWN                                                                                   \
    "\n" WIDE_PART("Firing", "# ", "__text_alert_list_markdown")                                   \
        WIDE_PART("Resolved", "# ", "__text_alert_list_markdown")

// Takes the highest severity of the alerts that are firing, or were.
#define PRIORITY_OF(which)                                                                         \
    "{{ range .Alerts." which " }}{{ $severity := index .Labels \"severity\" }}"                   \
    "{{ if eq $severity \"critical\" }}{{ $priority = \"High\" }}"                                 \
    "{{ else if and (eq $severity \"warning\") (ne $priority \"High\") }}"                         \
    "{{ $priority = \"Medium\" }}"                                                                 \
    "{{ else if and (eq $severity \"info\") (eq $priority \"\") }}{{ $priority = \"Low\" }}"       \
    "{{ end }}{{ end }}"

static const char BLOCKS[] = DEFINE("__alertmanager", "Alertmanager") DEFINE(
    "__alertmanagerURL", "{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}")
    DEFINE(
        "__subject",
        "[{{ .Status | toUpper }}{{ if eq .Status \"firing\" }}:{{ len .Alerts.Firing }}{{ end }}] "
        "{{ .GroupLabels.SortedPairs.Values | join \" \" }} "
        "{{ if gt (len .CommonLabels) (len .GroupLabels) }}"
        "({{ (.CommonLabels.Remove .GroupLabels.Names).Values | join \" \" }}){{ end }}")
        DEFINE("__description", "") DEFINE(
            "__text_alert_list",
            "{{ range . }}Labels:\n"
            "{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}\n{{ end }}"
            "Annotations:\n"
            "{{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}\n{{ end }}"
            "Source: {{ .GeneratorURL }}\n{{ end }}")
            DEFINE("__text_alert_list_markdown",
                   "{{ range . }}\nLabels:\n"
                   "{{ range .Labels.SortedPairs }}  - {{ .Name }} = {{ .Value }}\n{{ end }}"
                   "\nAnnotations:\n"
                   "{{ range .Annotations.SortedPairs }}  - {{ .Name }} = {{ .Value }}\n{{ end }}"
                   "\nSource: {{ .GeneratorURL }}\n{{ end }}\n");

static const char RECEIVERS[] = DEFINE("slack.default.title", SUBJECT) DEFINE(
    "slack.default.username", NAME) DEFINE("slack.default.fallback",
                                           FALLBACK) DEFINE("slack.default.callbackid",
                                                            "") DEFINE("slack.default.pretext", "")
    DEFINE("slack.default.titlelink", URL) DEFINE("slack.default.iconemoji", "") DEFINE(
        "slack.default.iconurl", "") DEFINE("slack.default.text",
                                            "") DEFINE("slack.default.footer",
                                                       "") DEFINE("slack.default.color", COLOR)

        DEFINE("pagerduty.default.description", SUBJECT) DEFINE(
            "pagerduty.default.client", NAME) DEFINE("pagerduty.default.clientURL",
                                                     URL) DEFINE("pagerduty.default.instances",
                                                                 USE("__text_alert_list"))

            DEFINE("opsgenie.default.message", SUBJECT) DEFINE(
                "opsgenie.default.description", NARROW) DEFINE("opsgenie.default.source", URL)

                DEFINE("wechat.default.message", SUBJECT "\n" NARROW "\nAlertmanagerUrl:\n" URL)
                    DEFINE("wechat.default.to_user",
                           "") DEFINE("wechat.default.to_party",
                                      "") DEFINE("wechat.default.to_tag",
                                                 "") DEFINE("wechat.default.agent_id", "")

                        DEFINE("victorops.default.state_message", NARROW) DEFINE(
                            "victorops.default.entity_display_name",
                            SUBJECT) DEFINE("victorops.default.monitoring_tool", NAME)

                            DEFINE("pushover.default.title", SUBJECT) DEFINE(
                                "pushover.default.message",
                                ANNOTATIONS WIDE) DEFINE("pushover.default.url", URL)

                                DEFINE("sns.default.subject",
                                       SUBJECT) DEFINE("sns.default.message", ANNOTATIONS WIDE)

                                    DEFINE("telegram.default.message", WIDE)

                                        DEFINE("discord.default.content", "") DEFINE(
                                            "discord.default.title",
                                            SUBJECT) DEFINE("discord.default.message", WIDE)

                                            DEFINE("webex.default.message", ANNOTATIONS WIDE)

                                                DEFINE("msteams.default.summary", SUBJECT)
                                                    DEFINE("msteams.default.title", SUBJECT) DEFINE(
                                                        "msteams.default.text",
                                                        MARKDOWN) DEFINE("msteamsv2.default.title",
                                                                         SUBJECT) DEFINE("msteamsv2"
                                                                                         ".default."
                                                                                         "text",
                                                                                         MARKDOWN)

                                                        DEFINE("jira.default.summary", SUBJECT) DEFINE(
                                                            "jira.default.description",
                                                            MARKDOWN)
                                                            DEFINE(
                                                                "jira.default.priority",
                                                                "{{ $priority := \"\" "
                                                                "}}" PRIORITY_OF("Firing") "{{ if "
                                                                                           "eq "
                                                                                           "$priori"
                                                                                           "ty "
                                                                                           "\"\" "
                                                                                           "}"
                                                                                           "}" PRIORITY_OF(
                                                                                               "Res"
                                                                                               "olv"
                                                                                               "ed") "{{ end }}{{ $priority }}")

                                                                DEFINE(
                                                                    "rocketchat.default.title",
                                                                    SUBJECT) DEFINE("rocketchat."
                                                                                    "default.alias",
                                                                                    NAME) DEFINE("r"
                                                                                                 "o"
                                                                                                 "c"
                                                                                                 "k"
                                                                                                 "e"
                                                                                                 "t"
                                                                                                 "c"
                                                                                                 "h"
                                                                                                 "a"
                                                                                                 "t"
                                                                                                 "."
                                                                                                 "d"
                                                                                                 "e"
                                                                                                 "f"
                                                                                                 "a"
                                                                                                 "u"
                                                                                                 "l"
                                                                                                 "t"
                                                                                                 "."
                                                                                                 "t"
                                                                                                 "i"
                                                                                                 "t"
                                                                                                 "l"
                                                                                                 "e"
                                                                                                 "l"
                                                                                                 "i"
                                                                                                 "n"
                                                                                                 "k",
                                                                                                 URL)
                                                                    DEFINE("rocketchat.default."
                                                                           "emoji",
                                                                           "") DEFINE("rocketchat."
                                                                                      "default."
                                                                                      "iconurl",
                                                                                      "") DEFINE("r"
                                                                                                 "o"
                                                                                                 "c"
                                                                                                 "k"
                                                                                                 "e"
                                                                                                 "t"
                                                                                                 "c"
                                                                                                 "h"
                                                                                                 "a"
                                                                                                 "t"
                                                                                                 "."
                                                                                                 "d"
                                                                                                 "e"
                                                                                                 "f"
                                                                                                 "a"
                                                                                                 "u"
                                                                                                 "l"
                                                                                                 "t"
                                                                                                 "."
                                                                                                 "t"
                                                                                                 "e"
                                                                                                 "x"
                                                                                                 "t",
                                                                                                 "")

                                                                        DEFINE(
                                                                            "mattermost.default."
                                                                            "username",
                                                                            NAME) DEFINE("mattermos"
                                                                                         "t."
                                                                                         "default."
                                                                                         "title",
                                                                                         SUBJECT)
                                                                            DEFINE("mattermost."
                                                                                   "default."
                                                                                   "titlelink",
                                                                                   URL)
                                                                                DEFINE("mattermost."
                                                                                       "default."
                                                                                       "fallback",
                                                                                       FALLBACK)
                                                                                    DEFINE(
                                                                                        "mattermost"
                                                                                        ".default."
                                                                                        "color",
                                                                                        COLOR)
                                                                                        DEFINE(
                                                                                            "matter"
                                                                                            "most."
                                                                                            "defaul"
                                                                                            "t."
                                                                                            "text",
                                                                                            MARKDOWN);

#define TEN_LINES "\n\n\n\n\n\n\n\n\n\n"

// What upstream's files leave between their definitions. An HTML text without content of its own
// shows it (templates of the HTML engine do not replace a root by an empty one).
static const char ROOT[] =
    TEN_LINES TEN_LINES TEN_LINES TEN_LINES TEN_LINES TEN_LINES TEN_LINES TEN_LINES "\n";

bool tpldefaults_parse(struct tpl_set *set, struct err *err)
{
    return tpl_parse(set, S(""), str_from(ROOT, sizeof(ROOT) - 1), err) &&
           tpl_parse(set, S(""), str_from(BLOCKS, sizeof(BLOCKS) - 1), err) &&
           tpl_parse(set, S(""), str_from(RECEIVERS, sizeof(RECEIVERS) - 1), err) &&
           tpl_parse(set, S(""), TPLDEFAULTS_EMAIL, err);
}
