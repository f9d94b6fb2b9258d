// SPDX-License-Identifier: Apache-2.0
// Records of the alerts' journal: whatever is accepted is an alert that is written as it was read.
#include "alertmanager/alert_wire.h"

static void check(bool claim)
{
    if (!claim)
        abort();
}

static void same_labels(const struct label *a, const struct label *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(str_eq(a[i].name, b[i].name) && str_eq(a[i].value, b[i].value));
}

static void same(const struct alert_record *a, const struct alert_record *b)
{
    const struct alert_draft *x = &a->draft, *y = &b->draft;
    check(a->number == b->number && a->is_over == b->is_over && a->is_noted == b->is_noted);
    check(x->label_count == y->label_count && x->annotation_count == y->annotation_count);
    same_labels(x->labels, y->labels, x->label_count);
    same_labels(x->annotations, y->annotations, x->annotation_count);
    check(x->starts_at.t == y->starts_at.t && x->starts_at.offset_s == y->starts_at.offset_s);
    check(x->ends_at.t == y->ends_at.t && x->ends_at.offset_s == y->ends_at.offset_s);
    check(a->updated_at == b->updated_at && str_eq(x->generator_url, y->generator_url));
    check(x->is_timeout == y->is_timeout);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena mem = {0};
    struct err err = ERR_INIT;
    struct alert_record record, again;
    if (!alert_record_decode(str_from(bytes, n), &mem, &record, &err)) {
        check(err.code != ERR_NONE);
        arena_done(&mem);
        return 0;
    }
    struct label_store labels;
    label_store_init(&labels, 1);
    struct alert *a = alert_new(&labels, &record.draft, record.updated_at);
    a->is_over = record.is_over;
    a->is_noted = record.is_noted;
    struct buf written = {0};
    alert_record_encode(a, record.number, &written);
    check(alert_record_decode(buf_str(&written), &mem, &again, &err));
    same(&record, &again);
    buf_done(&written);
    alert_unref(a);
    label_store_done(&labels);
    arena_done(&mem);
    return 0;
}
