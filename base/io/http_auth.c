// SPDX-License-Identifier: Apache-2.0
#include "base/io/http_auth.h"

#include "base/core/alloc.h"
#include "base/core/hash.h"
#include "base/text/encode.h"

// ---- what is fetched ---------------------------------------------------------------------------

static bool fetch_has_key(const void *item, const void *key)
{
    return memcmp(((const struct auth_fetch *)item)->key, key, SHA256_BYTES) == 0;
}

static void fetch_clear_request(struct auth_fetch *f)
{
    arena_done(&f->mem);
    f->url = f->client_id = f->client_secret = f->user_agent = (str){0};
    f->params = NULL;
    f->param_count = 0;
}

static void fetch_free(struct auth_fetch *f)
{
    list_remove(&f->link);
    map_remove_item(&f->auth->map, f->hash, f);
    fetch_clear_request(f);
    buf_done(&f->value);
    mem_free(f);
}

// Room for one more: the one that has been idle for longest goes.
static void make_room(struct http_auth *a)
{
    if (a->map.count < HTTP_FETCHES_MAX)
        return;
    list_each_safe (node, &a->fetches) {
        struct auth_fetch *f = list_item(node, struct auth_fetch, link);
        if (f->call || !list_is_empty(&f->waiters))
            continue;
        fetch_free(f);
        return;
    }
}

struct auth_fetch *auth_fetch_get(struct http_auth *a, const uint8_t key[SHA256_BYTES])
{
    uint64_t hash;
    memcpy(&hash, key, sizeof(hash));
    struct auth_fetch *f = map_find(&a->map, hash, fetch_has_key, key);
    if (!f) {
        make_room(a);
        f = mem_new(struct auth_fetch);
        f->auth = a;
        f->hash = hash;
        memcpy(f->key, key, SHA256_BYTES);
        list_init(&f->waiters);
        map_insert(&a->map, hash, f);
    }
    list_remove(&f->link);
    list_append(&a->fetches, &f->link);
    return f;
}

// Whatever came after the call began is good for it, even if it holds only for a moment.
bool auth_fetch_is_good(const struct auth_fetch *f, const struct http_call *call)
{
    return !f->call && f->fetched_at &&
           (f->fetched_at >= call->began_at || (mono_ns)uv_hrtime() < f->good_until);
}

enum auth_verdict auth_fetch_wait(struct auth_fetch *f, struct http_call *call)
{
    call->fetch = f;
    list_append(&f->waiters, &call->link);
    return AUTH_WAITING;
}

void auth_fetch_end(struct auth_fetch *f, dur_ns good_for)
{
    f->fetched_at = (mono_ns)uv_hrtime();
    f->good_until = add_saturated(f->fetched_at, good_for);
    fetch_clear_request(f);
    struct list resumed; // one that waits again stands behind those that wait already
    list_init(&resumed);
    for (struct list *node; (node = list_take_first(&f->waiters)) != NULL;)
        list_append(&resumed, node);
    for (struct list *node; (node = list_take_first(&resumed)) != NULL;) {
        struct http_call *call = list_item(node, struct http_call, link);
        call->fetch = NULL;
        http_call_resume(call);
    }
}

void http_auth_leave(struct http_call *call)
{
    struct auth_fetch *f = take(&call->fetch);
    if (!f || !list_is_empty(&f->waiters) || !f->call)
        return;
    http_client_cancel(take(&f->call)); // nobody wants it any more
    f->style = TOKEN_STYLE_UNKNOWN;     // a probe without an answer has shown nothing
    f->is_probing = false;
    fetch_clear_request(f);
}

// ---- secrets -----------------------------------------------------------------------------------

static void on_secret(void *owner, const struct http_response *response, const struct err *err)
{
    struct auth_fetch *f = owner;
    f->call = NULL;
    f->err = *err;
    buf_clear(&f->value);
    if (response && response->status != 200)
        err_set(&f->err, ERR_INVALID,
                "unexpected status code when fetching the secret: %d; "
                "expecting 200",
                response->status);
    else if (response)
        buf_put(&f->value, response->body);
    auth_fetch_end(f, HTTP_SECRET_AGE_MAX);
}

