// SPDX-License-Identifier: Apache-2.0
#include "base/text/yaml.h"

#include <yaml.h>

#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "base/core/map.h"
#include "base/text/encode.h"

// Keys and anchors come from the operator's own files: a fixed seed keeps parsing deterministic.
#define TABLE_SEED         0x9e3779b97f4a7c15ULL
#define LINEAR_SEARCH_KEYS 16 // mappings up to this size find repeated keys without a table
#define PENDING_CAP_FIRST  64
#define TAG_PREFIX         "tag:yaml.org,2002:"

// An anchor of the current document. It becomes usable when its node is complete.
struct anchor {
    str name;
    struct yaml_node *node; // NULL: still being built, an alias to it would contain itself
    size_t weight;          // nodes below and including it, aliases expanded
    size_t height;          // levels below and including it
};

// A container that has been opened but not closed.
struct frame {
    struct yaml_node *node;
    struct anchor *anchor;
    size_t first_pending; // its children so far: pending[first_pending …)
    size_t weight, height;
};

struct builder {
    yaml_parser_t parser;
    const struct yaml_options *opt;
    struct arena *mem;
    struct err *err;
    struct map anchors; // of the current document, by name
    struct yaml_node **pending;
    size_t pending_count, pending_cap;
    struct frame frames[YAML_DEPTH_MAX];
    size_t depth;
    size_t spent; // nodes of all documents, aliases and merges expanded
    // The first scalar whose text contradicts its tag: an error of the document, but only if its
    // syntax holds to the end.
    struct err tag_error;
};

static void builder_done(struct builder *b)
{
    yaml_parser_delete(&b->parser);
    map_done(&b->anchors);
    mem_free(b->pending);
}

static void event_done(yaml_event_t *event)
{
    yaml_event_delete(event);
}

// ---- errors --------------------------------------------------------------------------------

// Go's port reports the 0-based line of the problem, counts the scanner's up by one, and leaves
// line 0 out.
static bool parser_failed(struct builder *b)
{
    const yaml_parser_t *p = &b->parser;
    size_t line = 0;
    if (p->problem_mark.line != 0)
        line = p->problem_mark.line + (p->error == YAML_SCANNER_ERROR);
    else
        line = p->context_mark.line;
    const char *problem =
        p->problem && *p->problem ? p->problem : "unknown problem parsing YAML content";
    if (line)
        return err_set(b->err, ERR_SYNTAX, "yaml: line %zu: %s", line, problem);
    return err_set(b->err, ERR_SYNTAX, "yaml: %s", problem);
}

static bool next_event(struct builder *b, yaml_event_t *ret)
{
    if (yaml_parser_parse(&b->parser, ret))
        return true;
    *ret = (yaml_event_t){0};
    return parser_failed(b);
}

static bool spend(struct builder *b, size_t nodes, size_t line)
{
    b->spent += nodes;
    if (b->spent <= YAML_NODES_MAX)
        return true;
    return err_set(b->err, ERR_LIMIT, "yaml: line %zu: document has more than %d values", line,
                   YAML_NODES_MAX);
}

static bool too_deep(struct builder *b, size_t line)
{
    return err_set(b->err, ERR_LIMIT, "yaml: line %zu: exceeded max depth of %d", line,
                   YAML_DEPTH_MAX);
}

// ---- anchors -------------------------------------------------------------------------------

static bool anchor_has_name(const void *item, const void *key)
{
    const struct anchor *a = item;
    return str_eq(a->name, *(const str *)key);
}

static struct anchor *anchor_find(struct builder *b, str name)
{
    return map_find(&b->anchors, hash_seeded(TABLE_SEED, name), anchor_has_name, &name);
}

// The anchor of that name, made or taken over from an earlier node; NULL without a name.
static struct anchor *anchor_declare(struct builder *b, const yaml_char_t *text)
{
    if (!text)
        return NULL;
    str name = str_c((const char *)text);
    struct anchor *a = anchor_find(b, name);
    if (!a) {
        a = arena_new(b->mem, struct anchor);
        a->name = arena_str(b->mem, name);
        map_insert(&b->anchors, hash_seeded(TABLE_SEED, name), a);
    }
    a->node = NULL;
    return a;
}

// ---- the tree ------------------------------------------------------------------------------

static void pending_push(struct builder *b, struct yaml_node *node)
{
    if (b->pending_count == b->pending_cap) {
        b->pending_cap *= 2;
        b->pending = mem_resize(b->pending, b->pending_cap, sizeof(struct yaml_node *));
    }
    b->pending[b->pending_count++] = node;
}

