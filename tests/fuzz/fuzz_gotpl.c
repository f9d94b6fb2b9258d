// SPDX-License-Identifier: Apache-2.0
// Templates from a stranger: compiled, analysed and executed by both engines within small limits.
// A compiled template is immutable: executed again, it must give the same. First byte: bit 0 the
// engine, bits 1-2 what a missing key gives.
#include "base/text/gotpl.h"
#include "notify/tpldata.h"
#include "notify/tplfuncs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tpl_value sample(struct tpldata *d, struct tpldata_alert *alerts,
                               const struct label *labels)
{
    const struct tplkv kv = {labels, 2};
    for (int i = 0; i < 2; i++)
        alerts[i] = (struct tpldata_alert){.status = i == 1 ? S("resolved") : S("firing"),
                                           .labels = kv,
                                           .annotations = kv,
                                           .starts_at = gotime_utc(1700000000, 5),
                                           .ends_at = gotime_zero(),
                                           .generator_url = S("http://p/graph?x=1&y='<"),
                                           .fingerprint = S("0123456789abcdef")};
    *d = (struct tpldata){.receiver = S("team"),
                          .status = S("firing"),
                          .alerts = alerts,
                          .alert_count = 2,
                          .group_labels = kv,
                          .common_labels = kv,
                          .common_annotations = kv,
                          .route_labels = kv,
                          .external_url = S("http://am")};
    return tpldata_value(d);
}

// True if it ran through; its output is then in *out.
static bool execute(const struct tpl_set *set, struct tpl_run *run, struct buf *out)
{
    static const struct tpl_limits LIMITS = {
        .steps = 20000, .depth = 100, .output_bytes = 1 << 20, .memory_bytes = 8 << 20};
    struct err err = ERR_INIT;
    struct tplfuncs_context context = {.now = DUR_SECONDS(1700000000)};
    run->context = &context;
    run->limits = &LIMITS;
    return tpl_execute(set, S(""), run, out, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct label LABELS[] = {
        {{"a", 1}, {"{{ .Status }}\xff<b>", 15}},
        {{"alertname", 9}, {"{{ routeLabels `alertname` }}", 29}}};
    if (size == 0)
        return 0;
    struct tpldata d;
    struct tpldata_alert alerts[2];
    struct arena mem = {0};
    struct buf out = {.max = 2 << 20}, again = {.max = 2 << 20};
    struct err err = ERR_INIT;
    struct tpl_run run = {.data = sample(&d, alerts, LABELS), .mem = &mem};
    struct tpl_set *base =
        tpl_set_new(&(struct tpl_options){.is_html = data[0] & 1,
                                          .missing_key = (enum tpl_missing_key)((data[0] >> 1) % 3),
                                          .tables = &TPLFUNCS,
                                          .table_count = 1});
    struct tpl_set *set = tpl_compile(base, str_from(data + 1, size - 1), &err);
    if (set) {
        bool ok = execute(set, &run, &out);
        arena_clear(&mem);
        assert(execute(set, &run, &again) == ok);
        assert(str_eq(buf_str(&out), buf_str(&again)));
    }
    tpl_set_free(set);
    tpl_set_free(base);
    buf_done(&out);
    buf_done(&again);
    arena_done(&mem);
    return 0;
}
