// SPDX-License-Identifier: Apache-2.0
// Request bodies: JSON by the rules of Go's decoder, then the checks of the API's schema. The first
// problem is reported, in upstream's words.
#include "alertmanager/api.h"
#include "base/text/unicode.h"

// ---- problems ----------------------------------------------------------------------------------

struct decoder {
    struct arena *mem;
    struct api_problem *problem;
    const char *body_name; // "alerts"
    const char *sender;    // Go's name of the type whose field is looked at, and a point
    bool is_final;         // the problem ended Go's decoding
};

static bool has_problem(const struct decoder *d)
{
    return d->problem->code != 0;
}

// What the decoder says; a later problem does not replace it, unless it is one of a time: Go ends
// with that at once, but goes on after all others.
static void fail_decoding(const struct decoder *d, str why)
{
    if (has_problem(d))
        return;
    d->problem->code = 400;
    d->problem->message = arena_printf(d->mem, "parsing %s body from \"\" failed, because %.*s",
                                       d->body_name, STR(why));
}

static const char *kind_of(const json *v)
{
    if (json_is_object(v))
        return "object";
    if (json_is_array(v))
        return "array";
    if (json_is_string(v))
        return "string";
    return json_is_bool(v) ? "bool" : "number";
}

static void fail_type(const struct decoder *d, const json *v, const char *field, const char *type)
{
    str why = field ? arena_printf(d->mem,
                                   "json: cannot unmarshal %s into Go struct field %s%s of type %s",
                                   kind_of(v), d->sender, field, type)
                    : arena_printf(d->mem, "json: cannot unmarshal %s into Go value of type %s",
                                   kind_of(v), type);
    fail_decoding(d, why);
}

static void fail_schema(const struct decoder *d, int code, str message)
{
    if (has_problem(d))
        return;
    d->problem->code = code;
    d->problem->message = message;
}

static const json *parse_body(str body, const struct decoder *d)
{
    struct err err = ERR_INIT;
    if (str_trim(body).n == 0) {
        fail_schema(d, 602, arena_printf(d->mem, "%s in body is required", d->body_name));
        return NULL;
    }
    const json *v = json_parse(body, true, d->mem, &err);
    if (v)
        return v;
    str why = err_str(&err), before, after;
    if (str_starts(why, S("unexpected end")))
        why = S("unexpected EOF");
    if (str_cut_last(why, ' ', &before, &after) && str_ends(before, S(" at byte")))
        why = str_slice(before, 0, before.n - S(" at byte").n);
    fail_decoding(d, why);
    return NULL;
}

// ---- values ------------------------------------------------------------------------------------

static void decode_str(const struct decoder *d, const json *v, const char *field, str *ret)
{
    if (json_is_string(v))
        *ret = json_str(v);
    else if (!json_is_null(v))
        fail_type(d, v, field, "string");
}

static void decode_bool(const struct decoder *d, const json *v, const char *field, bool *ret)
{
    if (json_is_bool(v))
        *ret = json_bool(v);
    else if (!json_is_null(v))
        fail_type(d, v, field, "bool");
}

static void decode_loose_time(const struct decoder *d, str text, struct zoned_time *ret)
{
    struct err err = ERR_INIT;
    if (!api_parse_time(text, ret, &err))
        fail_decoding(d, arena_str(d->mem, err_str(&err)));
}

static void decode_time(struct decoder *d, const json *v, const char *field, struct zoned_time *ret)
{
    str text = {0};
    if (json_is_null(v) || d->is_final)
        return;
    struct api_problem earlier = *d->problem;
    *d->problem = (struct api_problem){0};
    decode_str(d, v, field, &text);
    if (!has_problem(d) && !time_parse_rfc3339(text, ret))
        decode_loose_time(d, text, ret);
    d->is_final = has_problem(d);
    if (!d->is_final)
        *d->problem = earlier;
}