// A complete node becomes a child of the innermost open container, or the document's root.
static void node_completed(struct builder *b, struct yaml_node *node, size_t weight, size_t height)
{
    pending_push(b, node);
    if (b->depth == 0)
        return;
    struct frame *parent = &b->frames[b->depth - 1];
    parent->weight += weight;
    parent->height = MAX(parent->height, height + 1);
}

static str short_tag(struct builder *b, const yaml_char_t *text)
{
    if (!text)
        return S("");
    str tag = str_c((const char *)text);
    if (str_starts(tag, S(TAG_PREFIX)))
        return arena_printf(b->mem, "!!%s", tag.p + strlen(TAG_PREFIX));
    return arena_str(b->mem, tag);
}

static struct yaml_node *node_new(struct builder *b, enum yaml_kind kind, const yaml_event_t *event)
{
    struct yaml_node *node = arena_new(b->mem, struct yaml_node);
    node->kind = kind;
    node->line = (uint32_t)event->start_mark.line + 1;
    node->column = (uint32_t)event->start_mark.column + 1;
    return node;
}

static void tag_error(struct builder *b, str found, const struct yaml_node *node)
{
    if (b->tag_error.code != ERR_NONE)
        return;
    if (found.n)
        err_set(&b->tag_error, ERR_SYNTAX, "yaml: cannot decode %.*s `%.*s` as a %.*s", STR(found),
                STR(node->text), STR(node->tag));
    else
        err_set(&b->tag_error, ERR_SYNTAX, "yaml: !!binary value contains invalid base64 data");
}

static void decode_binary(struct builder *b, struct yaml_node *node)
{
    defer(buf_done) struct buf text = {0}, bytes = {0};
    for (size_t i = 0; i < node->text.n; i++)
        if (node->text.p[i] != '\n' && node->text.p[i] != '\r')
            buf_put_c(&text, node->text.p[i]);
    if (base64_decode(buf_str(&text), &bytes))
        node->text = arena_str(b->mem, buf_str(&bytes));
    else
        tag_error(b, S(""), node);
}

static bool is_null_text(str s)
{
    return s.n == 0 || str_eq(s, S("~")) || str_eq(s, S("null")) || str_eq(s, S("Null")) ||
           str_eq(s, S("NULL"));
}

static bool add_scalar(struct builder *b, const yaml_event_t *event)
{
    struct yaml_node *node = node_new(b, YAML_SCALAR, event);
    node->text = arena_str(b->mem, str_from(event->data.scalar.value, event->data.scalar.length));
    node->tag = short_tag(b, event->data.scalar.tag);
    node->is_plain = event->data.scalar.plain_implicit;
    if (is_null_text(node->text) &&
        (str_eq(node->tag, S("!!null")) || (node->tag.n == 0 && node->is_plain)))
        node->kind = YAML_NULL;
    if (str_eq(node->tag, S("!!binary")))
        decode_binary(b, node);

    str found = yaml_short_tag(node); // an explicit tag must agree with the text
    bool is_typed = str_eq(node->tag, S("!!int")) || str_eq(node->tag, S("!!float")) ||
                    str_eq(node->tag, S("!!bool")) || str_eq(node->tag, S("!!null")) ||
                    str_eq(node->tag, S("!!timestamp"));
    if (is_typed && !str_eq(found, node->tag))
        tag_error(b, found, node);

    struct anchor *anchor = anchor_declare(b, event->data.scalar.anchor);
    if (anchor) {
        anchor->node = node;
        anchor->weight = anchor->height = 1;
    }
    node_completed(b, node, 1, 1);
    return spend(b, 1, node->line);
}

static bool add_alias(struct builder *b, const yaml_event_t *event)
{
    str name = str_c((const char *)event->data.alias.anchor);
    const struct anchor *a = anchor_find(b, name);
    if (!a)
        return err_set(b->err, ERR_SYNTAX, "yaml: unknown anchor '%.*s' referenced", STR(name));
    if (!a->node)
        return err_set(b->err, ERR_SYNTAX, "yaml: anchor '%.*s' value contains itself", STR(name));
    size_t line = event->start_mark.line + 1;
    if (b->depth + a->height > YAML_DEPTH_MAX)
        return too_deep(b, line);
    node_completed(b, a->node, a->weight, a->height);
    return spend(b, a->weight, line);
}

static bool open_container(struct builder *b, enum yaml_kind kind, const yaml_event_t *event,
                           const yaml_char_t *anchor, const yaml_char_t *tag)
{
    struct yaml_node *node = node_new(b, kind, event);
    node->tag = short_tag(b, tag);
    if (b->depth == YAML_DEPTH_MAX)
        return too_deep(b, node->line);
    b->frames[b->depth++] = (struct frame){
        .node = node,
        .anchor = anchor_declare(b, anchor),
        .first_pending = b->pending_count,
        .weight = 1,
        .height = 1,
    };
    return spend(b, 1, node->line);
}

