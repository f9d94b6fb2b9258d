// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/silence.h"

#include "alertmanager/silence_wire.h"
#include "base/core/rand.h"
#include "base/text/pb.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

struct peer {
    struct fake_env fake;
    struct silences *s;
    struct silences_options opt;
    struct label_store labels;
    struct journal_report report;
    struct buf sent;
    size_t changes, answers, errors;
    str id; // of the latest silence made
    char id_text[SILENCE_ID_BYTES];
};

static void peer_broadcast(void *owner, str records)
{
    buf_put(&((struct peer *)owner)->sent, records);
}

static void peer_changed(void *owner, const struct silence *s)
{
    assert_true(s->id.n > 0);
    ((struct peer *)owner)->changes++;
}

static void peer_answer(void *owner, const struct err *err)
{
    struct peer *p = owner;
    p->answers++;
    p->errors += err->code != ERR_NONE;
}

static void peer_open(struct peer *p)
{
    p->s = silences_new(&p->fake.env, &p->opt, &p->report, NULL);
    assert_non_null(p->s);
}

static void peer_init(struct peer *p)
{
    *p = (struct peer){0};
    fake_env_init(&p->fake);
    label_store_init(&p->labels, 1);
    p->opt = (struct silences_options){
        .path = S("/data/silences"),
        .retention = DUR_HOURS(120),
        .names = NAME_UTF8,
        .out = {.broadcast = peer_broadcast, .on_change = peer_changed, .owner = p},
    };
    peer_open(p);
}

static void peer_crash(struct peer *p)
{
    silences_free(p->s);
    fake_env_reboot(&p->fake);
    peer_open(p);
}

static void peer_done(struct peer *p)
{
    silences_free(p->s);
    label_store_done(&p->labels);
    fake_env_done(&p->fake);
    buf_done(&p->sent);
}

// "a=1 b=~x.*" or "a=1 | b=2": sets are separated by a bar.
static size_t parse_sets(const char *text, struct silence_matcher *items,
                         struct silence_matcher_set *sets)
{
    size_t item_count = 0, set_count = 1;
    sets[0] = (struct silence_matcher_set){items, 0};
    for (str rest = str_c(text), word; rest.n > 0;) {
        str_cut(rest, ' ', &word, &rest);
        if (str_eq(word, S("|"))) {
            sets[set_count++] = (struct silence_matcher_set){items + item_count, 0};
            continue;
        }
        static const char *const OPS[] = {"!=", "=~", "!~", "="};
        static const enum matcher_op VALUES[] = {MATCH_NE, MATCH_RE, MATCH_NRE, MATCH_EQ};
        for (size_t i = 0; i < ARRAY_LEN(OPS); i++) {
            size_t at = str_find_str(word, str_c(OPS[i]));
            if (at == STR_NONE)
                continue;
            items[item_count++] = (struct silence_matcher){VALUES[i], str_slice(word, 0, at),
                                                           str_skip(word, at + strlen(OPS[i]))};
            break;
        }
        sets[set_count - 1].count++;
    }
    return set_count;
}

static bool peer_try(struct peer *p, str id, const char *sets_text, dur_ns from, dur_ns to,
                     struct err *err)
{
    struct silence_matcher items[32];
    struct silence_matcher_set sets[8];
    struct silence_input in = {
        .id = id,
        .sets = sets,
        .set_count = parse_sets(sets_text, items, sets),
        .starts_at = p->fake.now + from,
        .ends_at = p->fake.now + to,
        .created_by = S("me"),
        .comment = S("why"),
    };
    const struct silence *s = silences_set(p->s, &in, peer_answer, p, err);
    if (!s)
        return false;
    assert_int_equal(s->id.n, SILENCE_ID_BYTES);
    memcpy(p->id_text, s->id.p, s->id.n);
    p->id = str_from(p->id_text, s->id.n);
    return true;
}

