// SPDX-License-Identifier: Apache-2.0
// Any bytes: parse in both modes, bind, print, and read back what was printed. A second printing
// must equal the first.
#include "base/text/yaml_bind.h"
#include "base/text/yaml_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct item {
    str text;
    int64_t number;
    bool flag;
    double ratio;
};

struct doc {
    str text;
    struct str_list list, flow;
    struct yaml_str_map map, flow_map;
    struct item one;
    struct item *ptr;
    struct yaml_list many, pointers;
    const struct yaml_node *any;
};

static const struct yaml_struct ITEM = {
    "item",
    sizeof(struct item),
    (const struct yaml_field[]){
        YAML_FIELD(struct item, text, "x", YAML_T_STR, .is_omitted_when_empty = true),
        YAML_FIELD(struct item, number, "i", YAML_T_INT),
        YAML_FIELD(struct item, flag, "b", YAML_T_BOOL),
        YAML_FIELD(struct item, ratio, "f", YAML_T_FLOAT),
        {0},
    },
    NULL,
    NULL,
};

static const struct yaml_struct DOC = {
    "doc",
    sizeof(struct doc),
    (const struct yaml_field[]){
        YAML_FIELD(struct doc, text, "s", YAML_T_STR),
        YAML_FIELD(struct doc, list, "l", YAML_T_STRS),
        YAML_FIELD(struct doc, flow, "w", YAML_T_STRS, .is_flow = true),
        YAML_FIELD(struct doc, map, "m", YAML_T_STR_MAP),
        YAML_FIELD(struct doc, flow_map, "n", YAML_T_STR_MAP, .is_flow = true),
        YAML_FIELD(struct doc, one, "o", YAML_T_STRUCT, .sub = &ITEM),
        YAML_FIELD(struct doc, ptr, "p", YAML_T_PTR, .sub = &ITEM),
        YAML_FIELD(struct doc, many, "q", YAML_T_LIST, .sub = &ITEM),
        YAML_FIELD(struct doc, pointers, "r", YAML_T_PTR_LIST, .sub = &ITEM),
        YAML_FIELD(struct doc, any, "a", YAML_T_NODE, .is_hidden = true),
        {0},
    },
    NULL,
    NULL,
};

static bool read_doc(str text, bool is_lenient, struct arena *mem, struct doc *ret)
{
    struct err err = ERR_INIT;
    struct yaml_node *node;
    const struct yaml_options opt = {.duplicates_are_fine = is_lenient};
    struct yaml_binder b = {.mem = mem, .unknown_keys_are_fine = is_lenient};
    *ret = (struct doc){0};
    return yaml_parse(text, &opt, mem, &node, &err) && yaml_bind(&b, node, &DOC, ret, &err);
}

static void print_and_read_back(const struct doc *doc)
{
    struct arena mem = {0};
    defer(buf_done) struct buf first = {0}, second = {0};
    yaml_print(&first, &DOC, doc);
    struct doc again;
    if (!read_doc(buf_str(&first), false, &mem, &again))
        abort();
    yaml_print(&second, &DOC, &again);
    if (!str_eq(buf_str(&first), buf_str(&second)))
        abort();
    arena_done(&mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena mem = {0};
    struct doc doc;
    str text = str_from(data, size);
    for (int is_lenient = 0; is_lenient < 2; is_lenient++) {
        if (read_doc(text, is_lenient, &mem, &doc))
            print_and_read_back(&doc);
        arena_clear(&mem);
    }
    struct yaml_node **docs;
    size_t count;
    struct err err = ERR_INIT;
    yaml_parse_all(text, NULL, &mem, &docs, &count, &err);
    arena_done(&mem);
    return 0;
}
