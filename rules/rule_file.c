// SPDX-License-Identifier: Apache-2.0
#include "rules/rule_file.h"

#include <stdarg.h>

#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "base/text/unicode.h"
#include "rules/err_list.h"

// ---- what a file binds to ----------------------------------------------------------------------

struct unknown_keys {
    str text; // "a, b"
};

struct rule_raw {
    str record, alert, expr;
    struct yaml_str_map labels, annotations;
    dur_ns for_ns, keep_firing_for_ns;
    bool debug, has_debug;
    int64_t update_entries_limit;
    bool has_update_entries_limit;
    struct unknown_keys unknown;
};

struct group_raw {
    str name, type;
    dur_ns interval, eval_offset, eval_delay;
    bool has_eval_offset, has_eval_delay, has_eval_alignment, has_limit;
    bool eval_alignment;
    int64_t limit, concurrency;
    struct yaml_str_map labels;
    struct url_params params;
    struct str_list headers, notifier_headers;
    bool debug;
    struct yaml_list rules;
    struct unknown_keys unknown;
};

struct doc_raw {
    struct yaml_list groups;
    struct unknown_keys unknown;
};

// A duration of a rule file: seconds without a unit, or VictoriaMetrics' grammar.
static bool bind_duration(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    str text;
    struct err err = ERR_INIT;
    if (!yaml_to_str(node, &text))
        return yaml_problem_type(b, node, "string");
    if (!dur_parse_vm(text, to, &err))
        return yaml_fail(b, "%.*s", STR(err_str(&err)));
    return true;
}

static bool bind_params(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    struct url_params *params = to;
    if (node->kind == YAML_NULL)
        return true;
    if (node->kind != YAML_MAPPING)
        return yaml_problem_type(b, node, "map[string][]string");
    size_t count = 0;
    yaml_each (i, node)
        count += node->members[i].value->count;
    params->items = arena_array(b->mem, struct url_param, count + 1);
    yaml_each (i, node) {
        const struct yaml_member *m = &node->members[i];
        if (m->value->kind != YAML_SEQUENCE && m->value->kind != YAML_NULL)
            return yaml_problem_type(b, m->value, "[]string");
        yaml_each (j, m->value) {
            struct url_param *p = &params->items[params->count++];
            if (!yaml_to_str(m->key, &p->name) || !yaml_to_str(m->value->items[j], &p->value))
                return yaml_problem_type(b, m->value->items[j], "string");
        }
    }
    return true;
}

static const struct yaml_field RULE_FIELDS[] = {
    YAML_FIELD(struct rule_raw, record, "record", YAML_T_STR),
    YAML_FIELD(struct rule_raw, alert, "alert", YAML_T_STR),
    YAML_FIELD(struct rule_raw, expr, "expr", YAML_T_STR),
    YAML_FIELD(struct rule_raw, labels, "labels", YAML_T_STR_MAP),
    YAML_FIELD(struct rule_raw, annotations, "annotations", YAML_T_STR_MAP),
    YAML_FIELD(struct rule_raw, for_ns, "for", YAML_T_CUSTOM, .bind = bind_duration),
    YAML_FIELD(struct rule_raw, keep_firing_for_ns, "keep_firing_for", YAML_T_CUSTOM,
               .bind = bind_duration),
    YAML_FIELD(struct rule_raw, debug, "debug", YAML_T_BOOL, YAML_SEEN(struct rule_raw, has_debug)),
    YAML_FIELD(struct rule_raw, update_entries_limit, "update_entries_limit", YAML_T_INT,
               YAML_SEEN(struct rule_raw, has_update_entries_limit)),
    {0},
};

static const struct yaml_struct RULE_STRUCT = {
    .type_name = "config.Rule", .bytes = sizeof(struct rule_raw), .fields = RULE_FIELDS};

static void group_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct group_raw *g = to;
    g->eval_alignment = true;
}

