// SPDX-License-Identifier: Apache-2.0
#include "base/io/process_metrics.h"

#include "tests/support/check.h"

// The value of a series without labels; fails if it is not there.
static double value_of(str exposed, const char *name)
{
    str line;
    while (exposed.n) {
        str_cut(exposed, '\n', &line, &exposed);
        str key, value;
        double x;
        if (str_cut(line, ' ', &key, &value) && str_eq(key, str_c(name)) && str_to_f64(value, &x))
            return x;
    }
    fail_msg("no %s", name);
    return 0;
}

static void client_golang_families_are_there(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    struct process_metrics *p = process_metrics_new(m, PROCESS_METRICS_CLIENT_GOLANG);
    defer(buf_done) struct buf out = {0};
    metrics_expose(m, true, &out);
    str text = buf_str(&out);
    assert_true(value_of(text, "process_cpu_seconds_total") >= 0);
    assert_true(value_of(text, "process_open_fds") >= 3);
    assert_true(value_of(text, "process_max_fds") >= value_of(text, "process_open_fds"));
    assert_true(value_of(text, "process_resident_memory_bytes") > 1e5);
    assert_true(value_of(text, "process_virtual_memory_bytes") >
                value_of(text, "process_resident_memory_bytes"));
    assert_true(value_of(text, "process_virtual_memory_max_bytes") > 1e6);
    assert_true(value_of(text, "process_start_time_seconds") > 1.5e9);
    assert_true(value_of(text, "process_network_receive_bytes_total") >= 0);
    assert_true(str_find_str(text, S("# TYPE process_cpu_seconds_total counter\n")) != STR_NONE);
    assert_true(str_find_str(text, S("process_num_threads")) == STR_NONE);
    metrics_free(m);
    process_metrics_free(p);
}

static void vm_families_are_there(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    struct process_metrics *p = process_metrics_new(m, PROCESS_METRICS_VM);
    defer(buf_done) struct buf out = {0};
    metrics_expose_vm(m, false, &out);
    buf_clear(&out);
    metrics_expose_vm(m, false, &out); // collecting twice changes nothing
    str text = buf_str(&out);
    assert_true(value_of(text, "process_num_threads") >= 1);
    assert_true(value_of(text, "process_resident_memory_peak_bytes") >=
                value_of(text, "process_resident_memory_anon_bytes"));
    assert_true(value_of(text, "process_minor_pagefaults_total") > 0);
    assert_true(value_of(text, "process_cpu_cores_available") > 0);
    assert_true(value_of(text, "process_memory_limit_bytes") > 1e6);
    double user = value_of(text, "process_cpu_seconds_user_total");
    double system = value_of(text, "process_cpu_seconds_system_total");
    double sum = value_of(text, "process_cpu_seconds_total") - user - system;
    assert_true(sum > -0.001 && sum < 0.001);
    metrics_free(m);
    process_metrics_free(p);
}

int test_process_metrics(void);
int test_process_metrics(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_golang_families_are_there),
        cmocka_unit_test(vm_families_are_there),
    };
    return run_group("process_metrics", tests);
}
