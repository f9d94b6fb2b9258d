// SPDX-License-Identifier: Apache-2.0
// gotpl.h: Go's text/template and html/template.
//
// Texts are parsed once into a set of named templates and executed often. Parsing checks syntax,
// function names and variables; what a name means, and whether a field exists, shows at execution.
// In an HTML set, execution first works out the HTML, CSS or JavaScript context of each action and
// escapes its value accordingly (prepared once by tpl_prepare, else again per execution).
//
//   struct tpl_set *base = tpl_set_new(&(struct tpl_options){.tables = &TABLES, .table_count = 1});
//   tpl_parse(base, S("default.tmpl"), text, &err);
//   ...
//   struct tpl_set *text = tpl_compile(base, field, &err); // once; shared by all executions
//   struct tpl_run run = {.data = tpldata_value(d), .mem = &scratch, .context = &context};
//   tpl_execute(text, S(""), &run, &out, &err);
//
// An execution takes memory from run.mem alone, which the caller clears and uses again (functions
// that compile a regular expression use the heap for it), and has limits on its steps, its depth,
// its memory and its output.
// Values are read lazily: a type is a table of callbacks over the caller's own objects, so data
// models cost nothing until a template asks.
// Threads: a set that is no longer parsed into may be executed from several threads at once.
#pragma once
#include "base/core/arena.h"
#include "base/core/err.h"
#include "base/core/time.h"
#include "base/text/gotime.h"

struct tpl_set;
struct tpl_exec;
struct tpl_type;

// ---- limits ----------------------------------------------------------------------------------

#define TPL_TEXT_BYTES_MAX   ((size_t)4 << 20) // one parsed text
#define TPL_NESTING_MAX      500               // if, with, range inside each other; parentheses
#define TPL_STEPS_MAX        5000000           // nodes and calls evaluated in one execution
#define TPL_DEPTH_MAX        1000              // template calls inside each other
#define TPL_OUTPUT_BYTES_MAX ((size_t)16 << 20)
#define TPL_MEMORY_BYTES_MAX ((size_t)64 << 20) // of run.mem, for one execution
#define TPL_FIELD_WIDTH_MAX  1000000            // printf width and precision, as in Go

struct tpl_limits { // 0 means the default above
    uint64_t steps;
    uint32_t depth;
    size_t output_bytes;
    size_t memory_bytes;
};

// ---- values ----------------------------------------------------------------------------------

enum tpl_kind {
    TPL_KIND_NONE, // no type: nothing or nil
    TPL_KIND_BOOL,
    TPL_KIND_INT,
    TPL_KIND_UINT,
    TPL_KIND_FLOAT,
    TPL_KIND_COMPLEX,
    TPL_KIND_STRING,
    TPL_KIND_LIST,
    TPL_KIND_MAP,
    TPL_KIND_STRUCT,
    TPL_KIND_ANY, // parameters and element types only: an interface slot that takes everything
    TPL_KIND_RAW, // parameters only: as ANY, but "nothing" stays distinct from nil
};

struct tpl_value {
    const struct tpl_type *type; // NULL: nothing, or nil when is_slot
    uint32_t count;              // elements of a list or map
    bool is_slot;                // came out of an untyped (`any`) list or map, or is nil
    bool is_pointer;             // to a struct: prints & and a type name with *
    bool is_nil;                 // a list, map or pointer that is nil
    union {
        bool b;
        int64_t i;
        uint64_t u;
        double f;
        struct {
            double re, im;
        } c;
        str s;
        struct {
            const void *obj; // list: tpl_value[] or what type->at wants; map: tpl_pair[] or …
            uint32_t first;  // list: index of its element 0 in obj
            uint32_t cap;    // list: elements in obj behind first, count at least
        };
    };
};

struct tpl_pair {
    struct tpl_value key, value;
};

struct tpl_field {
    str name;
    str json; // key in JSON; empty: the name
    const struct tpl_type *type;
    void (*get)(const void *obj, struct tpl_value *ret); // need not set is_slot
    bool is_hidden;   // unexported: printed, but no template may name it
    bool is_embedded; // its fields can be reached without naming it
};

struct tpl_func;

struct tpl_type {
    str name; // as error texts and %T show it: "template.KV", "[]string"
    enum tpl_kind kind;
    bool is_named;               // declared types are not interchangeable, []T and map[K]V are
    const struct tpl_type *key;  // maps
    const struct tpl_type *elem; // lists and maps

    // Lists: element i of v->obj (v->first is already added). NULL: obj is an array of tpl_value.
    void (*at)(const struct tpl_value *v, size_t i, struct tpl_value *ret);
    // Maps: pair i in the order of the keys. NULL: obj is an array of tpl_pair in that order.
    void (*pair_at)(const struct tpl_value *v, size_t i, struct tpl_pair *ret);
    // Maps with string keys: NULL: binary search over the pairs.
    bool (*find)(const struct tpl_value *v, str key, struct tpl_value *ret);