static void close_container(struct builder *b)
{
    struct frame *f = &b->frames[--b->depth];
    b->pending_count = f->first_pending;
    // An inner node may have taken the name over: then this one is out of reach already.
    if (f->anchor && !f->anchor->node)
        *f->anchor = (struct anchor){f->anchor->name, f->node, f->weight, f->height};
    node_completed(b, f->node, f->weight, f->height);
}

static bool close_sequence(struct builder *b)
{
    const struct frame *f = &b->frames[b->depth - 1];
    size_t count = b->pending_count - f->first_pending;
    f->node->count = count;
    f->node->items = arena_array(b->mem, struct yaml_node *, count);
    if (count)
        memcpy(f->node->items, &b->pending[f->first_pending], count * sizeof(struct yaml_node *));
    close_container(b);
    return true;
}

// ---- mappings ------------------------------------------------------------------------------

// Members being collected: each remembers whether a merge key brought it.
struct draft {
    struct yaml_member *members;
    bool *is_merged;
    size_t count;
    struct map by_key; // of members, used above LINEAR_SEARCH_KEYS
};

static void draft_done(struct draft *d)
{
    map_done(&d->by_key);
}

static bool is_merge_key(const struct yaml_node *key)
{
    return key->kind == YAML_SCALAR && str_eq(key->text, S("<<")) &&
           (key->is_plain || str_eq(key->tag, S("!!merge")));
}

static bool key_is_text(const struct yaml_node *key)
{
    return key->kind == YAML_SCALAR || key->kind == YAML_NULL;
}

static bool member_has_key(const void *item, const void *key)
{
    const struct yaml_member *m = item;
    return str_eq(m->key->text, *(const str *)key);
}

static struct yaml_member *draft_find(struct draft *d, str key)
{
    if (d->count > LINEAR_SEARCH_KEYS)
        return map_find(&d->by_key, hash_seeded(TABLE_SEED, key), member_has_key, &key);
    for (size_t i = 0; i < d->count; i++)
        if (!d->members[i].is_repeated && key_is_text(d->members[i].key) &&
            str_eq(d->members[i].key->text, key))
            return &d->members[i];
    return NULL;
}

static void draft_append(struct draft *d, struct yaml_member m, bool is_merged)
{
    d->members[d->count] = m;
    d->is_merged[d->count] = is_merged;
    d->count++;
    if (d->count <= LINEAR_SEARCH_KEYS)
        return;
    size_t first_new = d->count == LINEAR_SEARCH_KEYS + 1 ? 0 : d->count - 1;
    for (size_t i = first_new; i < d->count; i++) {
        struct yaml_member *added = &d->members[i];
        if (!added->is_repeated && key_is_text(added->key))
            map_insert(&d->by_key, hash_seeded(TABLE_SEED, added->key->text), added);
    }
}

static void draft_add(struct builder *b, struct draft *d, struct yaml_member m, bool is_merged)
{
    struct yaml_member *earlier = key_is_text(m.key) ? draft_find(d, m.key->text) : NULL;
    if (!earlier) {
        m.is_repeated = false;
        draft_append(d, m, is_merged);
        return;
    }
    size_t at = (size_t)(earlier - d->members);
    if (b->opt->duplicates_are_fine || is_merged || d->is_merged[at]) {
        earlier->key = m.key;
        earlier->value = m.value;
        d->is_merged[at] = is_merged;
        return;
    }
    m.is_repeated = true;
    draft_append(d, m, is_merged);
}

static void draft_merge(struct builder *b, struct draft *d, const struct yaml_node *from)
{
    yaml_each (i, from)
        if (!from->members[i].is_repeated)
            draft_add(b, d, from->members[i], true);
}

// How many members the value of a merge key brings; false if it is not a mapping or a list of them.
static bool merge_size(const struct yaml_node *value, size_t *ret)
{
    *ret = 0;
    if (value->kind == YAML_MAPPING) {
        *ret = value->count;
        return true;
    }
    if (value->kind != YAML_SEQUENCE)
        return false;
    yaml_each (i, value) {
        if (value->items[i]->kind != YAML_MAPPING)
            return false;
        *ret += value->items[i]->count;
    }
    return true;
}