// A map of strings; a null value is the empty string. A repeated key of the body adds to what the
// earlier one gave, unless it is null.
static void decode_labels(const struct decoder *d, const json *v, const char *field,
                          struct label **ret, size_t *ret_count)
{
    const struct label *earlier = *ret;
    size_t count = *ret_count;
    *ret = NULL;
    *ret_count = 0;
    if (json_is_null(v))
        return;
    if (!json_is_object(v)) {
        fail_type(d, v, field, "models.LabelSet");
        return;
    }
    struct label *labels =
        arena_alloc_raw(d->mem, (count + json_count(v) + 1) * sizeof(struct label)); // never NULL
    if (count)
        memcpy(labels, earlier, count * sizeof(struct label));
    json_each (member, v) {
        labels[count] = (struct label){.name = json_key(member)};
        decode_str(d, member, field, &labels[count].value);
        count++;
    }
    *ret = labels;
    *ret_count = count;
}

// ---- alerts ------------------------------------------------------------------------------------

// Go's name of what the first pass reads into.
#define ALERT_TYPE                                                                                 \
    "struct { Annotations models.LabelSet \"json:\\\"annotations,omitempty\\\"\"; "                \
    "EndsAt strfmt.DateTime \"json:\\\"endsAt,omitempty\\\"\"; "                                   \
    "StartsAt strfmt.DateTime \"json:\\\"startsAt,omitempty\\\"\" }"

struct alert_seen {                         // what a later pass reads
    const json *first_labels, *last_labels; // the same unless the key is repeated
    const json *generator_url;
};

// Go decodes an alert in two passes: its own fields, then those of the type it extends.
static void decode_alert(struct decoder *d, const json *v, struct alert_draft *a,
                         struct alert_seen *seen)
{
    *a = (struct alert_draft){.starts_at.t = TIME_UNSET, .ends_at.t = TIME_UNSET};
    d->sender = ".";
    json_each (member, v) {
        str key = json_key(member);
        if (str_eq_nocase(key, S("labels"))) {
            seen->last_labels = member;
            if (!seen->first_labels)
                seen->first_labels = member;
        } else if (str_eq_nocase(key, S("annotations"))) {
            decode_labels(d, member, "annotations", &a->annotations, &a->annotation_count);
        } else if (str_eq_nocase(key, S("startsAt"))) {
            decode_time(d, member, "startsAt", &a->starts_at);
        } else if (str_eq_nocase(key, S("endsAt"))) {
            decode_time(d, member, "endsAt", &a->ends_at);
        } else if (str_eq_nocase(key, S("generatorURL"))) {
            seen->generator_url = member;
        }
    }
    if (has_problem(d))
        return;
    d->sender = "Alert.";
    for (const json *l = seen->first_labels; l; l = l == seen->last_labels ? NULL : json_next(l)) {
        if (str_eq_nocase(json_key(l), S("labels")))
            decode_labels(d, l, "labels", &a->labels, &a->label_count);
    }
    if (seen->generator_url)
        decode_str(d, seen->generator_url, "generatorURL", &a->generator_url);
}

static void check_alert(const struct decoder *d, const struct alert_draft *a, size_t index)
{
    if (a->generator_url.n && !api_uri_is_valid(a->generator_url)) {
        defer(buf_done) struct buf text = {0};
        buf_printf(&text, "%zu.generatorURL in body must be of type uri: ", index);
        buf_put_quoted(&text, a->generator_url);
        fail_schema(d, 601, arena_str(d->mem, buf_str(&text)));
    }
    if (!a->labels)
        fail_schema(d, 602, arena_printf(d->mem, "%zu.labels in body is required", index));
}

