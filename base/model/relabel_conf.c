// SPDX-License-Identifier: Apache-2.0
// Relabeling rules as files write them.
#include "base/model/relabel.h"
#include "base/model/selector.h"
#include "base/text/gofmt.h"
#include "base/text/yaml_print.h"

// ---- texts that may be absent ------------------------------------------------------------------

static bool bind_text(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    struct relabel_text *t = to;
    if (!yaml_to_str(node, &t->text))
        return yaml_problem_type(b, node, "string");
    t->is_given = true;
    return true;
}

static void print_text(struct yaml_printer *p, const void *from)
{
    yaml_put_str(p, ((const struct relabel_text *)from)->text);
}

static bool text_is_absent(const void *from)
{
    return !((const struct relabel_text *)from)->is_given;
}

// A label alone is a list of one.
static bool bind_sources(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    struct str_list *list = to;
    bool is_list = node->kind == YAML_SEQUENCE;
    size_t count = is_list ? node->count : 1;
    *list = (struct str_list){.items = arena_array(b->mem, str, count)};
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *item = is_list ? node->items[i] : node;
        if (yaml_to_str(item, &list->items[list->count]))
            list->count++;
        else
            yaml_problem_type(b, item, is_list ? "string" : "[]string");
    }
    return true;
}

static void print_sources(struct yaml_printer *p, const void *from)
{
    const struct str_list *list = from;
    yaml_put_strs(p, list);
}

static bool sources_are_absent(const void *from)
{
    return ((const struct str_list *)from)->count == 0;
}

// ---- regex -------------------------------------------------------------------------------------

static bool refuse_regex(struct yaml_binder *b, const char *go_type)
{
    return yaml_fail(b, "unexpected type for `regex`: %s; want string or []string", go_type);
}

static bool put_regex(struct yaml_binder *b, const struct yaml_node *node, struct buf *out);

static bool put_regex_list(struct yaml_binder *b, const struct yaml_node *node, struct buf *out)
{
    yaml_each (i, node) {
        if (i)
            buf_put_c(out, '|');
        if (!put_regex(b, node->items[i], out))
            return false;
    }
    return true;
}

// What Go's value of the node is printed as: 0x10 is 16, 1e3 is 1000, null is null.
static bool put_regex(struct yaml_binder *b, const struct yaml_node *node, struct buf *out)
{
    bool yes;
    int64_t i;
    double x;
    if (node->kind == YAML_SEQUENCE)
        return put_regex_list(b, node, out);
    if (node->kind == YAML_MAPPING)
        return refuse_regex(b, "map[interface {}]interface {}");
    str tag = yaml_short_tag(node);
    if (node->kind == YAML_NULL)
        buf_put(out, S("null"));
    else if (str_eq(tag, S("!!bool")) && yaml_to_bool(node, &yes))
        buf_put(out, yes ? S("true") : S("false"));
    else if (str_eq(tag, S("!!int")) && yaml_to_i64(node, &i))
        buf_put_i64(out, i);
    else if (str_eq(tag, S("!!int")))
        return refuse_regex(b, "uint64");
    else if (str_eq(tag, S("!!float")) && yaml_to_f64(node, &x))
        buf_put_f64(out, x, 'f', -1);
    else
        buf_put(out, node->text);
    return true;
}

bool relabel_bind_regex(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    defer(buf_done) struct buf text = {.max = REGEX_PATTERN_BYTES_MAX};
    if (!put_regex(b, node, &text))
        return false;
    if (text.is_full)
        return yaml_fail(b, "a `regex` may have %zu bytes at most", REGEX_PATTERN_BYTES_MAX);
    *(struct relabel_text *)to = (struct relabel_text){true, arena_str(b->mem, buf_str(&text))};
    return true;
}

// Alternatives in lines, unless a | may stand inside of something.
void relabel_print_regex(struct yaml_printer *p, const void *from)
{
    str rest = ((const struct relabel_text *)from)->text, one;
    bool is_one = str_find(rest, '|') == STR_NONE || str_find(rest, '(') != STR_NONE ||
                  str_find(rest, '[') != STR_NONE;
    if (is_one) {
        yaml_put_str(p, rest);
        return;
    }
    size_t count = 1;
    for (size_t i = 0; i < rest.n; i++)
        count += rest.p[i] == '|';
    yaml_put_seq_begin(p, count);
    for (bool more = true; more;) {
        more = str_cut(rest, '|', &one, &rest);
        yaml_put_str(p, one);
    }
    yaml_put_seq_end(p);
}

// ---- if ----------------------------------------------------------------------------------------

// The selector is checked here, so that its error is the file's, and compiled with the rule.
static bool add_selector(struct yaml_binder *b, str text, const char *what, struct relabel_if *to)
{
    struct arena mem = {0};
    struct selector selector;
    struct err err = ERR_INIT;
    bool ok = selector_parse(text, &mem, &selector, &err);
    if (ok)
        to->texts.items[to->texts.count++] = text;
    else
        yaml_fail(b, "unexpected `match` %s: %.*s", what, STR(err_str(&err)));
    selector_done(&selector);
    arena_done(&mem);
    return ok;
}

