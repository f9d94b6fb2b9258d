// SPDX-License-Identifier: Apache-2.0
// yaml_print.h: structs back into YAML text by the tables of yaml_bind.h, byte for byte as
// yaml.v2's Marshal writes it: two spaces of indent, sequences not indented below their key, plain
// scalars where they read back as strings, lines folded at a space behind column 80.
#pragma once
#include "base/core/buf.h"
#include "base/text/yaml_bind.h"

#define YAML_SECRET_TEXT "<secret>"

// Appends the whole document, final newline included.
void yaml_print(struct buf *out, const struct yaml_struct *type, const void *from);

// ---- for the print functions of custom fields, and for printing without a table -----------------

// What the writer knows about its place; between yaml_printer_init and _done nothing else may
// touch the buffer.
#define YAML_PRINT_DEPTH_MAX 64

struct yaml_printer {
    struct buf *out;
    struct {
        bool is_map, is_flow, is_empty, is_value_next;
        bool is_complex_key; // the key was written behind "? "
        int indent;          // of the container around this one
    } levels[YAML_PRINT_DEPTH_MAX];
    int depth;
    int flow_depth;
    int indent, column; // indent -1: nothing has been opened
    bool at_whitespace; // the last thing written was white space or an indicator like "- "
    bool at_indention;  // only indention so far on this line
    bool is_flow_next;  // the next container is written in one line
};

void yaml_printer_init(struct yaml_printer *p, struct buf *out);
void yaml_printer_done(struct yaml_printer *p); // ends the document's last line

// Each puts one value: where a key is due, the key.
void yaml_put_str(struct yaml_printer *p, str s);   // quoted as far as needed
void yaml_put_plain(struct yaml_printer *p, str s); // a number, true, false: never quoted
void yaml_put_null(struct yaml_printer *p);
void yaml_put_bool(struct yaml_printer *p, bool x);
void yaml_put_i64(struct yaml_printer *p, int64_t x);
void yaml_put_u64(struct yaml_printer *p, uint64_t x);
void yaml_put_f64(struct yaml_printer *p, double x);
void yaml_put_secret(struct yaml_printer *p, str s); // <secret>; null when empty
void yaml_put_strs(struct yaml_printer *p, const struct str_list *list);
void yaml_put_str_map(struct yaml_printer *p, const struct yaml_str_map *map);
void yaml_put_node(struct yaml_printer *p, const struct yaml_node *node); // its keys sorted
void yaml_put_struct(struct yaml_printer *p, const struct yaml_struct *type, const void *from);

// Containers. count: how many items or members follow; an empty one is written [] or {}.
void yaml_put_seq_begin(struct yaml_printer *p, size_t count);
void yaml_put_seq_end(struct yaml_printer *p);
void yaml_put_map_begin(struct yaml_printer *p, size_t count);
void yaml_put_map_end(struct yaml_printer *p);

// yaml.v2's order of map keys: runs of digits count as numbers, letters come after other signs.
int yaml_key_compare(str a, str b);