static enum auth_verdict fetch_secret(struct http_call *call, str url, const char *what, str *ret)
{
    struct http_auth *a = http_client_auth(call->client);
    uint8_t key[SHA256_BYTES];
    str name = arena_printf(&call->mem, "secret %.*s", STR(url));
    sha256(name, key);
    struct auth_fetch *f = auth_fetch_get(a, key);
    if (auth_fetch_is_good(f, call)) {
        if (f->err.code != ERR_NONE) {
            call->err = f->err;
            err_wrap(&call->err, "%s", what);
            return AUTH_FAILED;
        }
        *ret = arena_str(&call->mem, buf_str(&f->value));
        return AUTH_READY;
    }
    if (!f->call) {
        f->conf = (struct httpconf){.dialect = HTTPCONF_VM, .proxy = {.from_environment = true}};
        struct http_request request = {.url = url,
                                       .timeout = HTTP_FETCH_TIMEOUT,
                                       .response_bytes_max = HTTP_TOKEN_BYTES_MAX,
                                       .conf = &f->conf};
        f->call = http_client_start(&a->env->env, &request, on_secret, f);
    }
    return auth_fetch_wait(f, call);
}

static str trim_end(str s)
{
    while (s.n && strchr(" \t\n\v\f\r", s.p[s.n - 1]) && s.p[s.n - 1])
        s.n--;
    return s;
}

enum auth_verdict auth_secret(struct http_call *call, const struct httpconf_secret *secret,
                              const char *what, str *ret)
{
    bool is_vm = call->conf->dialect == HTTPCONF_VM;
    *ret = secret->text;
    if (secret->file.n == 0)
        return AUTH_READY;
    if (is_vm &&
        (str_starts(secret->file, S("http://")) || str_starts(secret->file, S("https://")))) {
        enum auth_verdict verdict = fetch_secret(call, secret->file, what, ret);
        *ret = trim_end(*ret);
        return verdict;
    }
    struct http_file *file = http_file_get(&http_client_auth(call->client)->files, secret->file);
    bool ok = file->err.code == ERR_NONE;
    if (ok) {
        str text = arena_str(&call->mem, buf_str(&file->content));
        *ret = is_vm ? trim_end(text) : str_trim(text);
    } else {
        call->err = file->err;
        if (!is_vm)
            err_wrap(&call->err, "unable to read file %.*s", STR(secret->file));
        err_wrap(&call->err, "%s", what);
    }
    http_file_unref(file);
    return ok ? AUTH_READY : AUTH_FAILED;
}

// ---- the Authorization header ------------------------------------------------------------------

// The words in front of a failure to read the secret called `name`.
static const char *reading(struct http_call *call, const char *prometheus, const char *vm,
                           const struct httpconf_secret *secret)
{
    if (call->conf->dialect == HTTPCONF_PROMETHEUS)
        return prometheus;
    return arena_printf(&call->mem, "cannot read %s=\"%.*s\"", vm, STR(secret->file)).p;
}

static enum auth_verdict basic_header(struct http_call *call, str *ret)
{
    const struct httpconf *conf = call->conf;
    str username, password;
    enum auth_verdict verdict =
        auth_secret(call, &conf->username,
                    reading(call, "unable to read basic auth username",
                            "username from `username_file`", &conf->username),
                    &username);
    if (verdict == AUTH_READY)
        verdict = auth_secret(call, &conf->password,
                              reading(call, "unable to read basic auth password",
                                      "password from `password_file`", &conf->password),
                              &password);
    if (verdict != AUTH_READY)
        return verdict;
    struct buf text = {0};
    buf_put(&text, S("Basic "));
    str pair = arena_printf(&call->mem, "%.*s:%.*s", STR(username), STR(password));
    buf_put_base64(&text, pair);
    *ret = arena_str(&call->mem, buf_str(&text));
    buf_done(&text);
    return AUTH_READY;
}

static enum auth_verdict credentials_header(struct http_call *call, str *ret)
{
    const struct httpconf *conf = call->conf;
    str credentials;
    enum auth_verdict verdict =
        auth_secret(call, &conf->credentials,
                    reading(call, "unable to read authorization credentials",
                            "credentials from `credentials_file`", &conf->credentials),
                    &credentials);
    if (verdict == AUTH_READY)
        *ret = str_trim(arena_printf(&call->mem, "%.*s %.*s", STR(conf->type), STR(credentials)));
    return verdict;
}

// User info in the URL is a credential of its own. Prometheus' client lets it win.
static bool url_has_user(const struct http_call *call)
{
    str text = str_c(call->url);
    size_t start = str_find_str(text, S("://"));
    if (start == STR_NONE)
        return false;
    text = str_skip(text, start + 3);
    for (size_t i = 0; i < text.n && !strchr("/?#", text.p[i]); i++) {
        if (text.p[i] == '@')
            return true;
    }
    return false;
}

