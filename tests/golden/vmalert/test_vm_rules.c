// SPDX-License-Identifier: Apache-2.0
#define BANNED_ALLOW_IMPURE
#include "base/core/alloc.h"
#include "rules/expr_check.h"
#include "rules/group.h"
#include "tests/golden/vmalert/rig.h"

// ---- identities --------------------------------------------------------------------------------

static uint64_t id_of_rule(const cJSON *rule, struct arena *mem)
{
    bool is_recording = case_get_text(rule, "record", mem).n > 0;
    size_t count;
    struct label *labels = rig_labels(case_get(rule, "labels"), mem, &count);
    struct yaml_str_map map = {arena_array(mem, struct yaml_str_pair, count + 1), count};
    for (size_t i = 0; i < count; i++)
        map.items[i] = (struct yaml_str_pair){labels[i].name, labels[i].value};
    return rule_id(is_recording, case_get_text(rule, is_recording ? "record" : "alert", mem),
                   case_get_text(rule, "expr", mem), &map);
}

static uint64_t id_of_group(const cJSON *group, struct arena *mem)
{
    enum rule_type type = RULE_PROMETHEUS;
    dur_ns interval = 0, offset = 0;
    rule_type_parse(case_get_text(group, "type", mem), &type);
    dur_parse_go(case_get_text(group, "interval", mem), &interval, NULL);
    bool has_offset = dur_parse_go(case_get_text(group, "eval_offset", mem), &offset, NULL);
    return group_id(case_get_text(group, "file", mem), case_get_text(group, "name", mem), type,
                    interval, has_offset ? &offset : NULL);
}

static const char *check_id(uint64_t got, str want, struct arena *mem)
{
    str text = arena_printf(mem, "%llu", (unsigned long long)got);
    return str_eq(text, want) ? NULL : case_fail(mem, "id %.*s", STR(text));
}

static const char *run_id(const cJSON *c, struct arena *mem)
{
    const cJSON *rule = case_get(c, "rule"), *group = case_get(c, "group");
    if (rule)
        return check_id(id_of_rule(rule, mem), case_get_text(c, "rule_id", mem), mem);
    if (group)
        return check_id(id_of_group(group, mem), case_get_text(c, "group_id", mem), mem);
    bool is_equal = id_of_rule(case_get(c, "a"), mem) == id_of_rule(case_get(c, "b"), mem);
    return is_equal == case_get_bool(c, "equal") ? NULL : "wrong equality";
}

static void rule_ids(void **state)
{
    (void)state;
    case_file_run("vm-rule-id", run_id);
}

// ---- times -------------------------------------------------------------------------------------

static time_ns case_time(const cJSON *c, const char *key, struct arena *mem)
{
    struct zoned_time t = {0};
    if (!time_parse_rfc3339(case_get_text(c, key, mem), &t))
        fail_msg("%s is not a time", key);
    return t.t;
}

static const char *run_start(const cJSON *c, struct arena *mem)
{
    uint64_t id = 0;
    str_to_u64(case_get_text(c, "group_id", mem), &id);
    dur_ns offset = DUR_SECONDS(case_get_i64(c, "eval_offset_s"));
    time_ns at = case_time(c, "at", mem);
    dur_ns delay = group_start_delay(id, DUR_SECONDS(case_get_i64(c, "interval_s")),
                                     cJSON_IsNumber(case_get(c, "eval_offset_s")) ? &offset : NULL,
                                     DUR_SECONDS(case_get_i64(c, "max_start_delay_s")), at);
    return at + delay == case_time(c, "first", mem)
               ? NULL
               : case_fail(mem, "starts after %g s", dur_to_seconds(delay));
}

