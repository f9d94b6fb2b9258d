// SPDX-License-Identifier: Apache-2.0
#include "notify/tpldefaults.h"

// Most templates are rendered with dot = the data, lists of alerts with dot = the list. Names in
// underscores are building blocks; users may redefine them like any other name.

#define USE(name) "{{ template \"" name "\" . }}"

#define SUBJECT     USE("__subject")
#define PRODUCT     USE("__alertmanager")
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

#define NARROW              ANNOTATIONS "\n" NARROW_PART("Firing") "\n" NARROW_PART("Resolved")
#define WIDE_OF(mark, list) "\n" WIDE_PART("Firing", mark, list) WIDE_PART("Resolved", mark, list)
#define WIDE                WIDE_OF("", "__text_alert_list")
#define MARKDOWN            WIDE_OF("# ", "__text_alert_list_markdown")

#define ALERT_LIST(indent, gap)                                                                    \
    "{{ range . }}" gap "Labels:\n"                                                                \
    "{{ range .Labels.SortedPairs }}" indent "- {{ .Name }} = {{ .Value }}\n{{ end }}" gap         \
    "Annotations:\n"                                                                               \
    "{{ range .Annotations.SortedPairs }}" indent "- {{ .Name }} = {{ .Value }}\n{{ end }}" gap    \
    "Source: {{ .GeneratorURL }}\n{{ end }}"

// Takes the highest severity of the alerts that are firing, or were.
#define PRIORITY_OF(which)                                                                         \
    "{{ range .Alerts." which " }}{{ $severity := index .Labels \"severity\" }}"                   \
    "{{ if eq $severity \"critical\" }}{{ $priority = \"High\" }}"                                 \
    "{{ else if and (eq $severity \"warning\") (ne $priority \"High\") }}"                         \
    "{{ $priority = \"Medium\" }}"                                                                 \
    "{{ else if and (eq $severity \"info\") (eq $priority \"\") }}{{ $priority = \"Low\" }}"       \
    "{{ end }}{{ end }}"
#define PRIORITY                                                                                   \
    "{{ $priority := \"\" }}" PRIORITY_OF("Firing") "{{ if eq $priority \"\" }}" PRIORITY_OF(      \
        "Resolved") "{{ end }}{{ $priority }}"

#define SUBJECT_TEXT                                                                               \
    "[{{ .Status | toUpper }}{{ if eq .Status \"firing\" }}:{{ len .Alerts.Firing }}{{ end }}] "   \
    "{{ .GroupLabels.SortedPairs.Values | join \" \" }} "                                          \
    "{{ if gt (len .CommonLabels) (len .GroupLabels) }}"                                           \
    "({{ (.CommonLabels.Remove .GroupLabels.Names).Values | join \" \" }}){{ end }}"
#define URL_TEXT "{{ .ExternalURL }}/#/alerts?receiver={{ .Receiver | urlquery }}"

static const struct {
    const char *name, *body;
} TEMPLATES[] = {
    {"__alertmanager", "Alertmanager"},
    {"__alertmanagerURL", URL_TEXT},
    {"__subject", SUBJECT_TEXT},
    {"__description", ""},
    {"__text_alert_list", ALERT_LIST(" ", "")},
    {"__text_alert_list_markdown", ALERT_LIST("  ", "\n") "\n"},

    {"slack.default.title", SUBJECT},
    {"slack.default.username", PRODUCT},
    {"slack.default.fallback", FALLBACK},
    {"slack.default.callbackid", ""},
    {"slack.default.pretext", ""},
    {"slack.default.titlelink", URL},
    {"slack.default.iconemoji", ""},
    {"slack.default.iconurl", ""},
    {"slack.default.text", ""},
    {"slack.default.footer", ""},
    {"slack.default.color", COLOR},

    {"pagerduty.default.description", SUBJECT},
    {"pagerduty.default.client", PRODUCT},
    {"pagerduty.default.clientURL", URL},
    {"pagerduty.default.instances", USE("__text_alert_list")},

    {"opsgenie.default.message", SUBJECT},
    {"opsgenie.default.description", NARROW},
    {"opsgenie.default.source", URL},

    {"wechat.default.message", SUBJECT "\n" NARROW "\nAlertmanagerUrl:\n" URL},
    {"wechat.default.to_user", ""},
    {"wechat.default.to_party", ""},
    {"wechat.default.to_tag", ""},
    {"wechat.default.agent_id", ""},

    {"victorops.default.state_message", NARROW},
    {"victorops.default.entity_display_name", SUBJECT},
    {"victorops.default.monitoring_tool", PRODUCT},

    {"pushover.default.title", SUBJECT},
    {"pushover.default.message", ANNOTATIONS WIDE},
    {"pushover.default.url", URL},

    {"sns.default.subject", SUBJECT},
    {"sns.default.message", ANNOTATIONS WIDE},

    {"telegram.default.message", WIDE},

    {"discord.default.content", ""},
    {"discord.default.title", SUBJECT},
    {"discord.default.message", WIDE},

    {"webex.default.message", ANNOTATIONS WIDE},

    {"msteams.default.summary", SUBJECT},
    {"msteams.default.title", SUBJECT},
    {"msteams.default.text", MARKDOWN},
    {"msteamsv2.default.title", SUBJECT},
    {"msteamsv2.default.text", MARKDOWN},

    {"jira.default.summary", SUBJECT},
    {"jira.default.description", MARKDOWN},
    {"jira.default.priority", PRIORITY},

    {"rocketchat.default.title", SUBJECT},
    {"rocketchat.default.alias", PRODUCT},
    {"rocketchat.default.titlelink", URL},
    {"rocketchat.default.emoji", ""},
    {"rocketchat.default.iconurl", ""},
    {"rocketchat.default.text", ""},

    {"mattermost.default.username", PRODUCT},
    {"mattermost.default.title", SUBJECT},
    {"mattermost.default.titlelink", URL},
    {"mattermost.default.fallback", FALLBACK},
    {"mattermost.default.color", COLOR},
    {"mattermost.default.text", MARKDOWN},
};

// What upstream's files leave between their definitions: so many line ends. An HTML text without
// content of its own shows them, since the HTML engine replaces no root by an empty one.
#define ROOT_LINE_ENDS 81

bool tpldefaults_parse(struct tpl_set *set, struct err *err)
{
    defer(buf_done) struct buf text = {0};
    buf_put_fill(&text, '\n', ROOT_LINE_ENDS);
    for (size_t i = 0; i < ARRAY_LEN(TEMPLATES); i++)
        buf_printf(&text, "{{ define \"%s\" }}%s{{ end }}", TEMPLATES[i].name, TEMPLATES[i].body);
    tpldefaults_put_email(&text);
    return tpl_parse(set, S(""), buf_str(&text), err);
}