    const struct tpl_field *fields; // structs
    size_t field_count;
    const struct tpl_func *methods; // the receiver is tpl_call.self
    size_t method_count;

    void (*put_text)(const struct tpl_value *v, struct buf *out); // String method, or NULL
    bool (*put_json)(const struct tpl_value *v, struct buf *out, struct err *err); // or NULL
    void (*put_go)(const struct tpl_value *v, struct buf *out); // GoString (%#v), or NULL
};

extern const struct tpl_type TPL_BOOL, TPL_INT, TPL_INT64, TPL_UINT, TPL_UINT8, TPL_UINT64, TPL_F64,
    TPL_COMPLEX, TPL_STRING, TPL_ANY, TPL_RAW;
extern const struct tpl_type TPL_DURATION, TPL_TIME, TPL_MONTH, TPL_WEEKDAY, TPL_LOCATION;
extern const struct tpl_type TPL_ANYS, TPL_STRINGS, TPL_INTS, TPL_UINTS, TPL_F64S, TPL_BYTES;
extern const struct tpl_type TPL_MAP_ANY, TPL_MAP_STRING, TPL_MAP_INT_STRING;
// Marked strings: escapers of the matching context let them pass.
extern const struct tpl_type TPL_HTML, TPL_URL, TPL_CSS, TPL_JS, TPL_JSSTR, TPL_HTMLATTR,
    TPL_SRCSET;

static inline struct tpl_value tpl_nothing(void) // what a missing value is
{
    return (struct tpl_value){.type = NULL};
}

static inline struct tpl_value tpl_nil(void)
{
    return (struct tpl_value){.is_slot = true};
}

static inline struct tpl_value tpl_bool(bool b)
{
    return (struct tpl_value){.type = &TPL_BOOL, .b = b};
}

static inline struct tpl_value tpl_int(int64_t i)
{
    return (struct tpl_value){.type = &TPL_INT, .i = i};
}

static inline struct tpl_value tpl_int_of(const struct tpl_type *type, int64_t i)
{
    return (struct tpl_value){.type = type, .i = i};
}

static inline struct tpl_value tpl_uint_of(const struct tpl_type *type, uint64_t u)
{
    return (struct tpl_value){.type = type, .u = u};
}

static inline struct tpl_value tpl_f64(double f)
{
    return (struct tpl_value){.type = &TPL_F64, .f = f};
}

static inline struct tpl_value tpl_str(str s) // borrowed until the execution ends
{
    return (struct tpl_value){.type = &TPL_STRING, .s = s};
}

static inline struct tpl_value tpl_str_of(const struct tpl_type *type, str s)
{
    return (struct tpl_value){.type = type, .s = s};
}

static inline struct tpl_value tpl_dur(dur_ns d)
{
    return (struct tpl_value){.type = &TPL_DURATION, .i = d};
}

static inline struct tpl_value tpl_time(const struct gotime *t) // borrowed
{
    return (struct tpl_value){.type = &TPL_TIME, .obj = t};
}

static inline struct tpl_value tpl_struct(const struct tpl_type *type, const void *obj)
{
    return (struct tpl_value){.type = type, .obj = obj};
}

static inline struct tpl_value tpl_pointer(const struct tpl_type *type, const void *obj)
{
    return (struct tpl_value){.type = type, .obj = obj, .is_pointer = true, .is_nil = !obj};
}

static inline struct tpl_value tpl_list(const struct tpl_type *type, const void *obj, size_t count)
{
    return (struct tpl_value){
        .type = type, .obj = obj, .count = (uint32_t)count, .cap = (uint32_t)count};
}

// A map of pairs already in the order of their keys, each key once (see tpl_pairs_sort).
static inline struct tpl_value tpl_map(const struct tpl_type *type, const void *obj, size_t count)
{
    return (struct tpl_value){.type = type, .obj = obj, .count = (uint32_t)count};
}

static inline enum tpl_kind tpl_kind_of(const struct tpl_value *v)
{
    return v->type ? v->type->kind : TPL_KIND_NONE;
}

// Sorts by key; of equal keys the last one stays. Returns the number left.
size_t tpl_pairs_sort(struct tpl_pair *pairs, size_t count);

void tpl_list_at(const struct tpl_value *list, size_t i, struct tpl_value *ret); // i < count
void tpl_map_at(const struct tpl_value *map, size_t i, struct tpl_pair *ret);
bool tpl_map_find(const struct tpl_value *map, str key, struct tpl_value *ret);
bool tpl_is_true(const struct tpl_value *v);
void tpl_put_type_name(struct buf *b, const struct tpl_value *v); // "*template.Data"; none: <nil>

// fmt.Print of one value (%v) and encoding/json.Marshal. Errors: ERR_INVALID.
void tpl_put_value(struct buf *b, const struct tpl_value *v);
bool tpl_put_json(struct buf *b, const struct tpl_value *v, struct err *err);