static const struct yaml_field GROUP_FIELDS[] = {
    YAML_FIELD(struct group_raw, name, "name", YAML_T_STR),
    YAML_FIELD(struct group_raw, type, "type", YAML_T_STR),
    YAML_FIELD(struct group_raw, interval, "interval", YAML_T_CUSTOM, .bind = bind_duration),
    YAML_FIELD(struct group_raw, eval_offset, "eval_offset", YAML_T_CUSTOM, .bind = bind_duration,
               YAML_SEEN(struct group_raw, has_eval_offset)),
    YAML_FIELD(struct group_raw, eval_delay, "eval_delay", YAML_T_CUSTOM, .bind = bind_duration,
               YAML_SEEN(struct group_raw, has_eval_delay)),
    YAML_FIELD(struct group_raw, eval_alignment, "eval_alignment", YAML_T_BOOL,
               YAML_SEEN(struct group_raw, has_eval_alignment)),
    YAML_FIELD(struct group_raw, limit, "limit", YAML_T_INT,
               YAML_SEEN(struct group_raw, has_limit)),
    YAML_FIELD(struct group_raw, concurrency, "concurrency", YAML_T_INT),
    YAML_FIELD(struct group_raw, labels, "labels", YAML_T_STR_MAP),
    YAML_FIELD(struct group_raw, params, "params", YAML_T_CUSTOM, .bind = bind_params),
    YAML_FIELD(struct group_raw, headers, "headers", YAML_T_STRS),
    YAML_FIELD(struct group_raw, notifier_headers, "notifier_headers", YAML_T_STRS),
    YAML_FIELD(struct group_raw, debug, "debug", YAML_T_BOOL),
    YAML_FIELD(struct group_raw, rules, "rules", YAML_T_LIST, .sub = &RULE_STRUCT),
    {0},
};

static const struct yaml_struct GROUP_STRUCT = {.type_name = "config.Group",
                                                .bytes = sizeof(struct group_raw),
                                                .fields = GROUP_FIELDS,
                                                .set_defaults = group_defaults};

static const struct yaml_field DOC_FIELDS[] = {
    YAML_FIELD(struct doc_raw, groups, "groups", YAML_T_LIST, .sub = &GROUP_STRUCT),
    {0},
};

static const struct yaml_struct DOC_STRUCT = {
    .type_name = "config.Groups", .bytes = sizeof(struct doc_raw), .fields = DOC_FIELDS};

// Keys that upstream's own dumps contain are no error: `file`, `checksum`, and a numeric `id`.
static void on_unknown(struct yaml_binder *b, const struct yaml_struct *type,
                       const struct yaml_node *key, void *to)
{
    struct unknown_keys *unknown;
    if (type == &RULE_STRUCT) {
        if (str_eq(key->text, S("id")))
            return;
        unknown = &((struct rule_raw *)to)->unknown;
    } else if (type == &GROUP_STRUCT) {
        if (str_eq(key->text, S("file")) || str_eq(key->text, S("checksum")))
            return;
        unknown = &((struct group_raw *)to)->unknown;
    } else {
        unknown = &((struct doc_raw *)to)->unknown;
    }
    unknown->text = arena_printf(b->mem, "%.*s%s%.*s", STR(unknown->text),
                                 unknown->text.n ? ", " : "", STR(key->text));
}

// ---- identities --------------------------------------------------------------------------------

static uint64_t hash_labels(uint64_t h, const struct yaml_str_map *labels)
{
    for (size_t i = 0; i < labels->count; i++) {
        h = fnv1a64(h, labels->items[i].key);
        h = fnv1a64(h, labels->items[i].value);
        h = fnv1a64_byte(h, 0xff);
    }
    return h;
}

uint64_t rule_id(bool is_recording, str name, str expr, const struct yaml_str_map *labels)
{
    uint64_t h = fnv1a64(FNV1A64_INIT, expr);
    h = fnv1a64(h, is_recording ? S("recording") : S("alerting"));
    h = fnv1a64(h, name);
    return hash_labels(h, labels);
}

uint64_t group_id(str file, str name, enum rule_type type, dur_ns interval,
                  const dur_ns *eval_offset)
{
    char text[64];
    struct buf b = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
    uint64_t h = fnv1a64(FNV1A64_INIT, file);
    h = fnv1a64_byte(h, 0xff);
    h = fnv1a64(h, name);
    h = fnv1a64(h, rule_type_str(type));
    buf_put_dur_go(&b, interval);
    h = fnv1a64(h, buf_str(&b));
    if (eval_offset) {
        buf_clear(&b);
        buf_put_dur_go(&b, *eval_offset);
        h = fnv1a64(h, buf_str(&b));
    }
    return h;
}

