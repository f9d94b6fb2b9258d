// SPDX-License-Identifier: Apache-2.0
#include "base/io/web_config.h"

#include <crypt.h>
#include <sodium.h>

#include "base/core/alloc.h"
#include "base/io/files.h"
#include "base/io/http_exchange.h"
#include "base/io/tls.h"
#include "base/text/encode.h"

#define VERDICT_BYTES 32

// Of nobody's password, with the usual cost: for names that are unknown.
static const char NOBODY[] = "$2b$10$8iH9r6x363h/H96dklUOOOzjK28VUlWluPAy3OrjjFhLnW9qZVCvS";

struct verdict {
    uint8_t key[VERDICT_BYTES];
    bool is_good;
};

struct web_door {
    struct env *env;
    uint32_t refs; // the server, and a login under way
    str path;
    struct tls_stamp stamp;
    struct arena mem; // of conf
    struct webconf conf;
    bool is_good; // the file, when it was read last
    struct tls *tls;
    struct list partings; // struct web_tls whose sessions are just ending

    double tokens;
    mono_ns tokens_at;
    struct web_rate_limit rate_limit; // of the start

    struct verdict verdicts[WEB_VERDICTS_MAX];
    size_t verdict_count;
    uint8_t verdict_secret[crypto_generichash_KEYBYTES];
    struct list logins;
    size_t login_count;
    bool is_comparing;
};

struct login {
    struct list link; // web_door.logins; the first one may be at a worker
    struct web_door *door;
    struct exchange *exchange; // NULL: nobody waits any more
    void (*let_in)(struct exchange *x);
    uint8_t key[VERDICT_BYTES];
    char password[WEB_SECRET_BYTES_MAX + 1];
    char hash[64];
    bool is_known; // the name; otherwise the comparison only takes its time
    bool is_good;
};

// ---- the file ------------------------------------------------------------------------------

// TLS without a file around it.
static bool door_take(struct web_door *d, const struct tlsconf *tls, struct err *err)
{
    d->tls = tls_new(d->env, tls, err);
    return d->tls != NULL;
}

static bool door_read(struct web_door *d, struct err *err)
{
    struct arena mem = {0};
    struct webconf conf;
    str dir, name;
    defer(buf_done) struct buf text = {0};
    if (!str_cut_last(d->path, '/', &dir, &name))
        dir = S("");
    if (!files_read(d->env, d->path, WEBCONF_BYTES_MAX, &text, err) ||
        !webconf_parse(arena_str(&mem, buf_str(&text)), dir, &mem, &conf, err)) {
        arena_done(&mem);
        return false;
    }
    struct tls *tls = NULL;
    if (conf.has_tls && (tls = tls_new(d->env, &conf.tls, err)) == NULL) {
        arena_done(&mem);
        return false;
    }
    if (tls) {
        tls_free(d->tls);
        d->tls = tls;
    }
    arena_done(&d->mem);
    d->mem = mem;
    d->conf = conf;
    return true;
}

static void door_look(struct web_door *d)
{
    struct err err = ERR_INIT;
    if (d->path.n == 0)
        return;
    struct tls_stamp now = tls_stamp_of(d->path);
    if (memcmp(&now, &d->stamp, sizeof(now)) == 0)
        return;
    d->stamp = now;
    d->is_good = door_read(d, &err);
    if (!d->is_good)
        log_error(&d->env->log, "Unable to parse configuration", LOG_ERR(&err));
}

struct web_door *web_door_new(struct env *env, const struct web_config *config, struct err *err)
{
    struct web_door *d = mem_new(struct web_door);
    d->env = env;
    d->refs = 1;
    d->path = config->path;
    d->stamp = tls_stamp_of(d->path);
    list_init(&d->logins);
    list_init(&d->partings);
    randombytes_buf(d->verdict_secret, sizeof(d->verdict_secret));
    d->is_good = config->tls ? door_take(d, config->tls, err) : door_read(d, err);
    if (!d->is_good) {
        web_door_free(d);
        return NULL;
    }
    d->rate_limit = d->conf.rate_limit;
    d->tokens = (double)d->rate_limit.burst;
    d->tokens_at = (mono_ns)uv_hrtime();
    return d;
}

bool web_door_has_tls(const struct web_door *d)
{
    return d->tls != NULL;
}

// ---- answers -------------------------------------------------------------------------------

static void answer(struct exchange *x, int status, const char *text, const struct http_header *more)
{
    struct http_header headers[3] = {
        {S("Content-Type"), S("text/plain; charset=utf-8")},
        {S("X-Content-Type-Options"), S("nosniff")},
    };
    size_t count = 2;
    if (more)
        headers[count++] = *more;
    exchange_reply(&x->public, &(struct http_reply){.status = status,
                                                    .headers = headers,
                                                    .header_count = count,
                                                    .body = str_c(text)});
}

static void answer_unauthorized(struct exchange *x)
{
    static const struct http_header BASIC = {{"WWW-Authenticate", 16}, {"Basic", 5}};
    answer(x, 401, "Unauthorized\n", &BASIC);
}