// ---- functions and methods -------------------------------------------------------------------

#define TPL_PARAMS_MAX 4

// What a function sees of the execution that calls it.
struct tpl_call {
    struct arena *mem;            // results live here
    void *context;                // tpl_run.context
    const struct tpl_value *self; // methods: the receiver
    struct tpl_exec *exec;        // for tpl_call_*
};

// Arguments have been checked against the parameter types; a nil list or map has is_nil set, an
// `any` argument may be nil (type NULL) and is never a slot.
typedef bool tpl_call_fn(struct tpl_call *call, const struct tpl_value *args, size_t count,
                         struct tpl_value *ret, struct err *err);
// The parameters of such a function.
#define TPL_ARGS                                                                                   \
    UNUSED struct tpl_call *call, UNUSED const struct tpl_value *args, UNUSED size_t count,        \
        UNUSED struct tpl_value *ret, UNUSED struct err *err

struct tpl_func {
    str name;
    const struct tpl_type *params[TPL_PARAMS_MAX]; // fixed ones, then NULL
    const struct tpl_type *variadic;               // type of all further arguments, or NULL
    tpl_call_fn *call;
    const char *refusal; // instead of call: why such a signature cannot be called
};

struct tpl_funcs {
    const struct tpl_func *items;
    size_t count;
};

// A buffer for a function's result: it grows in the execution's arena, so that what it holds is the
// result, and it needs no buf_done.
#define TPL_RESULT(call)                                                                           \
    (struct buf)                                                                                   \
    {                                                                                              \
        .max = TPL_OUTPUT_BYTES_MAX, .mem = (call)->mem                                            \
    }
// Returns it as a string. Errors: ERR_LIMIT.
bool tpl_return(const struct buf *result, struct tpl_value *ret, struct err *err);
// What `put` makes of s, as a string.
bool tpl_return_mapped(struct tpl_call *call, void (*put)(struct buf *, str), str s,
                       struct tpl_value *ret, struct err *err);

// The data of the outermost execution (what `$` is there).
const struct tpl_value *tpl_call_data(const struct tpl_call *call);
// Parses `text` beside the executing set and runs it with that data, counting towards the same
// limits. A failure's text is complete ("template: :1:3: …").
bool tpl_call_render(struct tpl_call *call, str text, struct buf *out, struct err *err);

// ---- sets ------------------------------------------------------------------------------------

enum tpl_missing_key { TPL_MISSING_DEFAULT, TPL_MISSING_ZERO, TPL_MISSING_ERROR };

struct tpl_options {
    bool is_html;
    enum tpl_missing_key missing_key;
    const struct tpl_funcs *tables; // borrowed; searched in order, then the language's own
    size_t table_count;
};

struct tpl_set *tpl_set_new(const struct tpl_options *options);
void tpl_set_free(struct tpl_set *set); // NULL is fine
DEFER_PTR(struct tpl_set, tpl_set_free)

// An empty set in front of `base`: names are looked up in it first. Cheap; base must outlive it and
// must not be parsed into meanwhile.
struct tpl_set *tpl_set_clone(const struct tpl_set *base);

// Parses a text and adds its templates: the text itself under `name`, and one per define and block.
// A later definition replaces an earlier one, unless it is empty (white space and comments only).
// On failure the set is unchanged. Errors: ERR_SYNTAX, ERR_LIMIT ("template: name:1: …").
bool tpl_parse(struct tpl_set *set, str name, str text, struct err *err);

bool tpl_has(const struct tpl_set *set, str name); // defined and not empty

// HTML sets: works out the escaping of that template now rather than at each execution.
// Errors: ERR_INVALID ("html/template:…").
bool tpl_prepare(struct tpl_set *set, str name, struct err *err);

struct tpl_run {
    struct tpl_value data;
    struct arena *mem;               // scratch and results; the caller clears it
    void *context;                   // for the functions; borrowed
    const struct tpl_limits *limits; // NULL: defaults
};

// Compiles `text` as the unnamed template of a clone of `base`, to be executed any number of times
// as S(""): what tpl_render does for one. A fault in an HTML text's contexts shows at execution.
// NULL: ERR_SYNTAX, ERR_LIMIT. `base` must outlive it.
struct tpl_set *tpl_compile(const struct tpl_set *base, str text, struct err *err);

// Appends to `out`; after a failure `out` holds what came before it.
// Errors: ERR_INVALID, ERR_LIMIT ("template: name:1:5: executing \"name\" at <.Foo>: …").
bool tpl_execute(const struct tpl_set *set, str name, const struct tpl_run *run, struct buf *out,
                 struct err *err);

// Parses `text` as the unnamed template of a clone of `base` and executes it. Empty text: nothing.
bool tpl_render(const struct tpl_set *base, str text, const struct tpl_run *run, struct buf *out,
                struct err *err);