static void peer_set(struct peer *p, str id, const char *sets_text, dur_ns from, dur_ns to)
{
    struct err err = ERR_INIT;
    peer_try(p, id, sets_text, from, to, &err);
    check_err(&err, "");
}

static size_t peer_take(struct peer *p, str records)
{
    size_t changed;
    struct err err = ERR_INIT;
    silences_merge(p->s, records, &changed, &err);
    check_err(&err, "");
    return changed;
}

// "a=1 b=2"
static struct labels *peer_labels(struct peer *p, const char *text)
{
    struct label labels[16];
    size_t count = 0;
    for (str rest = str_c(text), word; rest.n > 0;) {
        str_cut(rest, ' ', &word, &rest);
        str_cut(word, '=', &labels[count].name, &labels[count].value);
        count++;
    }
    return labels_get(&p->labels, labels, count);
}

static size_t mute_count(struct peer *p, const char *text)
{
    struct labels *l = peer_labels(p, text);
    struct silence_ids ids;
    bool is_muted = silences_mutes(p->s, l, &ids);
    assert_int_equal(is_muted, ids.count > 0);
    labels_unref(l);
    return ids.count;
}

// ---- changes ------------------------------------------------------------------------------------

static void ids_are_uuids_of_version_4(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    for (int i = 0; i < 200; i++) {
        peer_set(&p, S(""), "a=1", 0, DUR_HOURS(1));
        assert_int_equal(p.id.p[14], '4');
        assert_non_null(strchr("89ab", p.id.p[19]));
        for (size_t k = 0; k < p.id.n; k++)
            assert_int_equal(p.id.p[k] == '-', k == 8 || k == 13 || k == 18 || k == 23);
    }
    assert_int_equal(silences_stats(p.s)->stored, 200); // all differ
    peer_done(&p);
}

static void a_silence_is_durable_and_told(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    peer_set(&p, S(""), "a=1 b=~x.* | c!=2 d!~y", 0, DUR_HOURS(1));
    assert_int_equal(p.answers, 0);
    assert_int_equal(p.changes, 1);
    fake_env_settle(&p.fake);
    assert_int_equal(p.answers, 1);
    str stream = buf_str(&p.sent), record;
    assert_int_equal(pb_take_record(&stream, 1000, &record, NULL), PB_RECORD);
    assert_int_equal(stream.n, 0);
    peer_crash(&p);
    const struct silence *s = silences_find(p.s, p.id);
    assert_non_null(s);
    assert_int_equal(s->set_count, 2);
    check_str(s->sets[0].items[1].value, S("x.*"));
    assert_int_equal(s->sets[1].items[1].op, MATCH_NRE);
    check_str(s->created_by, S("me"));
    check_str(s->comment, S("why"));
    assert_int_equal(s->expires_at, s->ends_at + DUR_HOURS(120));
    struct buf all = {0};
    silences_marshal(p.s, &all);
    check_str(buf_str(&all), buf_str(&p.sent));
    buf_done(&all);
    peer_done(&p);
}

static void check_refused(struct peer *p, str id, const char *sets, dur_ns from, dur_ns to,
                          enum err_code code, const char *text)
{
    struct err err = ERR_INIT;
    assert_false(peer_try(p, id, sets, from, to, &err));
    check_err(&err, text);
    assert_int_equal(err.code, code);
}

