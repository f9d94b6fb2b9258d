// SPDX-License-Identifier: Apache-2.0
// Any bytes as what a mail server says, in pieces of any size, with ends and breaks between them.
// Whatever it says, the client ends once and by its deadline, leaves nothing open, and sends the
// mail only to a server that has taken each step.
//
// The first byte chooses how the client is set up. A byte 0xff in the rest stands for an event:
// the byte behind it says which; the others are said, each run of them in one piece.
#include "base/core/alloc.h"
#include "base/model/tlsconf.h"
#include "notify/integrations/smtp.h"
#include "tests/support/fake_env.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct stream {
    struct stream_events events;
    void *owner;
    bool is_open, is_shaking;
};

struct bench {
    struct fake_env fake;
    struct env_ops ops;
    struct stream *stream;   // the one connection
    struct buf said;         // by the client
    struct dns_query *query; // NULL: answered, or cancelled
    struct smtp *client;
    bool is_over, is_delivered;
    int tls_open;
};

struct dns_query {
    struct bench *bench;
    dns_fn *fn;
    void *owner;
};

struct tls {
    struct bench *bench;
};

static struct bench *bench_of(struct env *env)
{
    return container_of(env, struct bench, fake.env);
}

// ---- the world ---------------------------------------------------------------------------------

static struct stream *bench_dial(struct env *env, const struct addr *to,
                                 const struct stream_events *events, void *owner)
{
    struct stream *s = mem_new(struct stream);
    (void)to;
    s->events = *events;
    s->owner = owner;
    bench_of(env)->stream = s;
    return s;
}

static struct stream *bench_dial_tls(struct env *env, const struct addr *to, struct tls *tls,
                                     str head, const struct stream_events *events, void *owner)
{
    (void)tls, (void)head;
    return bench_dial(env, to, events, owner);
}

static void bench_starttls(struct stream *s, struct tls *tls)
{
    (void)tls;
    assert(s->is_open && !s->is_shaking);
    s->is_shaking = true;
}

static void bench_events(struct stream *s, const struct stream_events *events, void *owner)
{
    s->events = *events;
    s->owner = owner;
}

static struct bench *the_bench;

static void bench_write(struct stream *s, str data)
{
    assert(s->is_open && !s->is_shaking);
    buf_put(&the_bench->said, data);
}

static void bench_close(struct stream *s)
{
    the_bench->stream = NULL;
    mem_free(s);
}

static struct tls *bench_tls_new(struct env *env, const struct tlsconf *conf, struct err *err)
{
    (void)conf, (void)err;
    struct tls *tls = mem_new(struct tls);
    tls->bench = bench_of(env);
    tls->bench->tls_open++;
    return tls;
}

static void bench_tls_free(struct tls *tls)
{
    tls->bench->tls_open--;
    mem_free(tls);
}

static struct dns_query *bench_resolve(struct env *env, str name, enum dns_kind kind,
                                       dur_ns timeout, dns_fn *fn, void *owner)
{
    (void)name, (void)kind, (void)timeout;
    struct bench *b = bench_of(env);
    struct dns_query *q = mem_new(struct dns_query);
    *q = (struct dns_query){b, fn, owner};
    b->query = q;
    return q;
}

static void bench_resolve_cancel(struct dns_query *q)
{
    q->bench->query = NULL;
    mem_free(q);
}

// ---- the client --------------------------------------------------------------------------------

static bool give_secret(void *owner, enum smtp_secret which, str *ret, struct err *err)
{
    (void)owner, (void)which, (void)err;
    *ret = S("pw");
    return true;
}

static bool compose(void *owner, struct smtp_mail *ret, struct err *err)
{
    static const str TO[] = {{"a@b", 3}, {"c@d", 3}};
    (void)owner, (void)err;
    *ret = (struct smtp_mail){S("x@y"), TO, 2, S("Subject: .\n\n.MARK.\n")};
    return true;
}

static void on_done(void *owner, const struct smtp_result *result)
{
    struct bench *b = owner;
    if (b->is_over || result->is_delivered != (result->err->code == ERR_NONE))
        abort();
    b->is_over = true;
    b->is_delivered = result->is_delivered;
    b->client = NULL;
}

