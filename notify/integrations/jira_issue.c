// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/jira_issue.h"

#include "base/text/json.h"
#include "base/text/unicode.h"
#include "notify/integrations/endpoint.h"
#include "notify/integrations/jira.h"
#include "notify/integrations/payload.h"

#define SUMMARY_RUNES_MAX     255
#define DESCRIPTION_RUNES_MAX 32767
#define SEARCH_RESULTS_MAX    2 // the second one is only a reason to warn

static const struct jira_conf *conf_of(const struct notify_attempt *a)
{
    return a->integration->conf;
}

// Renders; a failure is named after the part.
static str render(struct notify_attempt *a, str text, const char *part)
{
    if (attempt_failed(a))
        return S("");
    str rendered = attempt_render(a, text);
    if (attempt_failed(a))
        err_wrap(&a->err, "%s", part);
    return rendered;
}

static str group_label(struct notify_attempt *a)
{
    return arena_printf(a->mem, "ALERT{%.*s}", STR(attempt_group_hash(a)));
}

// ---- the search --------------------------------------------------------------------------------

// Open issues, and those that are done but may be reopened.
static void put_state_clause(struct notify_attempt *a, struct buf *jql)
{
    const struct jira_conf *conf = conf_of(a);
    int64_t minutes = conf->reopen_duration / DUR_MINUTES(1);
    if (!attempt_is_resolved(a) && conf->reopen_transition.n && minutes > 0)
        buf_printf(jql, "(resolutiondate is EMPTY OR resolutiondate >= -%lldm) and ",
                   (long long)minutes);
    else
        buf_put(jql, S("statusCategory != Done and "));
}

static str make_jql(struct notify_attempt *a, str project)
{
    const struct jira_conf *conf = conf_of(a);
    struct buf jql = {.mem = a->mem};
    if (conf->wont_fix_resolution.n) {
        // JQL's != leaves out what has no resolution.
        buf_put(&jql, S("(resolution is EMPTY or resolution != "));
        buf_put_quoted(&jql, conf->wont_fix_resolution);
        buf_put(&jql, S(") and "));
    }
    put_state_clause(a, &jql);
    buf_put(&jql, S("project="));
    buf_put_quoted(&jql, project);
    buf_put(&jql, S(" and labels="));
    buf_put_quoted(&jql, group_label(a));
    buf_put(&jql, S(" order by status ASC,resolutiondate DESC"));
    return buf_str(&jql);
}

void jira_put_search(struct notify_attempt *a)
{
    str project = render(a, conf_of(a)->project, "invalid project template or value");
    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    json_put_key(&w, S("fields"));
    json_array_begin(&w);
    json_put_str(&w, S("status"));
    json_array_end(&w);
    json_put_member(&w, "jql", make_jql(a, project));
    json_put_key(&w, S("maxResults"));
    json_put_i64(&w, SEARCH_RESULTS_MAX);
    json_object_end(&w);
}

// ---- the issue ---------------------------------------------------------------------------------

static str json_of_text(struct notify_attempt *a, str text)
{
    struct buf quoted = {.mem = a->mem};
    buf_put_json_str(&quoted, JSON_ESCAPE_HTML, text);
    return buf_str(&quoted);
}

static str json_of_member(struct notify_attempt *a, const char *name, str text)
{
    return arena_printf(a->mem, "{\"%s\":%.*s}", name, STR(json_of_text(a, text)));
}

static str json_of_name(struct notify_attempt *a, str name)
{
    return name.n ? json_of_member(a, "name", name) : S("{}");
}

static int compare_texts(const void *x, const void *y)
{
    return str_cmp(*(const str *)x, *(const str *)y);
}

static str json_of_labels(struct notify_attempt *a, const struct str_list *labels)
{
    struct buf list = {.mem = a->mem};
    struct json_writer w = {.out = &list, .escape = JSON_ESCAPE_HTML};
    json_array_begin(&w);
    for (size_t i = 0; i < labels->count; i++)
        json_put_str(&w, labels->items[i]);
    json_array_end(&w);
    return buf_str(&list);
}