static void bad_silences_are_refused_with_upstreams_texts(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    check_refused(&p, S("x"), "a=1", 0, 1, ERR_NOT_FOUND, "silence not found");
    check_refused(&p, S(""), "", 0, 1, ERR_INVALID, "invalid silence: matcher set 0 is empty");
    check_refused(&p, S(""), "a=1 |", 0, 1, ERR_INVALID, "invalid silence: matcher set 1 is empty");
    check_refused(&p, S(""), "a= b=~.* | c=1", 0, 1, ERR_INVALID,
                  "invalid silence: matcher set 0: at least one matcher must not match the empty "
                  "string");
    check_refused(&p, S(""), "a=1 =2", 0, 1, ERR_INVALID,
                  "invalid silence: invalid label matcher 1 in set 0: invalid label name \"\"");
    check_refused(&p, S(""), "a=1 | b=\xff", 0, 1, ERR_INVALID,
                  "invalid silence: invalid label matcher 0 in set 1: invalid label value "
                  "\"\\xff\"");
    check_refused(&p, S(""), "a=~((", 0, 1, ERR_INVALID,
                  "invalid silence: invalid label matcher 0 in set 0: invalid regular expression "
                  "\"((\": error parsing regexp: missing closing ): `((`");
    check_refused(&p, S(""), "a=1", 2, 1, ERR_INVALID,
                  "invalid silence: end time must not be before start time");
    peer_set(&p, S(""), "a!= b!~.+", 0, 1); // negative ones never count as matching empty
    struct silence_input none = {.starts_at = 1, .ends_at = 2};
    struct err err = ERR_INIT;
    assert_null(silences_set(p.s, &none, NULL, NULL, &err));
    check_err(&err, "invalid silence: at least one matcher set required");
    assert_int_equal(silences_stats(p.s)->stored, 1);
    fake_env_settle(&p.fake);
    assert_int_equal(p.answers, 1); // refused ones have no callback
    peer_done(&p);
}

