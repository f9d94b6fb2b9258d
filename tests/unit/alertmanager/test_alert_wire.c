// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/alert_wire.h"

#include "tests/support/check.h"

struct world {
    struct label_store labels;
    struct arena mem;
    struct buf record;
};

static void world_init(struct world *w)
{
    *w = (struct world){0};
    label_store_init(&w->labels, 3);
}

static void world_done(struct world *w)
{
    label_store_done(&w->labels);
    arena_done(&w->mem);
    buf_done(&w->record);
}

static struct alert *make(struct world *w)
{
    struct label labels[] = {{S("alertname"), S("Disk")}, {S("größe"), S("1\n")}};
    struct label annotations[] = {{S("empty"), S("")}, {S("summary"), S("full")}};
    struct alert_draft d = {.labels = labels,
                            .label_count = 2,
                            .annotations = annotations,
                            .annotation_count = 2,
                            .starts_at = {DUR_SECONDS(1), 3600},
                            .ends_at = {DUR_SECONDS(301), -5400},
                            .generator_url = S("http://g"),
                            .is_timeout = true};
    return alert_new(&w->labels, &d, DUR_SECONDS(-7));
}

static void encode(struct world *w, const struct alert *a)
{
    buf_clear(&w->record);
    alert_record_encode(a, 300, &w->record);
}

static void a_version_comes_back_as_it_was(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct alert *a = make(&w);
    a->is_noted = true;
    encode(&w, a);
    struct alert_record r;
    struct err err = ERR_INIT;
    assert_true(alert_record_decode(buf_str(&w.record), &w.mem, &r, &err));
    assert_int_equal(r.number, 300);
    assert_true(r.is_noted && !r.is_over && r.draft.is_timeout);
    assert_int_equal(r.updated_at, DUR_SECONDS(-7));
    struct alert *b = alert_new(&w.labels, &r.draft, r.updated_at);
    assert_ptr_equal(a->labels, b->labels);
    assert_ptr_equal(a->annotations, b->annotations);
    assert_ptr_equal(a->generator_url, b->generator_url);
    assert_int_equal(b->starts_at.t, DUR_SECONDS(1));
    assert_int_equal(b->starts_at.offset_s, 3600);
    assert_int_equal(b->ends_at.t, DUR_SECONDS(301));
    assert_int_equal(b->ends_at.offset_s, -5400);
    alert_unref(a);
    alert_unref(b);
    world_done(&w);
}

// The example of docs/wire/alerts.md.
static void the_bytes_are_those_of_the_page(void **state)
{
    (void)state;
    static const char HEX[] = "0101ac02"
                              "0209616c6572746e616d65044469736b076772c3b6c39f6502310a"
                              "000000003b9aca0000000e10"
                              "0000004614ff8200"
                              "ffffeae8"
                              "fffffffe5ec47a00"
                              "0205656d707479000773756d6d6172790466756c6c"
                              "08687474703a2f2f67";
    struct world w;
    world_init(&w);
    struct alert *a = make(&w);
    encode(&w, a);
    defer(buf_done) struct buf hex = {0};
    buf_put_hex(&hex, buf_str(&w.record));
    check_str(buf_str(&hex), str_c(HEX));

    a->is_over = true;
    encode(&w, a);
    buf_clear(&hex);
    buf_put_hex(&hex, buf_str(&w.record));
    check_str(buf_str(&hex), S("0103ac020209616c6572746e616d65044469736b076772c3b6c39f6502310a"));
    alert_unref(a);
    world_done(&w);
}

static void of_a_held_alert_the_promised_end_is_kept(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct label labels[] = {{S("a"), S("b")}};
    struct alert_draft d = {.labels = labels, .label_count = 1, .ends_at = {DUR_SECONDS(5), 0}};
    struct alert_restored *v = alert_restored_new(&w.labels, &d, 0);
    v->alert.ends_at.t = DUR_SECONDS(500);
    encode(&w, &v->alert);
    struct alert_record r;
    struct err err = ERR_INIT;
    assert_true(alert_record_decode(buf_str(&w.record), &w.mem, &r, &err));
    assert_int_equal(r.draft.ends_at.t, DUR_SECONDS(5));
    alert_unref(&v->alert);
    world_done(&w);
}

static bool decodes(struct world *w, str record)
{
    struct alert_record r;
    struct err err = ERR_INIT;
    bool ok = alert_record_decode(record, &w->mem, &r, &err);
    assert_int_equal(ok, err.code == ERR_NONE);
    arena_clear(&w->mem);
    return ok;
}

static void what_is_cut_or_too_long_is_no_record(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct alert *a = make(&w);
    encode(&w, a);
    for (size_t n = 0; n < w.record.n; n++)
        assert_false(decodes(&w, str_from(w.record.p, n)));
    assert_true(decodes(&w, buf_str(&w.record)));
    buf_put_c(&w.record, 0);
    assert_false(decodes(&w, buf_str(&w.record)));
    alert_unref(a);
    world_done(&w);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const records[] = {
        "\x02\x02\x01\x01\x01"
        "a\x01"
        "b", // another version
        "\x01\x0a\x01\x01\x01"
        "a\x01"
        "b", // an unknown flag
        "\x01\x02\x01\x01\x01"
        "a\x01\xff", // no UTF-8
        "\x01\x02\x01\x02\x01"
        "b\x01"
        "1\x01"
        "a\x01"
        "1", // not sorted
        "\x01\x02\x01\x02\x01"
        "a\x01"
        "1\x01"
        "a\x01"
        "1",                                                   // twice
        "\x01\x02\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" // no such count
    };
    struct world w;
    world_init(&w);
    for (size_t i = 0; i < ARRAY_LEN(records); i++) {
        if (decodes(&w, str_c(records[i])))
            fail_msg("record %zu was taken", i);
    }
    assert_true(decodes(&w, S("\x01\x02\x01\x01\x01"
                              "a\x01"
                              "b")));
    assert_false(decodes(&w, str_from("\x01\x02\x01\x00", 4))); // no label
    world_done(&w);
}

int test_alert_wire(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_comes_back_as_it_was),
        cmocka_unit_test(the_bytes_are_those_of_the_page),
        cmocka_unit_test(of_a_held_alert_the_promised_end_is_kept),
        cmocka_unit_test(what_is_cut_or_too_long_is_no_record),
        cmocka_unit_test(nonsense_is_refused),
    };
    return run_group("alert_wire", tests);
}
