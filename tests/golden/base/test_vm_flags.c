// SPDX-License-Identifier: Apache-2.0
// Values of command lines: arrays with their quoting, sizes, and whole argument lists as a
// Kubernetes operator hands them over. Cases of dictionaries and JSON maps belong to their flags.
#include "base/core/flags.h"
#include "tests/support/cases.h"

// ---- value types ---------------------------------------------------------------------------

union value {
    struct flag_strs strs;
    struct flag_bools bools;
    struct flag_i64s i64s;
    int64_t bytes;
    bool is_on;
    str text;
};

static bool starts(const char *text, const char *prefix)
{
    return str_starts(str_c(text), str_c(prefix));
}

static enum flag_type type_of(const char *test)
{
    if (starts(test, "ArrayDuration"))
        return FLAG_DURS;
    if (starts(test, "ArrayBool"))
        return FLAG_BOOLS;
    if (starts(test, "ArrayInt"))
        return FLAG_INTS;
    if (starts(test, "ArrayBytes"))
        return FLAG_SIZES;
    return starts(test, "Bytes") ? FLAG_BYTES : FLAG_STRS;
}

static bool parse_one(struct flag *flag, str value, struct arena *mem, struct err *err)
{
    str arg = arena_printf(mem, "-f=%.*s", STR(value));
    char *argv[] = {"program", (char *)arg.p};
    const struct flags f = {.style = FLAGS_GO, .program = "program", .items = flag, .count = 1};
    return flags_parse(&f, 2, argv, mem, NULL, err);
}

static const char *check_text(const struct flag *flag, str want, struct arena *mem)
{
    defer(buf_done) struct buf got = {0};
    flag_value_text(flag, &got);
    if (str_eq(buf_str(&got), want))
        return NULL;
    return case_fail(mem, "got %.*s, want %.*s", STR(buf_str(&got)), STR(want));
}

static const char *check_at(const cJSON *c, const struct flag *flag, struct arena *mem)
{
    const union value *v = flag->to;
    size_t at = (size_t)case_get_i64(c, "argIdx");
    if (flag->type == FLAG_STRS) {
        str want = case_get_text(c, "expectedValue", mem), got = flag_strs_at(&v->strs, at);
        return str_eq(got, want) ? NULL : case_fail(mem, "got %.*s", STR(got));
    }
    if (flag->type == FLAG_BOOLS) {
        bool got = flag_bools_at(&v->bools, at);
        return got == case_get_bool(c, "expectedValue") ? NULL : case_fail(mem, "got %d", got);
    }
    int64_t got = flag_i64s_at(&v->i64s, at);
    return got == case_get_i64(c, "expectedValue") ? NULL
                                                   : case_fail(mem, "got %lld", (long long)got);
}

static const char *default_text(const cJSON *c, enum flag_type type, struct arena *mem)
{
    if (!case_get(c, "defaultValue"))
        return type == FLAG_DURS ? "42s" : type == FLAG_STRS || type == FLAG_BOOLS ? NULL : "42";
    return arena_printf(mem, "%lld%s", (long long)case_get_i64(c, "defaultValue"),
                        type == FLAG_DURS ? "ns" : "")
        .p;
}

static const char *run_value(const cJSON *c, struct arena *mem)
{
    if (str_eq(case_get_text(c, "type", mem), S("dict")))
        return NULL;
    const char *test = cJSON_GetStringValue(case_get(c, "test"));
    union value value = {0};
    struct flag flag = {.name = "f", .type = type_of(test), .to = &value};
    flag.default_text = flag.type == FLAG_BYTES ? NULL : default_text(c, flag.type, mem);
    struct err err = ERR_INIT;
    str text = case_get_text(c, flag.type == FLAG_BYTES ? "value" : "s", mem);
    bool ok = parse_one(&flag, text, mem, &err);
    if (case_get_bool(c, "error"))
        return ok ? "was accepted" : NULL;
    if (!ok)
        return case_fail(mem, "refused: %.*s", STR(err_str(&err)));
    if (flag.type == FLAG_BYTES)
        return value.bytes == case_get_i64(c, "expectedResult") ? NULL : "another number";
    if (case_get(c, "argIdx"))
        return check_at(c, &flag, mem);
    bool is_round_trip = str_ends(str_c(test), S("_String"));
    return check_text(&flag, is_round_trip ? text : case_get_text(c, "expectedResult", mem), mem);
}

static void values_are_read_as_upstream_reads_them(void **state)
{
    (void)state;
    case_file_run("vm-flags", run_value);
}

// ---- whole command lines -------------------------------------------------------------------

static const char *check_list(const struct flag *flag, const cJSON *want, struct arena *mem)
{
    const struct flag_strs *got = flag->to;
    if (got->count != (size_t)cJSON_GetArraySize(want))
        return case_fail(mem, "%s has %zu items", flag->name, got->count);
    size_t i = 0;
    for (const cJSON *item = want->child; item; item = item->next, i++)
        if (!str_eq(got->items[i], case_text(item, mem)))
            return case_fail(mem, "%s: item %zu is %.*s", flag->name, i, STR(got->items[i]));
    return NULL;
}

static const char *run_command_line(const cJSON *c, struct arena *mem)
{
    const cJSON *args = case_get(c, "argv"), *parsed = case_get(c, "parsed");
    if (!cJSON_IsArray(args))
        return NULL; // the operator refuses this resource
    size_t count = (size_t)cJSON_GetArraySize(parsed), i = 0;
    struct flag *items = arena_array(mem, struct flag, count);
    for (const cJSON *v = parsed->child; v; v = v->next, i++) {
        bool is_switch = str_eq(case_text(v, mem), S("true"));
        items[i] = (struct flag){
            .name = v->string,
            .type = cJSON_IsArray(v) ? FLAG_STRS
                    : is_switch      ? FLAG_BOOL
                                     : FLAG_STR,
            .to = arena_new(mem, union value),
        };
    }
    int argc = 1;
    char **argv = arena_array(mem, char *, (size_t)cJSON_GetArraySize(args) + 1);
    argv[0] = "program";
    for (const cJSON *v = args->child; v; v = v->next)
        argv[argc++] = v->valuestring;

    bool is_vmalert = str_eq(case_get_text(c, "kind", mem), S("VMAlert"));
    const struct flags f = {.style = is_vmalert ? FLAGS_GO : FLAGS_KINGPIN,
                            .program = "program",
                            .items = items,
                            .count = count};
    struct err err = ERR_INIT;
    if (!flags_parse(&f, argc, argv, mem, NULL, &err))
        return case_fail(mem, "refused: %.*s", STR(err_str(&err)));
    i = 0;
    for (const cJSON *v = parsed->child; v; v = v->next, i++) {
        if (items[i].type == FLAG_STRS) {
            const char *why = check_list(&items[i], v, mem);
            if (why)
                return why;
        } else if (items[i].type == FLAG_BOOL) {
            if (!*(const bool *)items[i].to)
                return case_fail(mem, "%s is off", items[i].name);
        } else if (!str_eq(*(const str *)items[i].to, case_text(v, mem))) {
            return case_fail(mem, "%s is %.*s", items[i].name, STR(*(const str *)items[i].to));
        }
    }
    return NULL;
}

static void command_lines_of_an_operator_are_understood(void **state)
{
    (void)state;
    case_file_run("operator-args", run_command_line);
}

int test_vm_flags(void);
int test_vm_flags(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_as_upstream_reads_them),
        cmocka_unit_test(command_lines_of_an_operator_are_understood),
    };
    return run_group("vm_flags", tests);
}