static void limits_count_expired_ones_and_encoded_bytes(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    p.opt.count_max = 2;
    p.opt.silence_bytes_max = 120;
    peer_crash(&p);
    peer_set(&p, S(""), "a=1", 0, DUR_HOURS(1));
    assert_true(silences_expire(p.s, p.id, NULL, NULL, NULL));
    p.fake.now++;
    peer_set(&p, S(""), "a=1", 0, DUR_HOURS(1));
    check_refused(&p, S(""), "a=1", 0, DUR_HOURS(1), ERR_LIMIT,
                  "exceeded maximum number of silences: 2 (limit: 2)");
    peer_set(&p, p.id, "a=1", 0, DUR_HOURS(2)); // in place
    // A replacement needs room as well; the old one stays as it is then.
    check_refused(&p, p.id, "a=2", 0, DUR_HOURS(1), ERR_LIMIT,
                  "exceeded maximum number of silences: 2 (limit: 2)");
    assert_int_equal(silence_state(silences_find(p.s, p.id), p.fake.now), SILENCE_ACTIVE);
    fake_env_advance(&p.fake, DUR_HOURS(122));
    assert_int_equal(silences_gc(p.s), 2);
    struct err err = ERR_INIT;
    assert_false(peer_try(&p, S(""), "a=1234567890123456789012345678901234567890", 0, 1, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    assert_true(str_starts(err_str(&err), S("silence exceeded maximum size: ")));
    assert_true(str_ends(err_str(&err), S(" bytes (limit: 120 bytes)")));
    peer_done(&p);
}

static void expiring_ends_active_and_pending_ones_now(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    time_ns start = p.fake.now;
    peer_set(&p, S(""), "a=1", 0, DUR_HOURS(1));
    str active = str_from(p.id_text, SILENCE_ID_BYTES);
    char copy[SILENCE_ID_BYTES];
    memcpy(copy, active.p, sizeof(copy));
    peer_set(&p, S(""), "a=2", DUR_HOURS(1), DUR_HOURS(2));
    p.fake.now += DUR_MINUTES(10);
    assert_true(silences_expire(p.s, str_from(copy, sizeof(copy)), peer_answer, &p, NULL));
    assert_true(silences_expire(p.s, p.id, peer_answer, &p, NULL));
    const struct silence *s = silences_find(p.s, str_from(copy, sizeof(copy)));
    assert_int_equal(s->starts_at, start);
    assert_int_equal(s->ends_at, p.fake.now);
    assert_int_equal(s->updated_at, p.fake.now);
    assert_int_equal(s->expires_at, p.fake.now + DUR_HOURS(120));
    s = silences_find(p.s, p.id);
    assert_int_equal(s->starts_at, p.fake.now);
    assert_int_equal(s->ends_at, p.fake.now);
    p.fake.now++;
    size_t changes = p.changes;
    assert_true(silences_expire(p.s, p.id, peer_answer, &p, NULL)); // once more: fine
    assert_int_equal(p.changes, changes);
    struct err err = ERR_INIT;
    assert_false(silences_expire(p.s, S("nobody"), peer_answer, &p, &err));
    check_err(&err, "silence not found");
    fake_env_settle(&p.fake);
    assert_int_equal(p.answers, 5);
    assert_int_equal(p.errors, 0);
    peer_crash(&p);
    assert_int_equal(mute_count(&p, "a=1"), 0);
    peer_done(&p);
}

static void an_edit_wins_over_one_from_a_fast_clock(void **state)
{
    (void)state;
    struct peer fast, slow;
    peer_init(&fast);
    peer_init(&slow);
    fast.fake.now += DUR_MINUTES(10);
    peer_set(&fast, S(""), "a=1", -DUR_MINUTES(10), DUR_HOURS(1));
    peer_take(&slow, buf_str(&fast.sent));
    assert_true(silences_expire(slow.s, fast.id, NULL, NULL, NULL));
    assert_true(silences_find(slow.s, fast.id)->ends_at <= fast.fake.now);
    assert_int_equal(peer_take(&fast, buf_str(&slow.sent)), 1);
    assert_true(silences_find(fast.s, fast.id)->ends_at == slow.fake.now ||
                silences_find(fast.s, fast.id)->starts_at == slow.fake.now);
    peer_done(&fast);
    peer_done(&slow);
}

// ---- what peers send ---------------------------------------------------------------------------

static void put_raw(struct buf *out, str id, const char *matchers_hex, time_ns now)
{
    // silence { id, matchers…, starts_at, ends_at, updated_at }, expires_at
    struct buf silence = {0}, mesh = {0};
    buf_put_c(&silence, 0x0a);
    pb_put_record(&silence, id);
    for (const char *p = matchers_hex; *p; p += 2) {
        char digits[3] = {p[0], p[1], 0};
        buf_put_c(&silence, (char)strtoul(digits, NULL, 16));
    }
    for (int field = 3; field <= 5; field++) {
        struct buf t = {0};
        buf_put_c(&t, 0x08);
        uint64_t seconds = (uint64_t)(now / DUR_SECONDS(1)) + (field == 4 ? 3600 : 0);
        for (; seconds >= 0x80; seconds >>= 7)
            buf_put_c(&t, (char)(uint8_t)(seconds | 0x80));
        buf_put_c(&t, (char)seconds);
        buf_put_c(&silence, (char)(field << 3 | 2));
        pb_put_record(&silence, buf_str(&t));
        if (field == 4) {
            buf_put_c(&mesh, 0x12);
            pb_put_record(&mesh, buf_str(&t));
        }
        buf_done(&t);
    }
    buf_put_c(&mesh, 0x0a);
    pb_put_record(&mesh, buf_str(&silence));
    pb_put_record(out, buf_str(&mesh));
    buf_done(&silence);
    buf_done(&mesh);
}

static void bad_silences_of_peers_are_kept_and_forwarded_but_not_evaluated(void **state)
{
    (void)state;
    struct peer p, q;
    peer_init(&p);
    peer_init(&q);
    struct buf records = {0};
    put_raw(&records, S("no-matchers"), "", p.fake.now);
    put_raw(&records, S("bad-regex"),
            "1208"
            "0801"
            "120161"
            "1a0128",
            p.fake.now); // a =~ "("
    put_raw(&records, S("bad-type"),
            "1209"
            "08cd02"
            "120161"
            "1a0131",
            p.fake.now); // type 333
    put_raw(&records, S("empty-set"),
            "5a00"
            "5a08"
            "1206"
            "120161"
            "1a0131",
            p.fake.now);
    size_t changed;
    struct err err = ERR_INIT;
    assert_true(silences_merge(p.s, buf_str(&records), &changed, &err));
    check_err(&err, "");
    assert_int_equal(changed, 4);
    assert_int_equal(silences_stats(p.s)->inert, 4);
    assert_int_equal(silences_stats(p.s)->compile_errors_index, 4);
    assert_int_equal(mute_count(&p, "a=1"), 0);
    assert_int_equal(mute_count(&p, "b=1"), 0);
    // They don't disable others.
    peer_set(&p, S(""), "a=1", 0, DUR_HOURS(1));
    assert_int_equal(mute_count(&p, "a=1"), 1);
    check_str(str_c(silences_find(p.s, S("bad-regex"))->inert_why), S("invalid matcher"));
    check_str(silences_find(p.s, S("bad-regex"))->sets[0].items[0].value, S("("));
    struct buf full = {0};
    silences_marshal(p.s, &full);
    assert_int_equal(peer_take(&q, buf_str(&full)), 5);
    fake_env_settle(&p.fake);
    peer_crash(&p);
    assert_int_equal(silences_stats(p.s)->stored, 5);
    assert_int_equal(silences_stats(p.s)->compile_errors_load, 4);
    buf_done(&full);
    buf_done(&records);
    peer_done(&p);
    peer_done(&q);
}

static void a_merge_is_all_or_nothing_and_the_later_double_counts(void **state)
{
    (void)state;
    struct peer a, b;
    peer_init(&a);
    peer_init(&b);
    peer_set(&a, S(""), "a=1", 0, DUR_HOURS(1));
    buf_put(&a.sent, S("\000"));
    size_t changed;
    struct err err = ERR_INIT;
    assert_false(silences_merge(b.s, buf_str(&a.sent), &changed, &err));
    check_err(&err, "invalid state");
    assert_int_equal(silences_stats(b.s)->stored, 0);
    a.sent.n--;
    struct buf both = {0};
    a.fake.now += DUR_SECONDS(1);
    char copy[512];
    memcpy(copy, a.sent.p, a.sent.n);
    str first = str_from(copy, a.sent.n);
    buf_clear(&a.sent);
    peer_set(&a, a.id, "a=1", -DUR_SECONDS(1), DUR_HOURS(2));
    buf_put(&both, buf_str(&a.sent));
    buf_put(&both, first); // older, but later in the stream
    assert_int_equal(peer_take(&b, buf_str(&both)), 1);
    assert_int_equal(silences_find(b.s, a.id)->updated_at, a.fake.now - DUR_SECONDS(1));
    assert_int_equal(peer_take(&b, buf_str(&a.sent)), 1);
    assert_int_equal(peer_take(&b, buf_str(&a.sent)), 0);
    buf_done(&both);
    peer_done(&a);
    peer_done(&b);
}

// An update that brings an expired silence back is seen by label sets that were checked before.
static void a_revived_silence_mutes_again(void **state)
{
    (void)state;
    struct peer a, b;
    peer_init(&a);
    peer_init(&b);
    peer_set(&a, S(""), "a=1", 0, DUR_MINUTES(10));
    peer_take(&b, buf_str(&a.sent));
    buf_clear(&a.sent);
    struct labels *held = peer_labels(&b, "a=1 b=2");
    assert_int_equal(mute_count(&b, "a=1 b=2"), 1);
    peer_set(&a, a.id, "a=1", 0, DUR_HOURS(5)); // extended here, but the news is late
    b.fake.now += DUR_MINUTES(20);
    assert_int_equal(mute_count(&b, "a=1 b=2"), 0);
    assert_int_equal(peer_take(&b, buf_str(&a.sent)), 1);
    assert_int_equal(mute_count(&b, "a=1 b=2"), 1);
    labels_unref(held);
    peer_done(&a);
    peer_done(&b);
}

static void an_expired_record_of_the_journal_still_counts(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    peer_set(&p, S(""), "a=1", 0, DUR_DAYS(30));
    silences_maintain(p.s, NULL, NULL);
    fake_env_settle(&p.fake);
    p.fake.now++;
    assert_true(silences_expire(p.s, p.id, NULL, NULL, NULL));
    fake_env_settle(&p.fake);
    p.fake.now += DUR_HOURS(200); // past the retention of the expired one
    peer_crash(&p);
    assert_int_equal(mute_count(&p, "a=1"), 0);
    assert_int_equal(silences_gc(p.s), 1);
    peer_done(&p);
}

// ---- checks -------------------------------------------------------------------------------------

static void states_follow_the_clock(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    struct labels *held = peer_labels(&p, "a=1");
    peer_set(&p, S(""), "a=1", DUR_MINUTES(10), DUR_MINUTES(20));
    assert_int_equal(mute_count(&p, "a=1"), 0);
    p.fake.now += DUR_MINUTES(10);
    assert_int_equal(mute_count(&p, "a=1"), 1); // no scan needed: it was remembered as pending
    p.fake.now += DUR_MINUTES(10);
    assert_int_equal(mute_count(&p, "a=1"), 1); // both bounds are inside
    p.fake.now++;
    assert_int_equal(mute_count(&p, "a=1"), 0);
    assert_int_equal(silences_stats(p.s)->indexed_sets, 0);
    p.fake.now -= DUR_MINUTES(5); // the clock is set back
    assert_int_equal(mute_count(&p, "a=1"), 1);
    size_t counts[3];
    silences_count(p.s, counts);
    assert_int_equal(counts[SILENCE_ACTIVE], 1);
    labels_unref(held);
    peer_done(&p);
}

// Random silences, updates, expiries, garbage collection, jumps of the clock: the index and the
// cache must answer as trying every silence would.
static void the_index_agrees_with_trying_everything(void **state)
{
    (void)state;
    static const char *const SETS[] = {
        "a=1", "a=2 b=1",   "b=~1|2",   "c!=1 a=1",        "a=1 | b=2",
        "a=",  "d=~.* a=2", "c!~x b=2", "a=3 | a=1 | c=1", "b!=1"};
    static const char *const LABELS[] = {"a=1",         "a=2 b=1", "b=2",     "c=1",
                                         "a=1 b=2 c=3", "d=5",     "a=3 c=x", "b=1 c=1"};
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct peer p;
        peer_init(&p);
        struct rand rand;
        rand_seed(&rand, seed);
        struct labels *held[ARRAY_LEN(LABELS)];
        for (size_t i = 0; i < ARRAY_LEN(LABELS); i++)
            held[i] = rand_below(&rand, 3) ? peer_labels(&p, LABELS[i]) : NULL;
        for (int step = 0; step < 400; step++) {
            struct arena mem = {0};
            const struct silence **all;
            size_t count;
            silences_query(p.s, &(struct silences_query){0}, &mem, &all, &count, NULL, NULL);
            str id = S("");
            if (count > 0 && rand_below(&rand, 2))
                id = arena_str(&mem, all[rand_below(&rand, count)]->id);
            dur_ns from = (dur_ns)rand_below(&rand, DUR_MINUTES(5));
            dur_ns to = from + (dur_ns)rand_below(&rand, DUR_HOURS(1));
            switch (rand_below(&rand, 6)) {
            case 0:
            case 1:
                peer_try(&p, id, SETS[rand_below(&rand, ARRAY_LEN(SETS))], from, to, NULL);
                break;
            case 2:
                silences_expire(p.s, id, NULL, NULL, NULL);
                break;
            case 3:
                p.fake.now += (dur_ns)rand_below(&rand, DUR_MINUTES(20));
                break;
            case 4:
                if (rand_below(&rand, 10) == 0)
                    p.fake.now -= (dur_ns)rand_below(&rand, DUR_HOURS(1));
                break;
            case 5:
                if (rand_below(&rand, 10) == 0) {
                    p.fake.now += DUR_HOURS(119);
                    silences_gc(p.s);
                }
                break;
            default:
                break;
            }
            const char *text = LABELS[rand_below(&rand, ARRAY_LEN(LABELS))];
            struct labels *l = peer_labels(&p, text);
            struct silences_query q = {.states = SILENCE_STATE_BIT(SILENCE_ACTIVE), .matching = l};
            silences_query(p.s, &q, &mem, &all, &count, NULL, NULL);
            struct silence_ids ids;
            silences_mutes(p.s, l, &ids);
            assert_int_equal(ids.count, count);
            for (size_t i = 0; i < count; i++)
                check_str(ids.items[i], all[i]->id);
            labels_unref(l);
            arena_done(&mem);
        }
        for (size_t i = 0; i < ARRAY_LEN(LABELS); i++)
            labels_unref(held[i]);
        peer_done(&p);
    }
}

static void thousands_of_silences_do_not_cost_a_scan(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    for (int i = 0; i < 5000; i++) {
        char sets[64];
        snprintf(sets, sizeof(sets), "alertname=Disk instance=n%d job=~x|y", i);
        peer_set(&p, S(""), sets, 0, DUR_HOURS(1));
    }
    uint64_t before = silences_stats(p.s)->evaluated;
    struct labels *held = peer_labels(&p, "alertname=Disk instance=n77 job=x");
    assert_int_equal(mute_count(&p, "alertname=Disk instance=n77 job=x"), 1);
    assert_in_range(silences_stats(p.s)->evaluated - before, 1, 3);
    before = silences_stats(p.s)->evaluated;
    assert_int_equal(mute_count(&p, "alertname=Disk instance=n77 job=x"), 1); // remembered
    assert_int_equal(silences_stats(p.s)->evaluated, before);
    peer_set(&p, S(""), "alertname=Disk", 0, DUR_HOURS(1));
    assert_int_equal(mute_count(&p, "alertname=Disk instance=n77 job=x"), 2); // only the new one
    assert_int_equal(silences_stats(p.s)->evaluated, before + 1);
    assert_int_equal(silences_stats(p.s)->cached, 1);
    labels_unref(held);
    silences_gc(p.s);
    assert_int_equal(silences_stats(p.s)->cached, 0);
    peer_done(&p);
}

// ---- questions ----------------------------------------------------------------------------------

static void queries_combine_their_conditions(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    peer_set(&p, S(""), "a=1", 0, DUR_HOURS(1));
    char copy[SILENCE_ID_BYTES];
    memcpy(copy, p.id_text, sizeof(copy));
    str first = str_from(copy, sizeof(copy));
    peer_set(&p, S(""), "a=2", DUR_HOURS(1), DUR_HOURS(2));
    struct arena mem = {0};
    const struct silence **found;
    size_t count;
    uint64_t version;
    struct err err = ERR_INIT;
    str ids[] = {p.id, S("nobody"), first, p.id};
    struct silences_query q = {.has_ids = true, .ids = ids, .id_count = 4};
    assert_true(silences_query(p.s, &q, &mem, &found, &count, &version, &err));
    assert_int_equal(count, 2);
    check_str(found[0]->id, first); // in order of addition
    q.states = SILENCE_STATE_BIT(SILENCE_PENDING) | SILENCE_STATE_BIT(SILENCE_EXPIRED);
    assert_true(silences_query(p.s, &q, &mem, &found, &count, NULL, &err));
    assert_int_equal(count, 1);
    q.id_count = 0;
    assert_false(silences_query(p.s, &q, &mem, &found, &count, NULL, &err));
    assert_int_equal(err.code, ERR_INVALID);
    q.id_count = 1;
    q.has_since = true;
    assert_false(silences_query(p.s, &q, &mem, &found, &count, NULL, &err));
    assert_int_equal(silences_stats(p.s)->query_errors, 2);
    silences_expire(p.s, first, NULL, NULL, NULL);
    q = (struct silences_query){.has_since = true, .since = version};
    assert_true(silences_query(p.s, &q, &mem, &found, &count, NULL, &err));
    assert_int_equal(count, 1);
    check_str(found[0]->id, first);
    arena_done(&mem);
    peer_done(&p);
}

static void listings_are_sorted_by_state_and_time(void **state)
{
    (void)state;
    const struct silence items[] = {
        {.id = S("e1"), .starts_at = 1, .ends_at = 2},
        {.id = S("p2"), .starts_at = 30, .ends_at = 40},
        {.id = S("a2"), .starts_at = 1, .ends_at = 20},
        {.id = S("e2"), .starts_at = 1, .ends_at = 3},
        {.id = S("p1"), .starts_at = 20, .ends_at = 50},
        {.id = S("a1"), .starts_at = 2, .ends_at = 15},
    };
    const struct silence *sorted[ARRAY_LEN(items)];
    for (size_t i = 0; i < ARRAY_LEN(items); i++)
        sorted[i] = &items[i];
    silences_sort_for_list(sorted, ARRAY_LEN(items), 10);
    static const char *const WANT[] = {"a1", "a2", "p1", "p2", "e2", "e1"};
    for (size_t i = 0; i < ARRAY_LEN(items); i++)
        check_str(sorted[i]->id, str_c(WANT[i]));
}

static void filters_want_matchers_word_by_word(void **state)
{
    (void)state;
    struct peer p;
    peer_init(&p);
    peer_set(&p, S(""), "a=1 b=~x | c!=2", 0, DUR_HOURS(1));
    const struct silence *s = silences_find(p.s, p.id);
    struct matcher wanted[] = {{MATCH_EQ, S("a"), S("1"), NULL}, {MATCH_NE, S("c"), S("2"), NULL}};
    struct matchers filter = {wanted, 2};
    assert_true(silence_has_matchers(s, &filter));
    wanted[1].op = MATCH_EQ;
    assert_false(silence_has_matchers(s, &filter));
    filter.count = 0;
    assert_true(silence_has_matchers(s, &filter));
    peer_done(&p);
}

static void a_record_without_expiry_is_an_error_of_the_collection(void **state)
{
    (void)state;
    struct fake_env fake;
    fake_env_init(&fake);
    fake_file_set(&fake, "silences", S("\006\012\004\012\002id"));
    struct silences_options opt = {.path = S("silences"), .retention = DUR_HOURS(1)};
    struct silences *s = silences_new(&fake.env, &opt, NULL, NULL);
    assert_int_equal(silences_stats(s)->stored, 1);
    assert_int_equal(silences_gc(s), 1);
    assert_int_equal(silences_stats(s)->gc_errors, 1);
    silences_free(s);
    fake_env_done(&fake);
}

int test_silence(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_uuids_of_version_4),
        cmocka_unit_test(a_silence_is_durable_and_told),
        cmocka_unit_test(bad_silences_are_refused_with_upstreams_texts),
        cmocka_unit_test(limits_count_expired_ones_and_encoded_bytes),
        cmocka_unit_test(expiring_ends_active_and_pending_ones_now),
        cmocka_unit_test(an_edit_wins_over_one_from_a_fast_clock),
        cmocka_unit_test(bad_silences_of_peers_are_kept_and_forwarded_but_not_evaluated),
        cmocka_unit_test(a_merge_is_all_or_nothing_and_the_later_double_counts),
        cmocka_unit_test(a_revived_silence_mutes_again),
        cmocka_unit_test(an_expired_record_of_the_journal_still_counts),
        cmocka_unit_test(states_follow_the_clock),
        cmocka_unit_test(the_index_agrees_with_trying_everything),
        cmocka_unit_test(thousands_of_silences_do_not_cost_a_scan),
        cmocka_unit_test(queries_combine_their_conditions),
        cmocka_unit_test(listings_are_sorted_by_state_and_time),
        cmocka_unit_test(filters_want_matchers_word_by_word),
        cmocka_unit_test(a_record_without_expiry_is_an_error_of_the_collection),
    };
    return run_group("silence", tests);
}
