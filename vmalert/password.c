// SPDX-License-Identifier: Apache-2.0
#include "vmalert/password.h"

#include "base/text/unicode.h"

static bool is_file(str source)
{
    return str_starts(source, S("file://"));
}

static bool is_url(str source)
{
    return str_starts(source, S("http://")) || str_starts(source, S("https://"));
}

static void take_value(struct password *p, str text)
{
    size_t n = text.n;
    while (n > 0 && strchr(" \t\n\v\f\r", text.p[n - 1]))
        n--;
    buf_wipe(&p->value);
    buf_put(&p->value, str_slice(text, 0, n));
    p->is_known = true;
}

static void complain(const struct password *p, const struct err *why)
{
    defer(buf_done) struct buf quoted = {0};
    buf_put_quoted(&quoted, p->source);
    log_printf(&p->env->log, LOG_ERROR, LOG_WHERE,
               "flagutil: fall back to the previous password for -%s, since failed to re-read it "
               "from %.*s: %.*s",
               p->flag, STR(buf_str(&quoted)), STR(err_str(why)));
}

static void read_file(struct password *p)
{
    struct err err = ERR_INIT;
    defer(buf_wipe) struct buf text = {0};
    str path = str_skip(p->source, S("file://").n);
    if (env_file_read(p->env, path, PASSWORD_BYTES_MAX, &text, &err))
        take_value(p, buf_str(&text));
    else
        complain(p, &err);
}

static void on_fetched(void *owner, const struct http_response *response, const struct err *why)
{
    struct password *p = owner;
    struct err err = ERR_INIT;
    p->call = NULL;
    if (!response) {
        complain(p, why);
    } else if (response->status != 200) {
        err_set(&err, ERR_INVALID, "unexpected status code: %d; expecting 200", response->status);
        complain(p, &err);
    } else {
        take_value(p, response->body);
    }
}

static void refresh(struct password *p)
{
    mono_ns now = env_mono(p->env);
    if (p->call || (p->was_tried && now - p->tried_at <= PASSWORD_REREAD_AFTER))
        return;
    p->was_tried = true;
    p->tried_at = now;
    if (is_file(p->source)) {
        read_file(p);
        return;
    }
    struct http_request request = {.url = p->source,
                                   .timeout = PASSWORD_FETCH_TIMEOUT,
                                   .response_bytes_max = PASSWORD_BYTES_MAX};
    p->call = env_http(p->env, &request, on_fetched, p);
}

void password_init(struct password *p, struct env *env, const char *flag, str source)
{
    *p = (struct password){.env = env, .flag = flag, .source = source};
    for (size_t i = 0; i < PASSWORD_UNKNOWN_WORDS; i++)
        p->unknown[i] = env_random(env);
    if (is_url(source))
        refresh(p);
}

void password_done(struct password *p)
{
    if (p->env)
        env_http_cancel(p->env, p->call);
    buf_wipe(&p->value);
    *p = (struct password){0};
}

static str current(struct password *p)
{
    if (!is_file(p->source) && !is_url(p->source))
        return p->source;
    refresh(p);
    return p->is_known ? buf_str(&p->value) : str_from(p->unknown, sizeof(p->unknown));
}

bool secret_matches(str wanted, str given)
{
    unsigned difference = wanted.n != given.n;
    for (size_t i = 0; i < wanted.n; i++)
        difference |= (unsigned)(wanted.p[i] ^ (given.n ? given.p[i % given.n] : 0));
    return difference == 0;
}

bool password_matches(struct password *p, str given)
{
    return secret_matches(current(p), given);
}
