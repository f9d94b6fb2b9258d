// SPDX-License-Identifier: Apache-2.0
// Rules, a NUL, and a series to apply them to. Rules that load are printed; the printed text must
// load and print the same, and do the same to the series.
#include "base/model/relabel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static str printed(const struct yaml_list *confs, struct arena *mem)
{
    struct buf text = {0};
    relabel_confs_print(&text, confs);
    str s = arena_str(mem, buf_str(&text));
    buf_done(&text);
    return s;
}

static str applied(const struct relabel *rules, str series, struct arena *mem)
{
    struct label_list labels = {.mem = mem};
    struct buf text = {0};
    if (!label_list_parse_input(series, &labels, NULL))
        return (str){0};
    relabel_apply(rules, &labels);
    for (size_t i = 0; i < labels.count; i++) {
        if (labels.items[i].name.n == 0 || labels.items[i].value.n == 0)
            abort();
    }
    buf_put_metric(&text, &labels);
    str s = arena_str(mem, buf_str(&text));
    buf_done(&text);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str config, series;
    struct arena mem = {0};
    struct err err = ERR_INIT;
    struct yaml_list confs = {0}, again = {0};
    struct relabel *rules = NULL, *same = NULL;
    str_cut(str_from(data, size), '\0', &config, &series);
    bool ok = relabel_confs_parse(config, &mem, &confs, &err) && relabel_new(&confs, &rules, &err);
    if (!ok && err.n == 0)
        abort();
    if (ok) {
        str text = printed(&confs, &mem);
        if (!relabel_confs_parse(text, &mem, &again, &err) || !relabel_new(&again, &same, &err) ||
            !str_eq(printed(&again, &mem), text) ||
            !str_eq(applied(rules, series, &mem), applied(same, series, &mem)))
            abort();
    }
    relabel_free(rules);
    relabel_free(same);
    arena_done(&mem);
    return 0;
}