// Copies, since the file may be read again before the reply is sent.
static void take_headers(const struct web_door *d, struct exchange *x)
{
    const struct yaml_str_map *map = &d->conf.headers;
    x->door_headers = arena_array(&x->mem, struct http_header, MAX(map->count, 1));
    for (size_t i = 0; i < map->count; i++) {
        if (map->items[i].value.n)
            x->door_headers[x->door_header_count++] = (struct http_header){
                arena_str(&x->mem, map->items[i].key), arena_str(&x->mem, map->items[i].value)};
    }
}

static bool has_token(struct web_door *d)
{
    const struct web_rate_limit *limit = &d->rate_limit;
    if (limit->interval <= 0)
        return true;
    mono_ns now = (mono_ns)uv_hrtime();
    double fresh = (double)(now - d->tokens_at) / (double)limit->interval;
    d->tokens = MIN(d->tokens + fresh, (double)limit->burst);
    d->tokens_at = now;
    if (d->tokens < 1)
        return false;
    d->tokens -= 1;
    return true;
}

// ---- passwords -----------------------------------------------------------------------------

static void login_free(struct login *l)
{
    sodium_memzero(l, sizeof(*l));
    mem_free(l);
}

static void login_compare(void *job)
{
    struct login *l = job;
    struct crypt_data *data = mem_new(struct crypt_data);
    const char *got = crypt_r(l->password, l->hash, data);
    bool is_same =
        got && strlen(got) == strlen(l->hash) && sodium_memcmp(got, l->hash, strlen(l->hash)) == 0;
    l->is_good = is_same && l->is_known;
    sodium_memzero(data, sizeof(*data));
    mem_free(data);
}

static struct verdict *verdict_find(struct web_door *d, const uint8_t key[VERDICT_BYTES])
{
    for (size_t i = 0; i < d->verdict_count; i++) {
        if (sodium_memcmp(d->verdicts[i].key, key, VERDICT_BYTES) == 0)
            return &d->verdicts[i];
    }
    return NULL;
}

// A full memory forgets a tenth, at random.
static void verdict_add(struct web_door *d, const uint8_t key[VERDICT_BYTES], bool is_good)
{
    if (d->verdict_count == WEB_VERDICTS_MAX) {
        for (int i = 0; i < WEB_VERDICTS_MAX / 10; i++) {
            size_t gone = (size_t)env_random_below(d->env, d->verdict_count);
            d->verdicts[gone] = d->verdicts[--d->verdict_count];
        }
    }
    struct verdict *v = &d->verdicts[d->verdict_count++];
    memcpy(v->key, key, VERDICT_BYTES);
    v->is_good = is_good;
}

static void door_compare_next(struct web_door *d);
static void door_unref(struct web_door *d);

static void login_conclude(struct login *l)
{
    struct web_door *d = l->door;
    struct exchange *x = l->exchange;
    void (*let_in)(struct exchange *) = l->let_in;
    bool is_good = l->is_good;
    list_remove(&l->link);
    d->login_count--;
    login_free(l);
    if (!x)
        return;
    if (is_good && x->state != EXCHANGE_ORPHAN)
        let_in(x);
    else
        answer_unauthorized(x);
}

static void login_compared(void *job)
{
    struct login *l = job;
    struct web_door *d = l->door;
    d->is_comparing = false;
    if (!verdict_find(d, l->key))
        verdict_add(d, l->key, l->is_good);
    login_conclude(l);
    door_compare_next(d);
    door_unref(d);
}

// One at a time, in order: guessing passwords must not take all workers.
static void door_compare_next(struct web_door *d)
{
    while (!d->is_comparing && !list_is_empty(&d->logins)) {
        struct login *l = list_item(d->logins.next, struct login, link);
        const struct verdict *v = verdict_find(d, l->key); // the same was asked meanwhile
        if (v) {
            l->is_good = v->is_good;
            login_conclude(l);
            continue;
        }
        d->is_comparing = true;
        d->refs++;
        io_work(d->env, login_compare, login_compared, l);
    }
}

static void verdict_key(const struct web_door *d, str name, const struct login *l,
                        uint8_t ret[VERDICT_BYTES])
{
    crypto_generichash_state state;
    uint64_t lengths[2] = {name.n, strlen(l->hash)};
    crypto_generichash_init(&state, d->verdict_secret, sizeof(d->verdict_secret), VERDICT_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)lengths, sizeof(lengths));
    crypto_generichash_update(&state, (const uint8_t *)name.p, name.n);
    crypto_generichash_update(&state, (const uint8_t *)l->hash, strlen(l->hash));
    crypto_generichash_update(&state, (const uint8_t *)l->password, strlen(l->password));
    crypto_generichash_final(&state, ret, VERDICT_BYTES);
}

