// SPDX-License-Identifier: Apache-2.0
// yaml_bind.h: a YAML tree into C structs by tables of fields.
//
// A table describes a struct once: name in the file, type, where it goes, what is inherited or
// secret. Binding collects every problem ("line 3: field foo not found in type config.plain") in
// yaml.v2's format. Defaults are what the struct holds before binding, or what set_defaults puts
// there. A null resets its field to zero (as Go does): readers and checks are not called for it.
// A document that is empty as a whole changes nothing.
// Printing back (yaml_print.h) walks the same tables.
#pragma once
#include "base/core/buf.h"
#include "base/text/yaml.h"

#define YAML_PROBLEMS_BYTES_MAX ((size_t)64 << 10)

struct yaml_binder;
struct yaml_field;
struct yaml_printer; // yaml_print.h

enum yaml_type {
    YAML_T_STR,      // str
    YAML_T_SECRET,   // str, printed as <secret>
    YAML_T_BOOL,     // bool
    YAML_T_INT,      // int64_t
    YAML_T_UINT,     // uint64_t
    YAML_T_FLOAT,    // double
    YAML_T_STRS,     // struct str_list
    YAML_T_STR_MAP,  // struct yaml_str_map: mapping of strings, sorted by key
    YAML_T_STRUCT,   // a struct inside the struct (table in `fields`)
    YAML_T_PTR,      // pointer to a struct, allocated when present
    YAML_T_LIST,     // struct yaml_list of structs; a null item is one of zeros
    YAML_T_PTR_LIST, // struct yaml_list of pointers to structs; a null item is NULL
    YAML_T_CUSTOM,   // bind() does it
    YAML_T_NODE,     // const struct yaml_node *: kept as it is
};

struct str_list {
    str *items;
    size_t count;
};

struct yaml_str_pair {
    str key, value;
};

struct yaml_str_map {
    struct yaml_str_pair *items; // sorted by key
    size_t count;
};

void yaml_str_map_sort(struct yaml_str_map *map); // for those that fill one themselves

struct yaml_list {
    void *items; // count structs (LIST) or pointers to structs (PTR_LIST) of sub->bytes
    size_t count;
};

#define YAML_LIST_AT(list, type, i)     (&((type *)(list)->items)[i])
#define YAML_PTR_LIST_AT(list, type, i) (((type **)(list)->items)[i])

// Reads one value. Problems go to yaml_problem(); false stops this value only.
typedef bool yaml_bind_fn(struct yaml_binder *b, const struct yaml_node *node, void *to);
// Called before a struct is bound (sets defaults) or after (checks it). to: the struct.
typedef void yaml_default_fn(struct yaml_binder *b, void *to);
typedef bool yaml_check_fn(struct yaml_binder *b, const struct yaml_node *node, void *to);

struct yaml_struct {
    const char *type_name; // as upstream's errors name it: "config.plain", "config.WebhookConfig"
    size_t bytes;
    const struct yaml_field *fields; // ended by one without a name; in the order of printing
    yaml_default_fn *set_defaults;   // NULL: what the struct holds already
    // NULL: none. Not called after problems inside the struct. Its error (yaml_fail) stops the
    // whole binding, as Go's does.
    yaml_check_fn *check;
};

struct yaml_field {
    const char *name;
    enum yaml_type type;
    size_t offset, bytes;
    const struct yaml_struct *sub; // STRUCT, PTR, LIST, PTR_LIST
    yaml_bind_fn *bind;            // CUSTOM
    const char *go_type;           // for errors, where it is not the type's usual one
    size_t seen_end; // YAML_SEEN: a bool that records "was in the file, and not null"; 0: none
    unsigned mark;   // the application's own word about the field; 0: none
    bool is_inline;  // STRUCT whose fields stand in the parent's mapping
    bool is_hidden;  // read, but never printed back

    // For printing back.
    bool is_omitted_when_empty;
    bool is_flow;                                           // [a, b] instead of lines
    void (*print)(struct yaml_printer *, const void *from); // CUSTOM: puts exactly one value
    bool (*is_empty)(const void *from);                     // CUSTOM: NULL: all bytes are zero
};

#define YAML_FIELD(struct_, member, name_, type_, ...)                                             \
    {                                                                                              \
        .name = (name_), .type = (type_), .offset = offsetof(struct_, member),                     \
        .bytes = sizeof(typeof(((struct_ *)0)->member)), __VA_ARGS__                               \
    }
#define YAML_SEEN(struct_, member) .seen_end = offsetof(struct_, member) + 1

struct yaml_binder {
    struct arena *mem;
    void *user;                 // for custom readers and checks
    bool unknown_keys_are_fine; // otherwise "field x not found in type y"
    // Collects unknown keys instead (rule files report them in their own words); NULL: not.
    void (*on_unknown)(struct yaml_binder *, const struct yaml_struct *,
                       const struct yaml_node *key, void *to);
    struct buf problems; // lines "  line N: …"; emptied by yaml_bind
    size_t problem_count;
    struct err error; // of a check function: reported alone, as upstream does
};

// Error text: "yaml: unmarshal errors:\n  line 2: …", or the error of a check function alone.
bool yaml_bind(struct yaml_binder *b, const struct yaml_node *node, const struct yaml_struct *type,
               void *to, struct err *err);
// For custom readers: binds a part with the same binder.
bool yaml_bind_struct(struct yaml_binder *b, const struct yaml_node *node,
                      const struct yaml_struct *type, void *to);
// "line N: cannot unmarshal !!str `abc` into int"
bool yaml_problem_type(struct yaml_binder *b, const struct yaml_node *node, const char *go_type);
bool yaml_problem(struct yaml_binder *b, const struct yaml_node *node, const char *fmt, ...)
    PRINTF(3, 4);
// For checks: sets the binding's error. Always false.
bool yaml_fail(struct yaml_binder *b, const char *fmt, ...) PRINTF(2, 3);