static void start(struct bench *b, uint8_t choice)
{
    static const struct tlsconf TLS = {0};
    b->client = smtp_start(&(struct smtp_options){
        .env = &b->fake.env,
        .host = choice & 1 ? S("localhost") : S("mail.test"),
        .port = S("25"),
        .hello = choice & 2 ? S("") : S("am"),
        .is_implicit_tls = (choice & 12) == 12,
        .requires_tls = choice & 4,
        .tls = &TLS,
        .login = {choice & 16 ? S("user") : S(""), S(""), give_secret, b},
        .timeout = DUR_SECONDS(10),
        .compose = compose,
        .on_done = on_done,
        .owner = b,
    });
    // The name is found and the connection opens, in two steps of its own.
    struct dns_record record = {.addr = {.ip_bytes = 4}};
    struct err none = ERR_INIT;
    struct dns_query query = *b->query;
    bench_resolve_cancel(b->query);
    query.fn(query.owner, &record, 1, &none);
}

static void end(struct bench *b, enum err_code code)
{
    struct stream *s = take(&b->stream);
    struct err err = ERR_INIT;
    if (code != ERR_NONE)
        err_set(&err, code, "broken");
    struct stream_events events = s->events;
    void *owner = s->owner;
    mem_free(s);
    events.on_close(owner, &err);
}

static void happen(struct bench *b, uint8_t event)
{
    struct stream *s = b->stream;
    if (!s)
        return;
    switch (event % 4) {
    case 0: // connected, or the handshake is done
        if (!s->is_open || s->is_shaking) {
            s->is_open = true;
            s->is_shaking = false;
            s->events.on_open(s->owner);
        }
        return;
    case 1:
        end(b, ERR_NONE);
        return;
    case 2:
        end(b, ERR_NETWORK);
        return;
    case 3:
        fake_env_advance(&b->fake, DUR_SECONDS(1));
        return;
    }
}

static void say(struct bench *b, str piece)
{
    struct stream *s = b->stream;
    if (s && s->is_open && !s->is_shaking && piece.n)
        s->events.on_data(s->owner, piece);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct bench b = {.is_over = false};
    the_bench = &b;
    fake_env_init(&b.fake);
    b.ops = *b.fake.env.ops;
    b.ops.dial = bench_dial;
    b.ops.dial_tls = bench_dial_tls;
    b.ops.stream_starttls = bench_starttls;
    b.ops.stream_events = bench_events;
    b.ops.stream_write = bench_write;
    b.ops.stream_close = bench_close;
    b.ops.tls_new = bench_tls_new;
    b.ops.tls_free = bench_tls_free;
    b.ops.resolve = bench_resolve;
    b.ops.resolve_cancel = bench_resolve_cancel;
    b.fake.env.ops = &b.ops;
    start(&b, data[0]);
    happen(&b, 0);
    for (size_t i = 1, from = 1; i <= size && !b.is_over; i++) {
        if (i < size && data[i] != 0xff)
            continue;
        // A copy of its own, so that a byte read beyond its end is seen.
        char *piece = mem_alloc(i - from + 1);
        memcpy(piece, data + from, i - from);
        say(&b, str_from(piece, i - from));
        mem_free(piece);
        if (i + 1 < size)
            happen(&b, data[i + 1]);
        i++;
        from = i + 1;
    }
    bool is_cancelled = size % 2 && !b.is_over;
    if (is_cancelled)
        smtp_cancel(b.client);
    else
        fake_env_advance(&b.fake, DUR_SECONDS(20));
    bool has_sent = str_find_str(buf_str(&b.said), S("..MARK.\r\n.\r\n")) != STR_NONE;
    if ((!b.is_over && !is_cancelled) || b.stream || b.query || b.tls_open ||
        (b.is_delivered && !has_sent) || timer_queue_next(&b.fake.timers) != MONO_NEVER)
        abort();
    buf_done(&b.said);
    fake_env_done(&b.fake);
    return 0;
}