static bool close_mapping(struct builder *b)
{
    struct frame *f = &b->frames[b->depth - 1];
    struct yaml_node **children = &b->pending[f->first_pending];
    size_t child_count = b->pending_count - f->first_pending;
    size_t room = 0;
    for (size_t i = 0; i + 1 < child_count; i += 2) {
        size_t merged = 1;
        if (is_merge_key(children[i])) {
            if (!merge_size(children[i + 1], &merged))
                return err_set(b->err, ERR_SYNTAX,
                               "yaml: map merge requires map or sequence of maps as the value");
            if (!spend(b, merged, children[i]->line))
                return false;
            f->weight += merged;
        }
        room += merged;
    }

    defer(draft_done) struct draft d = {
        .members = arena_array(b->mem, struct yaml_member, room),
        .is_merged = arena_array(b->mem, bool, room),
    };
    for (size_t i = 0; i + 1 < child_count; i += 2) {
        struct yaml_node *value = children[i + 1];
        if (!is_merge_key(children[i]))
            draft_add(b, &d, (struct yaml_member){children[i], value, false}, false);
        else if (value->kind == YAML_MAPPING)
            draft_merge(b, &d, value);
        else
            for (size_t k = value->count; k-- > 0;) // the first of a list takes precedence
                draft_merge(b, &d, value->items[k]);
    }
    f->node->members = d.members;
    f->node->count = d.count;
    close_container(b);
    return true;
}

// ---- documents -----------------------------------------------------------------------------

static bool handle_event(struct builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return add_scalar(b, event);
    case YAML_ALIAS_EVENT:
        return add_alias(b, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_container(b, YAML_SEQUENCE, event, event->data.sequence_start.anchor,
                              event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return open_container(b, YAML_MAPPING, event, event->data.mapping_start.anchor,
                              event->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
        return close_sequence(b);
    case YAML_MAPPING_END_EVENT:
        return close_mapping(b);
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return true;
}

// *ret is NULL behind the last document.
static bool next_document(struct builder *b, struct yaml_node **ret)
{
    *ret = NULL;
    b->pending_count = 0;
    map_clear(&b->anchors);
    for (;;) {
        defer(event_done) yaml_event_t event;
        if (!next_event(b, &event) || !handle_event(b, &event))
            return false;
        if (event.type == YAML_DOCUMENT_END_EVENT && b->tag_error.code != ERR_NONE)
            return err_set(b->err, ERR_SYNTAX, "%.*s", STR(err_str(&b->tag_error)));
        if (event.type == YAML_DOCUMENT_END_EVENT) {
            *ret = b->pending[0];
            return true;
        }
        if (event.type == YAML_STREAM_END_EVENT)
            return true;
    }
}

static void builder_init(struct builder *b, str text, const struct yaml_options *opt,
                         struct arena *mem, struct err *err)
{
    static const struct yaml_options strict = {0};
    *b = (struct builder){.opt = opt ? opt : &strict, .mem = mem, .err = err};
    b->pending_cap = PENDING_CAP_FIRST;
    b->pending = mem_array(struct yaml_node *, PENDING_CAP_FIRST);
    if (!yaml_parser_initialize(&b->parser))
        panic("out of memory");
    yaml_parser_set_input_string(&b->parser, (const unsigned char *)(text.n ? text.p : "\n"),
                                 text.n ? text.n : 1);
}

bool yaml_parse_all(str text, const struct yaml_options *opt, struct arena *mem,
                    struct yaml_node ***ret_docs, size_t *ret_count, struct err *err)
{
    defer(builder_done) struct builder b;
    builder_init(&b, text, opt, mem, err);
    struct yaml_node **docs = NULL;
    size_t count = 0, cap = 0;
    for (;;) {
        struct yaml_node *doc;
        if (!next_document(&b, &doc))
            return false;
        if (!doc)
            break;
        if (count == cap) {
            struct yaml_node **grown = arena_array(mem, struct yaml_node *, cap * 2 + 4);
            if (count)
                memcpy(grown, docs, count * sizeof(struct yaml_node *));
            docs = grown;
            cap = cap * 2 + 4;
        }
        docs[count++] = doc;
    }
    *ret_docs = docs;
    *ret_count = count;
    return true;
}

bool yaml_parse(str text, const struct yaml_options *opt, struct arena *mem, struct yaml_node **ret,
                struct err *err)
{
    defer(builder_done) struct builder b;
    builder_init(&b, text, opt, mem, err);
    struct yaml_node *doc;
    if (!next_document(&b, &doc))
        return false;
    if (!doc) {
        doc = arena_new(mem, struct yaml_node);
        doc->kind = YAML_NULL;
        doc->is_plain = true;
        doc->line = doc->column = 1;
    }
    *ret = doc;
    return true;
}

struct yaml_node *yaml_get(const struct yaml_node *mapping, str key)
{
    if (mapping->kind != YAML_MAPPING)
        return NULL;
    yaml_each (i, mapping)
        if (key_is_text(mapping->members[i].key) && str_eq(mapping->members[i].key->text, key))
            return mapping->members[i].value;
    return NULL;
}