static str render_labels(struct notify_attempt *a)
{
    const struct str_list *written = &conf_of(a)->labels;
    struct str_list labels = {arena_array(a->mem, str, written->count + 1), 0};
    for (size_t i = 0; i < written->count; i++) {
        str part = arena_printf(a->mem, "labels[%zu] template", i);
        labels.items[labels.count++] = render(a, written->items[i], part.p);
    }
    labels.items[labels.count++] = group_label(a);
    qsort(labels.items, labels.count, sizeof(*labels.items), compare_texts);
    return json_of_labels(a, &labels);
}

// Version 3 of the API takes documents in its own format instead of texts.
static str json_of_document(struct notify_attempt *a, str text)
{
    str document = str_trim_unicode(text);
    if (document.n == 0 || json_parse(document, false, a->mem, NULL))
        return document;
    err_set(&a->err, ERR_SYNTAX, "description template: invalid JSON for API v3");
    return S("");
}

static str render_description(struct notify_attempt *a) // JSON; empty: none
{
    str text = attempt_truncate(a, render(a, conf_of(a)->description.text, "description template"),
                                DESCRIPTION_RUNES_MAX, "description");
    if (attempt_failed(a) || text.n == 0)
        return S("");
    return endpoint_ends_in(conf_of(a)->api_url.text, S("3")) ? json_of_document(a, text)
                                                              : json_of_text(a, text);
}

static bool is_sent(const struct jira_field *f, bool is_update)
{
    return !is_update || !f->enable_update.is_set || f->enable_update.value;
}

static void add(struct payload_members *members, const char *name, str value)
{
    if (value.n)
        members->items[members->count++] = (struct payload_member){str_c(name), value};
}

static void expand_fields(struct notify_attempt *a, struct payload_members *ret)
{
    *ret = (struct payload_members){0};
    if (!attempt_failed(a) &&
        !payload_expand(a->integration, &a->message, a->data, conf_of(a)->fields, ret, &a->err))
        err_wrap(&a->err, "fields template");
}

// Both are sorted; of two with the same name the second's counts.
static struct payload_members merge(const struct payload_members *x,
                                    const struct payload_members *y, struct arena *mem)
{
    struct payload_members all = {arena_array(mem, struct payload_member, x->count + y->count), 0};
    for (size_t i = 0, k = 0; i < x->count || k < y->count;) {
        int order = i == x->count   ? 1
                    : k == y->count ? -1
                                    : str_cmp(x->items[i].name, y->items[k].name);
        all.items[all.count++] = order < 0 ? x->items[i] : y->items[k];
        i += order <= 0;
        k += order >= 0;
    }
    return all;
}

#define FIELDS_MAX 6

// Rendered in upstream's order: the first failure is the one that is told.
static struct payload_members make_fields(struct notify_attempt *a, bool is_update)
{
    const struct jira_conf *conf = conf_of(a);
    struct payload_members custom,
        fields = {arena_array(a->mem, struct payload_member, FIELDS_MAX), 0};
    str summary = render(a, conf->summary.text, "summary template");
    str project = render(a, conf->project, "project template");
    str type = render(a, conf->issue_type, "issue_type template");
    expand_fields(a, &custom);
    summary = attempt_truncate(a, summary, SUMMARY_RUNES_MAX, "summary");
    str description = render_description(a);
    str labels = render_labels(a);
    str priority = render(a, conf->priority, "priority template");

    if (is_sent(&conf->description, is_update))
        add(&fields, "description", description);
    add(&fields, "issuetype", json_of_name(a, type));
    add(&fields, "labels", labels);
    if (priority.n)
        add(&fields, "priority", json_of_name(a, priority));
    add(&fields, "project", json_of_member(a, "key", project));
    if (is_sent(&conf->summary, is_update))
        add(&fields, "summary", json_of_text(a, summary));
    return merge(&fields, &custom, a->mem);
}

void jira_put_issue(struct notify_attempt *a, bool is_update)
{
    struct payload_members fields = make_fields(a, is_update);
    struct json_writer w = attempt_json(a);
    json_object_begin(&w);
    json_put_key(&w, S("fields"));
    payload_put_members(&w, &fields);
    json_object_end(&w);
}