static enum auth_verdict authorization(struct http_call *call, str *ret)
{
    enum auth_verdict verdict = AUTH_READY;
    bool is_vm = call->conf->dialect == HTTPCONF_VM;
    bool has_own = http_header_find(call->headers, call->header_count, S("Authorization")).n > 0 ||
                   (!is_vm && url_has_user(call));
    if (has_own && (is_vm || call->conf->auth != HTTPCONF_OAUTH2))
        return AUTH_READY;
    switch (call->conf->auth) {
    case HTTPCONF_NO_AUTH:
        return AUTH_READY;
    case HTTPCONF_BASIC:
        verdict = basic_header(call, ret);
        break;
    case HTTPCONF_AUTHORIZATION:
        verdict = credentials_header(call, ret);
        break;
    case HTTPCONF_OAUTH2:
        verdict = oauth2_header(call, call->conf->oauth2, ret);
        break;
    }
    if (verdict == AUTH_FAILED && is_vm)
        err_wrap(&call->err, "failed to obtain Authorization request header");
    return verdict;
}

// ---- headers -----------------------------------------------------------------------------------

static bool header_value(struct http_call *call, const struct httpconf_header *h, str *ret)
{
    *ret = h->value.text;
    if (h->value.file.n == 0)
        return true;
    struct http_file *file = http_file_get(&http_client_auth(call->client)->files, h->value.file);
    bool ok = file->err.code == ERR_NONE;
    if (ok) {
        *ret = arena_str(&call->mem, str_trim(buf_str(&file->content)));
    } else {
        call->err = file->err;
        err_wrap(&call->err, "unable to read headers file %.*s", STR(h->value.file));
    }
    http_file_unref(file);
    return ok;
}

static bool has_header(const struct http_call *call, str name)
{
    for (size_t i = 0; i < call->header_count; i++) {
        if (str_eq_nocase(call->headers[i].name, name))
            return true;
    }
    return false;
}

static bool add_headers(struct http_call *call, str authorization_value)
{
    const struct httpconf *conf = call->conf;
    struct http_header *all =
        arena_array(&call->mem, struct http_header, call->header_count + conf->header_count + 1);
    size_t count = 0;
    for (size_t i = 0; i < call->header_count; i++) {
        bool is_replaced =
            authorization_value.n && str_eq_nocase(call->headers[i].name, S("Authorization"));
        if (!is_replaced)
            all[count++] = call->headers[i];
    }
    for (size_t i = 0; i < conf->header_count; i++) {
        if (conf->dialect == HTTPCONF_VM && has_header(call, conf->headers[i].name))
            continue;
        struct http_header *h = &all[count++];
        h->name = conf->headers[i].name;
        if (!header_value(call, &conf->headers[i], &h->value) ||
            !http_header_is_fine(h->name, h->value, &call->err))
            return false;
    }
    if (authorization_value.n) {
        all[count++] = (struct http_header){S("Authorization"), authorization_value};
        if (!http_header_is_fine(S("Authorization"), authorization_value, &call->err))
            return false;
    }
    call->headers = all;
    call->header_count = count;
    return true;
}

enum auth_verdict http_auth_begin(struct http_call *call)
{
    str value = {0};
    if (call->conf->refusal.n) {
        err_set(&call->err, ERR_INVALID, "%.*s", STR(call->conf->refusal));
        return AUTH_FAILED;
    }
    enum auth_verdict verdict = authorization(call, &value);
    if (verdict != AUTH_READY)
        return verdict;
    return add_headers(call, value) && http_tls_load(call) ? AUTH_READY : AUTH_FAILED;
}

void http_auth_clear(struct http_call *call)
{
    for (size_t i = 0; i < ARRAY_LEN(call->tls_files); i++)
        http_file_unref(take(&call->tls_files[i]));
}

// ---- life --------------------------------------------------------------------------------------

struct http_auth *http_auth_new(struct env_uv *e)
{
    struct http_auth *a = mem_new(struct http_auth);
    a->env = e;
    a->files.env = e;
    a->files.seed = rand_u64(&e->rand);
    a->proxy_env = http_proxy_env_new();
    list_init(&a->fetches);
    return a;
}

void http_auth_close(struct http_auth *a)
{
    list_each (node, &a->fetches) {
        struct auth_fetch *f = list_item(node, struct auth_fetch, link);
        if (f->call)
            http_client_cancel(take(&f->call));
    }
}

void http_auth_free(struct http_auth *a)
{
    if (!a)
        return;
    while (!list_is_empty(&a->fetches))
        fetch_free(list_item(a->fetches.next, struct auth_fetch, link));
    http_files_done(&a->files);
    map_done(&a->map);
    http_proxy_env_free(a->proxy_env);
    mem_free(a);
}