bool api_decode_alerts(str body, struct arena *mem, struct api_drafts *ret,
                       struct api_problem *ret_problem)
{
    *ret_problem = (struct api_problem){0};
    *ret = (struct api_drafts){0};
    struct decoder d = {.mem = mem, .problem = ret_problem, .body_name = "alerts"};
    const json *list = parse_body(body, &d);
    if (!list || json_is_null(list))
        return !has_problem(&d);
    if (!json_is_array(list)) {
        fail_type(&d, list, NULL, "models.PostableAlerts");
        return false;
    }
    size_t count = json_count(list), i = 0;
    struct alert_draft *drafts = arena_array(mem, struct alert_draft, count + 1);
    json_each (v, list) {
        struct alert_seen seen = {0};
        if (!json_is_object(v) && !json_is_null(v))
            fail_type(&d, v, NULL, ALERT_TYPE);
        decode_alert(&d, v, &drafts[i++], &seen);
        if (has_problem(&d))
            return false;
    }
    for (i = 0; i < count && !has_problem(&d); i++)
        check_alert(&d, &drafts[i], i);
    *ret = (struct api_drafts){drafts, count};
    return !has_problem(&d);
}

// ---- silences ----------------------------------------------------------------------------------

struct matcher_draft {
    str name, value;
    bool is_regex, is_equal;
    bool has_name, has_value, has_is_regex;
};

struct silence_draft {
    struct matcher_draft *matchers;
    size_t matcher_count;
    struct label *annotations;
    size_t annotation_count;
    str id, created_by, comment;
    struct zoned_time starts_at, ends_at;
    bool has_matchers, has_created_by, has_comment, has_starts_at, has_ends_at;
};

static void decode_matcher(struct decoder *d, const json *v, struct matcher_draft *m)
{
    d->sender = "Matcher.";
    json_each (member, v) {
        str key = json_key(member);
        if (str_eq_nocase(key, S("name"))) {
            decode_str(d, member, "matchers.name", &m->name);
            m->has_name = !json_is_null(member);
        } else if (str_eq_nocase(key, S("value"))) {
            decode_str(d, member, "matchers.value", &m->value);
            m->has_value = !json_is_null(member);
        } else if (str_eq_nocase(key, S("isRegex"))) {
            decode_bool(d, member, "matchers.isRegex", &m->is_regex);
            m->has_is_regex = !json_is_null(member);
        } else if (str_eq_nocase(key, S("isEqual"))) {
            m->is_equal = true;
            decode_bool(d, member, "matchers.isEqual", &m->is_equal);
        }
    }
    d->sender = "Silence.";
}

// Matchers of a repeated key complete those that the earlier one has at the same place.
static void decode_matchers(struct decoder *d, const json *v, struct silence_draft *s)
{
    const struct matcher_draft *earlier = s->matchers;
    size_t earlier_count = s->matcher_count;
    s->has_matchers = !json_is_null(v);
    s->matcher_count = 0;
    if (!s->has_matchers)
        return;
    if (!json_is_array(v)) {
        fail_type(d, v, "matchers", "models.Matchers");
        return;
    }
    s->matchers = arena_array(d->mem, struct matcher_draft, json_count(v) + 1);
    json_each (item, v) {
        size_t i = s->matcher_count++;
        bool is_known = i < earlier_count && !json_is_null(item);
        s->matchers[i] = is_known ? earlier[i] : (struct matcher_draft){.is_equal = true};
        if (!json_is_object(item) && !json_is_null(item))
            fail_type(d, item, "matchers", "models.Matcher");
        decode_matcher(d, item, &s->matchers[i]);
    }
}

static void decode_silence(struct decoder *d, const json *v, struct silence_draft *s)
{
    d->sender = ".";
    const json *id = json_get_nocase(v, S("id"));
    if (id)
        decode_str(d, id, "id", &s->id);
    if (has_problem(d))
        return;
    d->sender = "Silence.";
    json_each (member, v) {
        str key = json_key(member);
        bool is_given = !json_is_null(member);
        if (str_eq_nocase(key, S("matchers"))) {
            decode_matchers(d, member, s);
        } else if (str_eq_nocase(key, S("startsAt"))) {
            decode_time(d, member, "startsAt", &s->starts_at);
            s->has_starts_at = is_given;
        } else if (str_eq_nocase(key, S("endsAt"))) {
            decode_time(d, member, "endsAt", &s->ends_at);
            s->has_ends_at = is_given;
        } else if (str_eq_nocase(key, S("createdBy"))) {
            decode_str(d, member, "createdBy", &s->created_by);
            s->has_created_by = is_given;
        } else if (str_eq_nocase(key, S("comment"))) {
            decode_str(d, member, "comment", &s->comment);
            s->has_comment = is_given;
        } else if (str_eq_nocase(key, S("annotations"))) {
            decode_labels(d, member, "annotations", &s->annotations, &s->annotation_count);
        }
    }
}

