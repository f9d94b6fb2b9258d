// SPDX-License-Identifier: Apache-2.0
// The text of /metrics in client_golang's and in VictoriaMetrics' spelling.
#include <math.h>

#include "base/core/alloc.h"
#include "base/core/f64.h"
#include "base/core/metrics_internal.h"

struct writer {
    struct buf *out;
    bool is_vm;
};

static void put_value(const struct writer *w, double x)
{
    if (w->is_vm && x == trunc(x) && fabs(x) < 0x1p63)
        buf_put_i64(w->out, (int64_t)x);
    else if (x == 0)
        buf_put_c(w->out, '0'); // never -0
    else
        buf_put_f64_shortest(w->out, x);
}

static void put_escaped(struct buf *out, str s, bool quotes_too)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\\')
            buf_put(out, S("\\\\"));
        else if (c == '\n')
            buf_put(out, S("\\n"));
        else if (c == '"' && quotes_too)
            buf_put(out, S("\\\""));
        else
            buf_put_c(out, c);
    }
}

static void put_label(struct buf *out, str name, str value)
{
    buf_put(out, name);
    buf_put(out, S("=\""));
    put_escaped(out, value, true);
    buf_put_c(out, '"');
}

// {a="x",b="y"} with one more label behind the rest (le, vmrange, quantile), or nothing at all.
static void put_labels(const struct writer *w, const struct metric_family *f,
                       const struct metric_child *child, const char *extra_name, str extra_value)
{
    if (f->label_count == 0 && !extra_name)
        return;
    buf_put_c(w->out, '{');
    for (size_t i = 0; i < f->label_count; i++) {
        const struct metric_label *label = &f->labels[w->is_vm ? i : f->by_name[i]];
        if (i)
            buf_put(w->out, w->is_vm ? S(", ") : S(","));
        put_label(w->out, label->name,
                  label->is_constant ? label->value : child->values[label->value_index]);
    }
    if (extra_name) {
        if (f->label_count)
            buf_put_c(w->out, ',');
        put_label(w->out, str_c(extra_name), extra_value);
    }
    buf_put_c(w->out, '}');
}

static void put_line(const struct writer *w, const struct metric_family *f,
                     const struct metric_child *child, const char *suffix, double x)
{
    buf_put(w->out, str_c(f->name));
    buf_put(w->out, str_c(suffix));
    put_labels(w, f, child, NULL, S(""));
    buf_put_c(w->out, ' ');
    put_value(w, x);
    buf_put_c(w->out, '\n');
}

static void put_line_with(const struct writer *w, const struct metric_family *f,
                          const struct metric_child *child, const char *suffix,
                          const char *extra_name, str extra_value, double x)
{
    buf_put(w->out, str_c(f->name));
    buf_put(w->out, str_c(suffix));
    put_labels(w, f, child, extra_name, extra_value);
    buf_put_c(w->out, ' ');
    put_value(w, x);
    buf_put_c(w->out, '\n');
}

// ---- histograms and summaries --------------------------------------------------------------

static void put_histogram(const struct writer *w, const struct metric_family *f,
                          const struct metric_child *child)
{
    const struct histogram *h = child->value;
    if (f->kind == METRIC_HISTOGRAM) {
        defer(buf_done) struct buf bound = {0};
        uint64_t below = 0;
        for (size_t i = 0; i < h->bound_count; i++) {
            below += h->counts[i];
            buf_clear(&bound);
            buf_put_f64_shortest(&bound, h->bounds[i]);
            put_line_with(w, f, child, "_bucket", "le", buf_str(&bound), (double)below);
        }
        put_line_with(w, f, child, "_bucket", "le", S("+Inf"), (double)h->count);
    }
    put_line(w, f, child, "_sum", h->sum);
    put_line(w, f, child, "_count", (double)h->count);
}

// Bounds come from repeated multiplication, as upstream computes them, and are shown with four
// digits.
static uint64_t put_vmranges(const struct writer *w, const struct metric_family *f,
                             const struct metric_child *child)
{
    const struct vmrange *h = child->value;
    uint64_t total = h->below + h->above;
    if (h->below)
        put_line_with(w, f, child, "_bucket", "vmrange", S("0...1.000e-09"), (double)h->below);
    double factor = pow(10, 1.0 / VMRANGE_PER_DECADE);
    double upper = pow(10, VMRANGE_DECADE_MIN);
    for (size_t i = 0; i < VMRANGE_BUCKETS; i++) {
        double lower = upper;
        upper *= factor;
        if (!h->counts[i])
            continue;
        char range[48];
        int n = snprintf(range, sizeof(range), "%.3e...%.3e", lower, upper);
        put_line_with(w, f, child, "_bucket", "vmrange", str_from(range, (size_t)n),
                      (double)h->counts[i]);
        total += h->counts[i];
    }
    if (h->above)
        put_line_with(w, f, child, "_bucket", "vmrange", S("1.000e+18...+Inf"), (double)h->above);
    return total;
}