static bool is_text(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR && str_eq(yaml_short_tag(node), S("!!str"));
}

bool relabel_bind_if(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    struct relabel_if *when = to;
    bool is_list = node->kind == YAML_SEQUENCE;
    *when = (struct relabel_if){.is_given = true};
    when->texts.items = arena_array(b->mem, str, is_list ? node->count : 1);
    if (is_text(node))
        return add_selector(b, node->text, "option", when);
    if (!is_list)
        return yaml_fail(b, "unexpected `match` type; got %.*s; want string or an array of strings",
                         STR(node->kind == YAML_MAPPING ? S("a map") : node->text));
    yaml_each (i, node) {
        const struct yaml_node *item = node->items[i];
        if (!is_text(item))
            return yaml_fail(b, "unexpected `match` item type; got %.*s; want string",
                             STR(item->kind == YAML_SCALAR ? item->text : yaml_short_tag(item)));
        if (!add_selector(b, item->text, "item", when))
            return false;
    }
    return true;
}

void relabel_print_if(struct yaml_printer *p, const void *from)
{
    const struct relabel_if *when = from;
    if (when->texts.count == 1)
        yaml_put_str(p, when->texts.items[0]);
    else
        yaml_put_strs(p, &when->texts);
}

static bool if_is_absent(const void *from)
{
    return !((const struct relabel_if *)from)->is_given;
}

// ---- the table ---------------------------------------------------------------------------------

#define OMIT .is_omitted_when_empty = true

static const struct yaml_field FIELDS[] = {
    YAML_FIELD(struct relabel_conf, when, "if", YAML_T_CUSTOM, .bind = relabel_bind_if,
               .print = relabel_print_if, .is_empty = if_is_absent, OMIT),
    YAML_FIELD(struct relabel_conf, action, "action", YAML_T_STR, OMIT),
    YAML_FIELD(struct relabel_conf, source_labels, "source_labels", YAML_T_CUSTOM,
               .bind = bind_sources, .print = print_sources, .is_empty = sources_are_absent,
               .is_flow = true, OMIT),
    YAML_FIELD(struct relabel_conf, separator, "separator", YAML_T_CUSTOM, .bind = bind_text,
               .print = print_text, .is_empty = text_is_absent, OMIT),
    YAML_FIELD(struct relabel_conf, target_label, "target_label", YAML_T_STR, OMIT),
    YAML_FIELD(struct relabel_conf, regex, "regex", YAML_T_CUSTOM, .bind = relabel_bind_regex,
               .print = relabel_print_regex, .is_empty = text_is_absent, OMIT),
    YAML_FIELD(struct relabel_conf, modulus, "modulus", YAML_T_UINT, OMIT),
    YAML_FIELD(struct relabel_conf, replacement, "replacement", YAML_T_CUSTOM, .bind = bind_text,
               .print = print_text, .is_empty = text_is_absent, OMIT),
    YAML_FIELD(struct relabel_conf, match, "match", YAML_T_STR, OMIT),
    YAML_FIELD(struct relabel_conf, labels, "labels", YAML_T_STR_MAP, OMIT),
    {0},
};

const struct yaml_struct RELABEL_CONF_YAML = {.type_name = "promrelabel.RelabelConfig",
                                              .bytes = sizeof(struct relabel_conf),
                                              .fields = FIELDS};

// ---- a text of rules ---------------------------------------------------------------------------

struct rules_document { // the list under a key, which the text itself does not have
    struct yaml_list rules;
};

static const struct yaml_field DOCUMENT_FIELDS[] = {
    YAML_FIELD(struct rules_document, rules, "rules", YAML_T_LIST, .sub = &RELABEL_CONF_YAML),
    {0},
};
static const struct yaml_struct DOCUMENT_YAML = {.type_name = "[]promrelabel.RelabelConfig",
                                                 .bytes = sizeof(struct rules_document),
                                                 .fields = DOCUMENT_FIELDS};

bool relabel_confs_parse(str text, struct arena *mem, struct yaml_list *ret, struct err *err)
{
    struct yaml_node *root;
    if (!yaml_parse(text, &(struct yaml_options){0}, mem, &root, err))
        return false;
    struct yaml_node key = {.kind = YAML_SCALAR, .text = S("rules"), .is_plain = true};
    struct yaml_member member = {.key = &key, .value = root};
    const struct yaml_node document = {.kind = YAML_MAPPING, .members = &member, .count = 1};
    struct rules_document d = {0};
    struct yaml_binder binder = {.mem = mem};
    if (!yaml_bind(&binder, &document, &DOCUMENT_YAML, &d, err))
        return false;
    *ret = d.rules;
    return true;
}

void relabel_confs_print(struct buf *out, const struct yaml_list *confs)
{
    struct yaml_printer printer;
    yaml_printer_init(&printer, out);
    yaml_put_seq_begin(&printer, confs->count);
    for (size_t i = 0; i < confs->count; i++)
        yaml_put_struct(&printer, &RELABEL_CONF_YAML, YAML_LIST_AT(confs, struct relabel_conf, i));
    yaml_put_seq_end(&printer);
    yaml_printer_done(&printer);
}