void buf_put_rule(struct buf *b, const struct rule_conf *r)
{
    buf_printf(b, "%s rule ", r->is_recording ? "recording" : "alerting");
    buf_put_quoted(b, r->name);
    buf_put(b, S("; expr: "));
    buf_put_quoted(b, r->expr);
    for (size_t i = 0; i < r->labels.count; i++)
        buf_printf(b, "%s%.*s=%.*s", i ? ", " : "; labels: ", STR(r->labels.items[i].key),
                   STR(r->labels.items[i].value));
}

// Anything that changes what a group does changes this; names and texts are length-prefixed.
static void sum_str(struct xxh64 *x, str s)
{
    uint64_t n = s.n;
    xxh64_update(x, str_from(&n, sizeof(n)));
    xxh64_update(x, s);
}

static void sum_i64(struct xxh64 *x, int64_t i)
{
    xxh64_update(x, str_from(&i, sizeof(i)));
}

static void sum_map(struct xxh64 *x, const struct yaml_str_map *m)
{
    sum_i64(x, (int64_t)m->count);
    for (size_t i = 0; i < m->count; i++) {
        sum_str(x, m->items[i].key);
        sum_str(x, m->items[i].value);
    }
}

static void sum_headers(struct xxh64 *x, const struct http_header *headers, size_t count)
{
    sum_i64(x, (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        sum_str(x, headers[i].name);
        sum_str(x, headers[i].value);
    }
}

static uint64_t group_checksum(const struct group_conf *g)
{
    struct xxh64 x;
    xxh64_init(&x);
    sum_str(&x, g->name);
    const int64_t numbers[] = {g->type,           g->interval,   g->has_eval_offset, g->eval_offset,
                               g->has_eval_delay, g->eval_delay, g->eval_alignment,  g->limit,
                               g->concurrency,    g->debug};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        sum_i64(&x, numbers[i]);
    sum_map(&x, &g->labels);
    for (size_t i = 0; i < g->params.count; i++) {
        sum_str(&x, g->params.items[i].name);
        sum_str(&x, g->params.items[i].value);
    }
    sum_headers(&x, g->headers, g->header_count);
    sum_headers(&x, g->notifier_headers, g->notifier_header_count);
    for (size_t i = 0; i < g->rule_count; i++) {
        const struct rule_conf *r = &g->rules[i];
        sum_i64(&x, r->is_recording);
        sum_str(&x, r->name);
        sum_str(&x, r->expr);
        sum_map(&x, &r->labels);
        sum_map(&x, &r->annotations);
        sum_i64(&x, r->for_ns);
        sum_i64(&x, r->keep_firing_for_ns);
        sum_i64(&x, r->debug);
        sum_i64(&x, r->has_update_entries_limit ? r->update_entries_limit : INT64_MIN);
    }
    return xxh64_digest(&x);
}

// ---- checks ------------------------------------------------------------------------------------

struct reader {
    struct rule_files *out;
    const struct rule_file_options *opt;
    struct err_list problems;
};

static void report(struct reader *r, const char *fmt, ...) PRINTF(2, 3);
static void report(struct reader *r, const char *fmt, ...)
{
    char text[ERR_TEXT_BYTES];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    err_list_add(&r->problems, str_from(text, (size_t)CLAMP(n, 0, (int)sizeof(text) - 1)));
}

static bool check_templates(struct reader *r, const struct yaml_str_map *texts, struct err *err)
{
    struct err_list problems = {0};
    for (size_t i = 0; i < texts->count; i++) {
        struct err e = ERR_INIT;
        if (r->opt->check_template(r->opt->owner, texts->items[i].value, &e))
            continue;
        defer(buf_done) struct buf line = {.max = ERR_TEXT_BYTES};
        buf_put(&line, S("(key: "));
        buf_put_quoted(&line, texts->items[i].key);
        buf_put(&line, S(", value: "));
        buf_put_quoted(&line, texts->items[i].value);
        buf_printf(&line, "): error parsing template: %.*s", STR(err_str(&e)));
        err_list_add(&problems, buf_str(&line));
    }
    return err_list_end(&problems, ERR_SYNTAX, err);
}

static bool has_name_label(const struct yaml_str_map *labels)
{
    for (size_t i = 0; i < labels->count; i++) {
        if (str_eq(labels->items[i].key, S("__name__")))
            return true;
    }
    return false;
}

static bool check_rule_text(const struct rule_conf *c, const struct rule_raw *raw, struct err *err)
{
    if ((raw->record.n == 0) == (raw->alert.n == 0))
        return err_set(err, ERR_INVALID, "either `record` or `alert` must be set");
    if (c->expr.n == 0)
        return err_set(err, ERR_INVALID, "expression can't be empty");
    if (has_name_label(&c->labels))
        return err_set(err, ERR_INVALID, "invalid rule label __name__");
    if (raw->unknown.text.n)
        return err_set(err, ERR_INVALID, "unknown fields in rule: %.*s", STR(raw->unknown.text));
    return true;
}

static bool check_rule(struct reader *r, const struct group_conf *g, size_t i,
                       const struct rule_raw *raw, struct err *err)
{
    const struct rule_conf *c = &g->rules[i];
    for (size_t j = 0; j < i; j++) {
        if (g->rules[j].id != c->id)
            continue;
        struct buf text = {.max = ERR_TEXT_BYTES}, quoted = {.max = ERR_TEXT_BYTES};
        buf_put_rule(&text, c);
        buf_put_quoted(&quoted, buf_str(&text));
        err_set(err, ERR_INVALID, "%.*s is a duplicate in group", STR(buf_str(&quoted)));
        buf_done(&text);
        buf_done(&quoted);
        return false;
    }
    if (!check_rule_text(c, raw, err))
        return err_wrap(err, "invalid rule \"%.*s\"", STR(c->name));
    if (r->opt->check_expr && !r->opt->check_expr(r->opt->owner, g->type, c->expr, err))
        return err_wrap(err, "invalid expression for rule \"%.*s\"", STR(c->name));
    if (r->opt->check_template && !c->is_recording && !check_templates(r, &c->annotations, err))
        return err_wrap(err, "invalid annotations for rule \"%.*s\"", STR(c->name));
    if (r->opt->check_template && !check_templates(r, &c->labels, err))
        return err_wrap(err, "invalid labels for rule \"%.*s\"", STR(c->name));
    return true;
}

static bool check_group(struct reader *r, const struct group_conf *g, const struct group_raw *raw,
                        struct err *err)
{
    if (g->name.n == 0)
        return err_set(err, ERR_INVALID, "group name must be set");
    if (raw->interval < 0)
        return err_set(err, ERR_INVALID, "interval shouldn't be lower than 0");
    dur_ns offset = raw->eval_offset < 0 ? -raw->eval_offset : raw->eval_offset;
    if (raw->has_eval_offset && offset > raw->interval) {
        struct buf text = {0};
        buf_put(&text, S("eval_offset: "));
        buf_put_dur_go(&text, raw->eval_offset);
        buf_put(&text, S(", interval: "));
        buf_put_dur_go(&text, raw->interval);
        err_set(err, ERR_INVALID,
                "the abs value of eval_offset should be smaller than interval; now %.*s",
                STR(buf_str(&text)));
        buf_done(&text);
        return false;
    }
    if (raw->has_eval_offset && raw->has_eval_delay)
        return err_set(err, ERR_INVALID, "eval_offset cannot be used with eval_delay");
    if (raw->limit < 0)
        return err_set(err, ERR_INVALID, "invalid limit %lld, shouldn't be less than 0",
                       (long long)raw->limit);
    if (raw->concurrency < 0)
        return err_set(err, ERR_INVALID, "invalid concurrency %lld, shouldn't be less than 0",
                       (long long)raw->concurrency);
    const struct rule_raw *rules = raw->rules.items;
    for (size_t i = 0; i < g->rule_count; i++) {
        if (!check_rule(r, g, i, &rules[i], err))
            return false;
    }
    if (raw->unknown.text.n)
        return err_set(err, ERR_INVALID, "unknown fields in group \"%.*s\": %.*s", STR(g->name),
                       STR(raw->unknown.text));
    return true;
}

// ---- from bound to usable ----------------------------------------------------------------------

static bool take_headers(struct arena *mem, const struct str_list *list, struct http_header **ret,
                         size_t *ret_count, struct err *err)
{
    *ret = arena_array(mem, struct http_header, list->count + 1);
    *ret_count = list->count;
    for (size_t i = 0; i < list->count; i++) {
        str name, value;
        if (list->items[i].n && !str_cut(list->items[i], ':', &name, &value))
            return err_set(err, ERR_SYNTAX,
                           "missing ':' in header \"%.*s\"; expecting \"key: value\" format",
                           STR(list->items[i]));
        if (list->items[i].n)
            (*ret)[i] = (struct http_header){str_trim(name), str_trim(value)};
    }
    return true;
}

static void take_rule(const struct rule_raw *raw, bool group_debug, struct rule_conf *ret)
{
    *ret = (struct rule_conf){
        .is_recording = raw->record.n > 0,
        .name = raw->record.n ? raw->record : raw->alert,
        .expr = raw->expr,
        .labels = raw->labels,
        .annotations = raw->annotations,
        .for_ns = raw->for_ns,
        .keep_firing_for_ns = raw->keep_firing_for_ns,
        .debug = raw->has_debug ? raw->debug : group_debug,
        .has_update_entries_limit = raw->has_update_entries_limit,
        .update_entries_limit = raw->update_entries_limit,
    };
    ret->id = rule_id(ret->is_recording, ret->name, ret->expr, &ret->labels);
}

static bool take_group(struct reader *r, str file, const struct group_raw *raw,
                       struct group_conf *ret, struct err *err)
{
    struct arena *mem = &r->out->mem;
    const struct rule_file_options *opt = r->opt;
    *ret = (struct group_conf){
        .file = file,
        .name = raw->name,
        .type = opt->default_type,
        .interval = raw->interval ? raw->interval : opt->default_interval,
        .has_eval_offset = raw->has_eval_offset,
        .eval_offset = raw->eval_offset,
        .has_eval_delay = raw->has_eval_delay,
        .eval_delay = raw->eval_delay,
        .has_eval_alignment = raw->has_eval_alignment,
        .eval_alignment = raw->eval_alignment,
        .has_limit = raw->has_limit,
        .limit = raw->has_limit ? raw->limit : opt->default_limit,
        .concurrency = (uint32_t)CLAMP(raw->concurrency, 1, 10000),
        .labels = raw->labels,
        .params = raw->params,
        .debug = raw->debug,
    };
    if (raw->type.n && !rule_type_parse(raw->type, &ret->type))
        return err_set(err, ERR_INVALID,
                       "unknown datasource type=\"%.*s\", want prometheus, graphite or vlogs",
                       STR(raw->type));
    if (!take_headers(mem, &raw->headers, &ret->headers, &ret->header_count, err) ||
        !take_headers(mem, &raw->notifier_headers, &ret->notifier_headers,
                      &ret->notifier_header_count, err))
        return false;
    struct rule_conf *rules = arena_array(mem, struct rule_conf, raw->rules.count + 1);
    const struct rule_raw *raw_rules = raw->rules.items;
    for (size_t i = 0; i < raw->rules.count; i++)
        take_rule(&raw_rules[i], raw->debug, &rules[i]);
    ret->rules = rules;
    ret->rule_count = raw->rules.count;
    ret->id = group_id(file, ret->name, ret->type, ret->interval,
                       ret->has_eval_offset ? &ret->eval_offset : NULL);
    ret->checksum = group_checksum(ret);
    return true;
}

// ---- files -------------------------------------------------------------------------------------

struct file_docs {
    struct doc_raw *docs;
    size_t count;
};

static bool bind_file(struct reader *r, const struct rule_file_text *file, struct file_docs *ret,
                      struct err *err)
{
    struct arena *mem = &r->out->mem;
    struct yaml_node **nodes;
    if (file->text.n > RULE_FILE_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "larger than %zu bytes", RULE_FILE_BYTES_MAX);
    // The tree points into the text it was read from, which the caller takes back.
    str text = arena_str(mem, file->text);
    if (!yaml_parse_all(text, &(struct yaml_options){.duplicates_are_fine = true}, mem, &nodes,
                        &ret->count, err))
        return false;
    ret->docs = arena_array(mem, struct doc_raw, ret->count + 1);
    for (size_t i = 0; i < ret->count; i++) {
        struct yaml_binder binder = {
            .mem = mem, .unknown_keys_are_fine = true, .on_unknown = on_unknown};
        if (!yaml_bind(&binder, nodes[i], &DOC_STRUCT, &ret->docs[i], err))
            return false;
        if (ret->docs[i].unknown.text.n)
            return err_set(err, ERR_INVALID, "unknown fields in config: %.*s",
                           STR(ret->docs[i].unknown.text));
    }
    return true;
}

static bool is_duplicate_name(const struct group_conf *groups, size_t from, size_t to, str name)
{
    for (size_t i = from; i < to; i++) {
        if (str_eq(groups[i].name, name))
            return true;
    }
    return false;
}

static void read_file(struct reader *r, const struct rule_file_text *file)
{
    struct rule_files *out = r->out;
    struct file_docs docs = {0};
    struct err err = ERR_INIT;
    if (!bind_file(r, file, &docs, &err)) {
        report(r, "failed to parse file \"%.*s\": %.*s", STR(file->name), STR(err_str(&err)));
        return;
    }
    str name = arena_str(&out->mem, file->name);
    size_t first = out->group_count;
    size_t added = 0;
    for (size_t d = 0; d < docs.count; d++)
        added += docs.docs[d].groups.count;
    struct group_conf *groups = arena_array(&out->mem, struct group_conf, first + added + 1);
    if (first)
        memcpy(groups, out->groups, first * sizeof(*groups));
    out->groups = groups;

    for (size_t d = 0; d < docs.count; d++) {
        const struct group_raw *raw = docs.docs[d].groups.items;
        for (size_t i = 0; i < docs.docs[d].groups.count; i++, raw++) {
            struct group_conf *g = &groups[out->group_count];
            if (!take_group(r, name, raw, g, &err)) {
                report(r, "failed to parse file \"%.*s\": %.*s", STR(name), STR(err_str(&err)));
                return;
            }
            if (!check_group(r, g, raw, &err))
                report(r, "invalid group \"%.*s\" in file \"%.*s\": %.*s", STR(g->name), STR(name),
                       STR(err_str(&err)));
            else if (is_duplicate_name(groups, first, out->group_count, g->name))
                report(r, "group name \"%.*s\" duplicate in file \"%.*s\"", STR(g->name),
                       STR(name));
            out->group_count++;
        }
    }
}

static int compare_files(const void *a, const void *b)
{
    return str_cmp((*(const struct rule_file_text *const *)a)->name,
                   (*(const struct rule_file_text *const *)b)->name);
}

struct rule_files *rule_files_parse(const struct rule_file_text *files, size_t count,
                                    const struct rule_file_options *opt, struct err *err)
{
    struct rule_files *out = mem_new(struct rule_files);
    out->refs = 1;
    struct reader r = {.out = out, .opt = opt};
    const struct rule_file_text **order = mem_array(const struct rule_file_text *, count + 1);
    for (size_t i = 0; i < count; i++)
        order[i] = &files[i];
    qsort(order, count, sizeof(*order), compare_files);
    for (size_t i = 0; i < count; i++)
        read_file(&r, order[i]);
    mem_free(order);

    if (err_list_end(&r.problems, ERR_INVALID, err))
        return out;
    rule_files_unref(out);
    return NULL;
}

struct rule_files *rule_files_ref(struct rule_files *f)
{
    f->refs++;
    return f;
}

void rule_files_unref(struct rule_files *f)
{
    if (!f || --f->refs)
        return;
    arena_done(&f->mem);
    mem_free(f);
}

static const char *const TYPE_NAMES[] = {
    [RULE_PROMETHEUS] = "prometheus", [RULE_GRAPHITE] = "graphite", [RULE_VLOGS] = "vlogs"};

str rule_type_str(enum rule_type type)
{
    return str_c(TYPE_NAMES[type]);
}

bool rule_type_parse(str name, enum rule_type *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(TYPE_NAMES); i++) {
        if (!str_eq(name, str_c(TYPE_NAMES[i])))
            continue;
        *ret = (enum rule_type)i;
        return true;
    }
    return false;
}