// "Basic bmFtZTpwYXNzd29yZA==": name and password, in a buffer to be wiped. False: neither.
static bool read_credentials(const struct exchange *x, struct buf *out, str *ret_name,
                             str *ret_password)
{
    str value = http_header_find(x->public.headers, x->public.header_count, S("Authorization"));
    str scheme, rest;
    if (!str_cut(value, ' ', &scheme, &rest) || !str_eq_nocase(scheme, S("Basic")) ||
        rest.n > WEB_SECRET_BYTES_MAX * 4 / 3)
        return false;
    buf_reserve(out, rest.n);
    return base64_decode(rest, out) && str_cut(buf_str(out), ':', ret_name, ret_password) &&
           str_find(*ret_password, '\0') == STR_NONE;
}

static str find_hash(const struct web_door *d, str name)
{
    for (size_t i = 0; i < d->conf.users.count; i++) {
        if (str_eq(d->conf.users.items[i].key, name))
            return d->conf.users.items[i].value;
    }
    return S("");
}

static void authenticate(struct web_door *d, struct exchange *x, void (*let_in)(struct exchange *x))
{
    defer(buf_wipe) struct buf secret = {0};
    str name, password;
    if (!read_credentials(x, &secret, &name, &password)) {
        answer_unauthorized(x);
        return;
    }
    if (d->login_count >= WEB_LOGINS_MAX) {
        answer(x, 503, "too many logins at once\n", NULL);
        return;
    }
    struct login *l = mem_new(struct login);
    str hash = find_hash(d, name);
    *l = (struct login){.door = d, .exchange = x, .let_in = let_in, .is_known = hash.n > 0};
    memcpy(l->password, password.p, password.n);
    memcpy(l->hash, l->is_known ? hash.p : NOBODY, l->is_known ? hash.n : sizeof(NOBODY) - 1);
    verdict_key(d, name, l, l->key);
    list_append(&d->logins, &l->link);
    d->login_count++;
    const struct verdict *v = verdict_find(d, l->key);
    if (v) {
        l->is_good = v->is_good;
        login_conclude(l);
        return;
    }
    door_compare_next(d);
}

void web_door_enter(struct web_door *d, struct exchange *x, void (*let_in)(struct exchange *x))
{
    door_look(d);
    if (!d->is_good) {
        answer(x, 500, "Internal Server Error\n", NULL);
        return;
    }
    if (!has_token(d)) {
        answer(x, 429, "Too Many Requests\n", NULL);
        return;
    }
    take_headers(d, x);
    if (d->conf.users.count)
        authenticate(d, x, let_in);
    else
        let_in(x);
}

// ---- TLS -----------------------------------------------------------------------------------

struct web_tls {
    struct list link; // web_door.partings
    struct web_door *door;
    struct tls *tls;
    struct tls_creds *creds;
    struct addr peer;
    struct timer timer;
};

static int on_certificate(gnutls_session_t session)
{
    const struct web_tls *t = gnutls_session_get_ptr(session);
    return tls_verify(t->tls, session, &t->peer, NULL) ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

static void web_tls_free(void *owner)
{
    struct web_tls *t = owner;
    timer_queue_cancel(&env_uv_of(t->door->env)->timers, &t->timer);
    list_remove(&t->link);
    tls_creds_unref(t->creds);
    tls_free(t->tls);
    mem_free(t);
}

struct web_tls *web_door_greet(struct web_door *d, gnutls_session_t session,
                               const struct addr *peer)
{
    door_look(d);
    struct web_tls *t = mem_new(struct web_tls);
    *t = (struct web_tls){.door = d, .tls = d->tls, .peer = *peer};
    t->tls->refs++;
    t->creds = tls_creds_ref(tls_creds_current(t->tls));
    timer_init(&t->timer, web_tls_free, t);
    gnutls_session_set_ptr(session, t);
    gnutls_priority_set(session, t->tls->priority);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls_creds_handle(t->creds));
    gnutls_certificate_server_set_request(session, tls_certificate_request(&t->tls->conf));
    gnutls_session_set_verify_function(session, on_certificate);
    return t;
}

void web_door_part(struct web_tls *t)
{
    if (!t)
        return;
    list_append(&t->door->partings, &t->link);
    timer_queue_set(&env_uv_of(t->door->env)->timers, &t->timer, (mono_ns)uv_hrtime());
}

// ---- the end -------------------------------------------------------------------------------

static void door_unref(struct web_door *d)
{
    if (--d->refs)
        return;
    tls_free(d->tls);
    arena_done(&d->mem);
    sodium_memzero(d, sizeof(*d));
    mem_free(d);
}

void web_door_free(struct web_door *d)
{
    if (!d)
        return;
    while (!list_is_empty(&d->partings))
        web_tls_free(list_item(d->partings.next, struct web_tls, link));
    list_each_safe (node, &d->logins) {
        struct login *l = list_item(node, struct login, link);
        struct exchange *x = take(&l->exchange);
        if (x)
            answer_unauthorized(x); // an orphan: it goes nowhere
        bool is_at_worker = d->is_comparing && d->logins.next == node;
        if (is_at_worker)
            continue; // frees itself
        list_remove(&l->link);
        d->login_count--;
        login_free(l);
    }
    door_unref(d);
}