static void require(const struct decoder *d, bool has, const char *field)
{
    if (!has)
        fail_schema(d, 602, arena_printf(d->mem, "%s in body is required", field));
}

static void require_of_matcher(const struct decoder *d, bool has, size_t index, const char *field)
{
    if (!has)
        fail_schema(d, 602,
                    arena_printf(d->mem, "matchers.%zu.%s in body is required", index, field));
}

static void check_silence(const struct decoder *d, const struct silence_draft *s)
{
    require(d, s->has_comment, "comment");
    require(d, s->has_created_by, "createdBy");
    require(d, s->has_ends_at, "endsAt");
    require(d, s->has_matchers, "matchers");
    if (s->matcher_count == 0)
        fail_schema(d, 612, S("matchers in body should have at least 1 items"));
    for (size_t i = 0; i < s->matcher_count; i++) {
        require_of_matcher(d, s->matchers[i].has_is_regex, i, "isRegex");
        require_of_matcher(d, s->matchers[i].has_name, i, "name");
        require_of_matcher(d, s->matchers[i].has_value, i, "value");
    }
    require(d, s->has_starts_at, "startsAt");
}

static enum matcher_op op_of(const struct matcher_draft *m)
{
    if (m->is_regex)
        return m->is_equal ? MATCH_RE : MATCH_NRE;
    return m->is_equal ? MATCH_EQ : MATCH_NE;
}

static void fill_silence(struct arena *mem, const struct silence_draft *s,
                         struct silence_input *ret)
{
    struct silence_matcher *matchers =
        arena_array(mem, struct silence_matcher, s->matcher_count + 1);
    for (size_t i = 0; i < s->matcher_count; i++)
        matchers[i] = (struct silence_matcher){op_of(&s->matchers[i]), s->matchers[i].name,
                                               s->matchers[i].value};
    struct silence_matcher_set *set = arena_new(mem, struct silence_matcher_set);
    *set = (struct silence_matcher_set){matchers, s->matcher_count};

    size_t count = s->annotations ? label_sort_unique(s->annotations, s->annotation_count) : 0;
    struct silence_annotation *annotations = arena_array(mem, struct silence_annotation, count + 1);
    for (size_t i = 0; i < count; i++)
        annotations[i] =
            (struct silence_annotation){s->annotations[i].name, s->annotations[i].value};
    *ret = (struct silence_input){
        .id = s->id,
        .sets = set,
        .set_count = 1,
        .starts_at = s->starts_at.t,
        .ends_at = s->ends_at.t,
        .created_by = s->created_by,
        .comment = s->comment,
        .annotations = annotations,
        .annotation_count = count,
    };
}

bool api_decode_silence(str body, struct arena *mem, struct silence_input *ret,
                        struct api_problem *ret_problem)
{
    *ret_problem = (struct api_problem){0};
    struct decoder d = {.mem = mem, .problem = ret_problem, .body_name = "silence"};
    const json *v = parse_body(body, &d);
    struct silence_draft draft = {0};
    if (!v)
        return false;
    if (!json_is_object(v) && !json_is_null(v))
        fail_type(&d, v, NULL, "struct { ID string \"json:\\\"id,omitempty\\\"\" }");
    decode_silence(&d, v, &draft);
    check_silence(&d, &draft);
    if (has_problem(&d))
        return false;
    fill_silence(mem, &draft, ret);
    return true;
}