static const char *run_request_time(const cJSON *c, struct arena *mem)
{
    const cJSON *offset = case_get(c, "eval_offset_s");
    struct group_conf conf = {
        .interval = DUR_SECONDS(case_get_i64(c, "interval_s")),
        .has_eval_offset = cJSON_IsNumber(offset),
        .eval_offset = DUR_SECONDS(case_get_i64(c, "eval_offset_s")),
        .has_eval_delay = cJSON_IsNumber(case_get(c, "eval_delay_s")),
        .eval_delay = DUR_SECONDS(case_get_i64(c, "eval_delay_s")),
        .eval_alignment = !cJSON_IsFalse(case_get(c, "eval_alignment")),
    };
    time_ns ts = group_query_ts(&conf, DUR_SECONDS(30), case_time(c, "at", mem));
    return ts == case_time(c, "time", mem) ? NULL : case_fail(mem, "asks at %lld", (long long)ts);
}

static const char *run_resolve(const cJSON *c, struct arena *mem)
{
    dur_ns d = alert_resolve_duration(DUR_SECONDS(case_get_i64(c, "group_interval_s")),
                                      DUR_SECONDS(case_get_i64(c, "resend_delay_s")),
                                      DUR_SECONDS(case_get_i64(c, "max_duration_s")));
    return d == DUR_SECONDS(case_get_i64(c, "result_s"))
               ? NULL
               : case_fail(mem, "%g s", dur_to_seconds(d));
}

static size_t other_timing_cases; // of replay: not what this runner is about

static const char *run_timing(const cJSON *c, struct arena *mem)
{
    str kind = case_get_text(c, "kind", mem);
    if (str_eq(kind, S("start")))
        return run_start(c, mem);
    if (str_eq(kind, S("request_time")))
        return run_request_time(c, mem);
    if (str_eq(kind, S("resolve_duration")))
        return run_resolve(c, mem);
    other_timing_cases++;
    return NULL;
}

static void group_times(void **state)
{
    (void)state;
    case_file_run("vm-group-timing", run_timing);
    print_message("vm-group-timing: %zu of them are about replay and were not run\n",
                  other_timing_cases);
}

// ---- files -------------------------------------------------------------------------------------

static struct tpl_set *templates;

static bool check_expr(void *owner, enum rule_type type, str expr, struct err *err)
{
    (void)owner;
    return rule_expr_check(type, expr, err);
}

static bool check_template(void *owner, str text, struct err *err)
{
    (void)owner;
    return rule_template_check(templates, text, err);
}

static str read_file(const char *path, struct arena *mem)
{
    struct buf text = {0};
    char piece[4096];
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("cannot read %s", path);
    for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
        buf_put(&text, str_from(piece, n));
    fclose(f);
    str copy = arena_str(mem, buf_str(&text));
    buf_done(&text);
    return copy;
}

static const char *run_file(const cJSON *c, struct arena *mem)
{
    str name = case_get_text(c, "file", mem), want = case_get_text(c, "error", mem);
    struct rule_file_text file = {name, read_file(case_path(mem, name.p), mem)};
    struct rule_file_options opt = {
        .default_interval = DUR_MINUTES(1),
        .check_expr = case_get_bool(c, "validate_expressions") ? check_expr : NULL,
        .check_template = case_get_bool(c, "validate_templates") ? check_template : NULL,
    };
    struct err err = ERR_INIT;
    struct rule_files *files = rule_files_parse(&file, 1, &opt, &err);
    bool is_good = str_eq(case_get_text(c, "verdict", mem), S("good"));
    rule_files_unref(files);
    if ((files != NULL) != is_good)
        return case_fail(mem, "%s: %.*s", is_good ? "refused" : "accepted", STR(err_str(&err)));
    return str_find_str(err_str(&err), want) != STR_NONE
               ? NULL
               : case_fail(mem, "error \"%.*s\"", STR(err_str(&err)));
}

static void rule_files(void **state)
{
    (void)state;
    templates = rule_template_set_new();
    case_file_run("vm-rules", run_file);
    tpl_set_free(templates);
}

int test_vm_rules(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_ids),
        cmocka_unit_test(group_times),
        cmocka_unit_test(rule_files),
    };
    return run_group("vm-rules", tests);
}