static void put_vmrange(const struct writer *w, const struct metric_family *f,
                        const struct metric_child *child)
{
    const struct vmrange *h = child->value;
    uint64_t total = put_vmranges(w, f, child);
    if (total == 0)
        return;
    put_line(w, f, child, "_sum", h->sum);
    put_line(w, f, child, "_count", (double)total);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void put_quantiles(const struct writer *w, const struct metric_family *f,
                          const struct metric_child *child)
{
    static const struct {
        double phi;
        const char *text;
    } QUANTILES[] = {{0.5, "0.5"}, {0.9, "0.9"}, {0.97, "0.97"}, {0.99, "0.99"}, {1, "1"}};
    const struct quantile_summary *s = child->value;
    double samples[2 * QUANTILE_SAMPLES_MAX];
    size_t current = (size_t)MIN(s->current.seen, QUANTILE_SAMPLES_MAX);
    size_t previous = (size_t)MIN(s->previous.seen, QUANTILE_SAMPLES_MAX);
    size_t n = current + previous;
    memcpy(samples, s->current.samples, current * sizeof(double));
    memcpy(samples + current, s->previous.samples, previous * sizeof(double));
    qsort(samples, n, sizeof(double), compare_doubles);
    if (s->count) {
        put_line(w, f, child, "_sum", s->sum);
        put_line(w, f, child, "_count", (double)s->count);
    }
    for (size_t i = 0; i < ARRAY_LEN(QUANTILES) && n > 0; i++) {
        size_t at = MIN(n - 1, (size_t)(QUANTILES[i].phi * (double)(n - 1) + 0.5));
        put_line_with(w, f, child, "", "quantile", str_c(QUANTILES[i].text), samples[at]);
    }
}

// ---- families ------------------------------------------------------------------------------

static const char *kind_name(enum metric_kind kind)
{
    switch (kind) {
    case METRIC_COUNTER:
        return "counter";
    case METRIC_GAUGE:
        return "gauge";
    case METRIC_HISTOGRAM:
    case METRIC_VMRANGE:
        return "histogram";
    case METRIC_SUMMARY:
    case METRIC_QUANTILES:
        return "summary";
    }
    return "untyped";
}

static void put_child(const struct writer *w, const struct metric_family *f,
                      const struct metric_child *child)
{
    switch (f->kind) {
    case METRIC_COUNTER:
    case METRIC_GAUGE:
        put_line(w, f, child, "", ((const struct metric *)child->value)->value);
        return;
    case METRIC_HISTOGRAM:
    case METRIC_SUMMARY:
        put_histogram(w, f, child);
        return;
    case METRIC_VMRANGE:
        put_vmrange(w, f, child);
        return;
    case METRIC_QUANTILES:
        put_quantiles(w, f, child);
        return;
    }
}

// By label values in the order in which they are shown.
static int compare_children(const void *a, const void *b, void *owner)
{
    const struct metric_child *x = *(struct metric_child *const *)a;
    const struct metric_child *y = *(struct metric_child *const *)b;
    const struct metric_family *f = owner;
    for (size_t i = 0; i < f->label_count; i++) {
        const struct metric_label *label = &f->labels[f->by_name[i]];
        int order = label->is_constant
                        ? 0
                        : str_cmp(x->values[label->value_index], y->values[label->value_index]);
        if (order)
            return order;
    }
    return 0;
}

static void sort_children(struct metric_family *f)
{
    if (f->sorted && !f->sorted_is_stale)
        return;
    f->sorted = mem_resize(f->sorted, MAX(f->children.count, 1), sizeof(struct metric_child *));
    size_t count = 0;
    map_each (struct metric_child, child, &f->children)
        f->sorted[count++] = child;
    qsort_r(f->sorted, count, sizeof(struct metric_child *), compare_children, f);
    f->sorted_is_stale = false;
}

static void put_metadata(const struct writer *w, const struct metric_family *f)
{
    buf_printf(w->out, "# HELP %s", f->name);
    if (!w->is_vm) {
        buf_put_c(w->out, ' ');
        put_escaped(w->out, str_c(f->help), false);
    }
    buf_printf(w->out, "\n# TYPE %s %s\n", f->name, kind_name(f->kind));
}

static void expose(struct metrics *m, const struct writer *w, bool with_metadata)
{
    for (size_t i = 0; i < m->collector_count; i++)
        m->collectors[i].fn(m->collectors[i].owner);
    for (size_t i = 0; i < m->family_count; i++) {
        struct metric_family *f = m->families[i];
        if (f->children.count == 0)
            continue;
        sort_children(f);
        if (with_metadata)
            put_metadata(w, f);
        for (size_t k = 0; k < f->children.count; k++)
            put_child(w, f, f->sorted[k]);
    }
}

void metrics_expose(struct metrics *m, bool with_metadata, struct buf *out)
{
    expose(m, &(struct writer){.out = out}, with_metadata);
}

void metrics_expose_vm(struct metrics *m, bool with_metadata, struct buf *out)
{
    expose(m, &(struct writer){.out = out, .is_vm = true}, with_metadata);
}
