// SPDX-License-Identifier: Apache-2.0
#include "base/core/metrics.h"

#include <math.h>

#include "base/core/f64.h"
#include "tests/support/check.h"

static void check_exposed(struct metrics *m, bool with_metadata, const char *want)
{
    defer(buf_done) struct buf out = {0};
    metrics_expose(m, with_metadata, &out);
    check_str(buf_str(&out), str_c(want));
}

static void check_exposed_vm(struct metrics *m, bool with_metadata, const char *want)
{
    defer(buf_done) struct buf out = {0};
    metrics_expose_vm(m, with_metadata, &out);
    check_str(buf_str(&out), str_c(want));
}

static void numbers_print_as_go_prints_them(void **state)
{
    (void)state;
    static const struct {
        double x;
        const char *want;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-17, "-17"},
        {0.1, "0.1"},
        {1e6, "1e+06"},
        {999999, "999999"},
        {1234567, "1.234567e+06"},
        {123456.789, "123456.789"},
        {0.0001, "0.0001"},
        {0.00001, "1e-05"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {5e-324, "5e-324"},
        {1.0 / 3, "0.3333333333333333"},
        {0.1 + 0.2, "0.30000000000000004"},
        {100000.5, "100000.5"},
        {1700000000.123, "1.700000000123e+09"},
        {INFINITY, "+Inf"},
        {-INFINITY, "-Inf"},
        {NAN, "NaN"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        defer(buf_done) struct buf out = {0};
        buf_put_f64_shortest(&out, cases[i].x);
        check_str(buf_str(&out), str_c(cases[i].want));
        if (!isnan(cases[i].x)) {
            double back;
            assert_true(str_to_f64(buf_str(&out), &back) && back == cases[i].x);
        }
    }
}

static void families_and_series_are_sorted(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    struct metric_family *f = metrics_family(m, METRIC_COUNTER, "b_total", "Two\nlines \\ here.",
                                             "z,a,version=v2", NULL, 0);
    metric_inc(metric_get(f, (str[]){S("1"), S("y")}));
    metric_add(metric_get(f, (str[]){S("2"), S("x")}), 2.5);
    metric_inc(metric_get(f, (str[]){S("1"), S("y")}));
    metric_set(metric_get(f, (str[]){S("q\"\\\n"), S("x")}), 1e9);
    metric_set(metrics_gauge(m, "a", "One."), -1);
    metrics_family(m, METRIC_GAUGE, "empty", "Not shown.", "x", NULL, 0);
    check_exposed(m, true,
                  "# HELP a One.\n# TYPE a gauge\na -1\n"
                  "# HELP b_total Two\\nlines \\\\ here.\n# TYPE b_total counter\n"
                  "b_total{a=\"x\",version=\"v2\",z=\"2\"} 2.5\n"
                  "b_total{a=\"x\",version=\"v2\",z=\"q\\\"\\\\\\n\"} 1e+09\n"
                  "b_total{a=\"y\",version=\"v2\",z=\"1\"} 2\n");
    check_exposed_vm(m, false,
                     "a -1\n"
                     "b_total{z=\"2\", a=\"x\", version=\"v2\"} 2.5\n"
                     "b_total{z=\"q\\\"\\\\\\n\", a=\"x\", version=\"v2\"} 1000000000\n"
                     "b_total{z=\"1\", a=\"y\", version=\"v2\"} 2\n");
    metrics_free(m);
}

static void children_come_and_go(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    struct metric_family *f = metrics_family(m, METRIC_GAUGE, "g", "G.", "x", NULL, 0);
    struct metric *a = metric_get(f, (str[]){S("a")});
    assert_ptr_equal(a, metric_get(f, (str[]){S("a")}));
    metric_get(f, (str[]){S("b")});
    check_exposed(m, false, "g{x=\"a\"} 0\ng{x=\"b\"} 0\n");
    metric_remove(f, (str[]){S("a")});
    metric_remove(f, (str[]){S("nosuch")});
    metric_get(f, (str[]){S("0")});
    check_exposed(m, false, "g{x=\"0\"} 0\ng{x=\"b\"} 0\n");
    metric_remove_all(f);
    check_exposed(m, true, "");
    metric_get(f, (str[]){S("c")});
    check_exposed(m, false, "g{x=\"c\"} 0\n");
    // The same family again is the same family.
    assert_ptr_equal(f, metrics_family(m, METRIC_GAUGE, "g", "G.", "x", NULL, 0));
    metrics_free(m);
}

static void too_many_children_share_one(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    struct metric_family *f = metrics_family(m, METRIC_COUNTER, "c", "C.", "x,y", NULL, 0);
    char name[32];
    for (int i = 0; i < METRIC_CHILDREN_MAX + 10; i++) {
        int n = snprintf(name, sizeof(name), "%d", i);
        metric_inc(metric_get(f, (str[]){str_from(name, (size_t)n), S("")}));
    }
    assert_true(metric_get(f, (str[]){S("overflow"), S("overflow")})->value == 10);
    assert_true(metric_get(f, (str[]){S("5"), S("")})->value == 1);
    metrics_free(m);
}

static void histograms_add_up(void **state)
{
    (void)state;
    static const double BOUNDS[] = {.5, 1, 1e6};
    struct metrics *m = metrics_new();
    struct histogram *h = metrics_histogram(m, "h", "H.", BOUNDS, ARRAY_LEN(BOUNDS));
    histogram_observe(h, .5); // a bound belongs to its bucket
    histogram_observe(h, .75);
    histogram_observe(h, 2e6);
    struct metric_family *s = metrics_family(m, METRIC_SUMMARY, "s", "S.", "k", NULL, 0);
    histogram_observe(histogram_get(s, (str[]){S("v")}), 3);
    check_exposed(m, true,
                  "# HELP h H.\n# TYPE h histogram\n"
                  "h_bucket{le=\"0.5\"} 1\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"1e+06\"} 2\n"
                  "h_bucket{le=\"+Inf\"} 3\nh_sum 2.00000125e+06\nh_count 3\n"
                  "# HELP s S.\n# TYPE s summary\ns_sum{k=\"v\"} 3\ns_count{k=\"v\"} 1\n");
    metrics_free(m);
}

static void vm_histograms_show_only_what_was_hit(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    struct metric_family *f = metrics_family(m, METRIC_VMRANGE, "d", "D.", "addr", NULL, 0);
    struct vmrange *h = vmrange_get(f, (str[]){S("x")});
    check_exposed_vm(m, false, "");
    vmrange_observe(h, 0.0012);
    vmrange_observe(h, 0.0012);
    vmrange_observe(h, 0);
    vmrange_observe(h, 1e19);
    vmrange_observe(h, -1);
    vmrange_observe(h, NAN);
    check_exposed_vm(m, false,
                     "d_bucket{addr=\"x\",vmrange=\"0...1.000e-09\"} 1\n"
                     "d_bucket{addr=\"x\",vmrange=\"1.136e-03...1.292e-03\"} 2\n"
                     "d_bucket{addr=\"x\",vmrange=\"1.000e+18...+Inf\"} 1\n"
                     "d_sum{addr=\"x\"} 1e+19\nd_count{addr=\"x\"} 4\n");
    metrics_free(m);
}

static void every_value_lands_in_one_vmrange(void **state)
{
    (void)state;
    struct vmrange h = {0};
    uint64_t observed = 0;
    for (int i = 0; i < 7000; i++, observed++)
        vmrange_observe(&h, 1e-11 * pow(1.01, i));
    uint64_t counted = h.below + h.above;
    for (size_t i = 0; i < VMRANGE_BUCKETS; i++) {
        counted += h.counts[i];
        assert_in_range(h.counts[i], 12, 14); // each is a factor of 10^(1/18) wide
    }
    assert_int_equal(counted, observed);
}

static void vm_summaries_forget(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    struct metric_family *f = metrics_family(m, METRIC_QUANTILES, "q", "Q.", "group", NULL, 0);
    struct quantile_summary *s = quantile_summary_get(f, (str[]){S("g")});
    for (int i = 1; i <= 100; i++)
        quantile_summary_observe(s, i);
    check_exposed_vm(m, true,
                     "# HELP q\n# TYPE q summary\n"
                     "q_sum{group=\"g\"} 5050\nq_count{group=\"g\"} 100\n"
                     "q{group=\"g\",quantile=\"0.5\"} 51\nq{group=\"g\",quantile=\"0.9\"} 90\n"
                     "q{group=\"g\",quantile=\"0.97\"} 97\nq{group=\"g\",quantile=\"0.99\"} 99\n"
                     "q{group=\"g\",quantile=\"1\"} 100\n");
    quantile_summary_rotate(f);
    quantile_summary_observe(s, 1000);
    defer(buf_done) struct buf out = {0};
    metrics_expose_vm(m, false, &out);
    assert_true(str_find_str(buf_str(&out), S("quantile=\"1\"} 1000\n")) != STR_NONE);
    assert_true(str_find_str(buf_str(&out), S("quantile=\"0.5\"} 51\n")) != STR_NONE);
    quantile_summary_rotate(f);
    quantile_summary_rotate(f);
    check_exposed_vm(m, false, "q_sum{group=\"g\"} 6050\nq_count{group=\"g\"} 101\n");
    for (int i = 0; i < 100000; i++) // far more than are kept
        quantile_summary_observe(s, i % 10);
    buf_clear(&out);
    metrics_expose_vm(m, false, &out);
    assert_true(str_find_str(buf_str(&out), S("quantile=\"1\"} 9\n")) != STR_NONE);
    metrics_free(m);
}

static void set_to_seven(void *owner)
{
    metric_set(metric_get(owner, (str[]){S("now")}), 7);
}

static void collectors_run_at_each_exposition(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    struct metric_family *f = metrics_family(m, METRIC_GAUGE, "g", "G.", "x", NULL, 0);
    metrics_on_collect(m, set_to_seven, f);
    check_exposed(m, false, "g{x=\"now\"} 7\n");
    metrics_free(m);
}

int test_metrics(void);
int test_metrics(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_print_as_go_prints_them),
        cmocka_unit_test(families_and_series_are_sorted),
        cmocka_unit_test(children_come_and_go),
        cmocka_unit_test(too_many_children_share_one),
        cmocka_unit_test(histograms_add_up),
        cmocka_unit_test(vm_histograms_show_only_what_was_hit),
        cmocka_unit_test(every_value_lands_in_one_vmrange),
        cmocka_unit_test(vm_summaries_forget),
        cmocka_unit_test(collectors_run_at_each_exposition),
    };
    return run_group("metrics", tests);
}
