// SPDX-License-Identifier: Apache-2.0
#include "vmalert/rule_urls.h"

#include "base/core/alloc.h"
#include "base/model/httpconf.h"
#include "base/text/unicode.h"
#include "base/text/url.h"
#include "rules/rule_file.h"

struct rule_url {
    struct rule_urls *owner;
    str url;
    struct http_call *call; // NULL: done
    char *text;             // heap; NULL: failed
    size_t bytes;
    struct err err;
};

struct rule_urls {
    struct env *env;
    struct rule_url *items; // in the order of -rule
    size_t count, open_count;
    struct httpconf conf;
    void (*on_done)(void *owner);
    void *owner;
};

bool rule_url_is_one(str source)
{
    return str_starts(source, S("http://")) || str_starts(source, S("https://"));
}

void buf_put_rule_url(struct buf *b, str source)
{
    struct arena mem = {0};
    struct url url;
    if (rule_url_is_one(source) && url_parse(source, &mem, &url, NULL) && url.has_password)
        buf_put_url_redacted(b, &url);
    else
        buf_put(b, source);
    arena_done(&mem);
}

static void set_status_error(struct rule_url *u, str shown, const struct http_response *response)
{
    defer(buf_done) struct buf body = {.max = ERR_TEXT_BYTES};
    buf_put_quoted(&body, str_slice(response->body, 0, RULE_URL_ERROR_BYTES_MAX));
    err_set(&u->err, ERR_INVALID,
            "unexpected status code when fetching %.*s: %d, expecting 200; response: %.*s",
            STR(shown), response->status, STR(buf_str(&body)));
}

static void on_response(void *owner, const struct http_response *response, const struct err *why)
{
    struct rule_url *u = owner;
    struct rule_urls *all = u->owner;
    defer(buf_done) struct buf shown = {0}, quoted = {0};
    buf_put_rule_url(&shown, u->url);
    buf_put_quoted(&quoted, buf_str(&shown));
    u->call = NULL;
    if (!response) {
        u->err = *why;
        err_wrap(&u->err, "failed to read from %.*s: Get %.*s", STR(buf_str(&quoted)),
                 STR(buf_str(&quoted)));
    } else if (response->status != 200) {
        set_status_error(u, buf_str(&quoted), response);
    } else {
        u->text = mem_dup(response->body);
        u->bytes = response->body.n;
    }
    if (--all->open_count == 0)
        all->on_done(all->owner);
}

struct rule_urls *rule_urls_new(struct env *env, const struct flag_strs *rule,
                                void (*on_done)(void *owner), void *owner)
{
    size_t count = 0;
    for (size_t i = 0; i < rule->count; i++)
        count += rule_url_is_one(rule->items[i]);
    if (count == 0)
        return NULL;
    struct rule_urls *all = mem_new(struct rule_urls);
    *all = (struct rule_urls){
        .env = env,
        .items = mem_array(struct rule_url, count),
        .open_count = count,
        .conf = {.dialect = HTTPCONF_VM, .proxy.from_environment = true},
        .on_done = on_done,
        .owner = owner,
    };
    for (size_t i = 0; i < rule->count; i++) {
        if (!rule_url_is_one(rule->items[i]))
            continue;
        struct rule_url *u = &all->items[all->count++];
        struct http_request request = {.url = rule->items[i],
                                       .timeout = RULE_URL_TIMEOUT,
                                       .response_bytes_max = RULE_FILE_BYTES_MAX,
                                       .conf = &all->conf};
        *u = (struct rule_url){.owner = all, .url = rule->items[i], .err = ERR_INIT};
        u->call = env_http(env, &request, on_response, u);
    }
    return all;
}

void rule_urls_free(struct rule_urls *u)
{
    if (!u)
        return;
    for (size_t i = 0; i < u->count; i++) {
        env_http_cancel(u->env, u->items[i].call);
        mem_free(u->items[i].text);
    }
    mem_free(u->items);
    mem_free(u);
}

bool rule_urls_text(const struct rule_urls *u, str url, str *ret, struct err *err)
{
    size_t i = 0;
    while (i < u->count && !str_eq(u->items[i].url, url))
        i++;
    assert(i < u->count && !u->items[i].call);
    const struct rule_url *one = &u->items[i];
    if (!one->text) {
        *err = one->err;
        return false;
    }
    *ret = str_from(one->text, one->bytes);
    return true;
}
