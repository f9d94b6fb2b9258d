// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/email.h"

#include "base/core/alloc.h"
#include "base/text/digest.h"
#include "base/text/gotime.h"
#include "notify/integrations/mail_address.h"
#include "notify/integrations/mime.h"
#include "notify/integrations/smtp.h"
#include "notify/notify_data.h"

#define THREAD_HASH_BYTES 8 // of the group key's SHA-256 that name a thread

struct notify_attempt {
    const struct integration *integration;
    struct notify_message message;
    struct arena *mem; // the message's
    const struct tpldata *data;
    notify_done_fn *on_done;
    void *owner;
    struct smtp *smtp;
};

static const struct email_conf *conf_of(const struct notify_attempt *a)
{
    return a->integration->conf;
}

static struct env *env_of(const struct notify_attempt *a)
{
    return a->integration->context->env;
}

// ---- addresses ----------------------------------------------------------------------------------

static bool render(struct notify_attempt *a, str text, str *ret, struct err *err)
{
    return notify_render(a->integration, &a->message, a->data, text, ret, err);
}

static bool parse_from(struct notify_attempt *a, str from, struct smtp_mail *ret, struct err *err)
{
    struct mail_addresses list;
    if (!mail_addresses_parse(from, a->mem, &list, err))
        return err_wrap(err, "parse 'from' addresses");
    if (list.count != 1)
        return err_set(err, ERR_INVALID, "must be exactly one 'from' address (got: %zu)",
                       list.count);
    ret->from = list.items[0].address;
    return true;
}

static bool parse_to(struct notify_attempt *a, str to, struct smtp_mail *ret, struct err *err)
{
    struct mail_addresses list;
    if (!mail_addresses_parse(to, a->mem, &list, err))
        return err_wrap(err, "parse 'to' addresses");
    str *addresses = arena_array(a->mem, str, list.count);
    for (size_t i = 0; i < list.count; i++)
        addresses[i] = list.items[i].address;
    ret->to = addresses;
    ret->to_count = list.count;
    return true;
}

static bool put_envelope(struct notify_attempt *a, struct smtp_mail *ret, struct err *err)
{
    str from, to;
    if (!render(a, conf_of(a)->from, &from, err))
        return err_wrap(err, "execute 'from' template");
    if (!render(a, conf_of(a)->to, &to, err))
        return err_wrap(err, "execute 'to' template");
    return parse_from(a, from, ret, err) && parse_to(a, to, ret, err);
}

// ---- headers ------------------------------------------------------------------------------------

static const struct yaml_str_pair *find_header(const struct email_conf *c, str name)
{
    for (size_t i = 0; i < c->headers.count; i++) {
        if (str_eq(c->headers.items[i].key, name))
            return &c->headers.items[i];
    }
    return NULL;
}

static bool put_header(struct notify_attempt *a, const struct yaml_str_pair *h, struct buf *out,
                       struct err *err)
{
    str value;
    if (!render(a, h->value, &value, err))
        return err_wrap(err, "execute \"%.*s\" header template", STR(h->key));
    buf_printf(out, "%.*s: ", STR(h->key));
    buf_put_q_encoded(out, value);
    buf_put(out, S("\r\n"));
    return true;
}

// From, To and Subject come first, as people like to see them; the others sorted by name.
static bool put_written_headers(struct notify_attempt *a, struct buf *out, struct err *err)
{
    const struct email_conf *c = conf_of(a);
    const str first[] = {S("From"), S("To"), S("Subject")};
    for (size_t i = 0; i < ARRAY_LEN(first); i++) {
        const struct yaml_str_pair *h = find_header(c, first[i]);
        if (h && !put_header(a, h, out, err))
            return false;
    }
    for (size_t i = 0; i < c->headers.count; i++) {
        const struct yaml_str_pair *h = &c->headers.items[i];
        bool is_done = false;
        for (size_t k = 0; k < ARRAY_LEN(first); k++)
            is_done |= str_eq(h->key, first[k]);
        if (!is_done && !put_header(a, h, out, err))
            return false;
    }
    return true;
}

static void put_message_id(struct notify_attempt *a, struct buf *out)
{
    struct env *env = env_of(a);
    str hostname = a->integration->context->hostname;
    if (find_header(conf_of(a), S("Message-Id")))
        return;
    buf_put(out, S("Message-Id: <"));
    buf_put_i64(out, env_now(env));
    buf_put_c(out, '.');
    buf_put_u64(out, env_random(env));
    buf_printf(out, "@%.*s>\r\n", STR(hostname.n ? hostname : S("localhost.localdomain")));
}

// The mails of a group answer one that was never sent: programs that follow threads put them under
// it.
static void put_thread(struct notify_attempt *a, const struct civil *now, struct buf *out)
{
    const struct email_conf *c = conf_of(a);
    uint8_t digest[SHA256_BYTES];
    struct buf id = {.mem = a->mem};
    if (!c->threading.is_enabled)
        return;
    sha256(a->message.group->group_key, digest);
    buf_put(&id, S("<alert-"));
    buf_put_hex(&id, str_from(digest, THREAD_HASH_BYTES));
    buf_put_c(&id, '-');
    if (!str_eq(c->threading.by_date, S("none")))
        buf_printf(&id, "%04d-%02d-%02d", (int)now->year, now->month, now->day);
    buf_put(&id, S("@alertmanager>"));
    buf_printf(out, "References: %.*s\r\nIn-Reply-To: %.*s\r\n", STR(buf_str(&id)),
               STR(buf_str(&id)));
}

// "Mon, 02 Jan 2006 15:04:05 -0700"
static void put_date(const struct civil *now, int32_t offset_s, struct buf *out)
{
    int minutes = abs((int)offset_s) / 60;
    buf_printf(out, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d %c%02d%02d\r\n",
               weekday_name(now->weekday), now->day, month_name(now->month), (int)now->year,
               now->hour, now->minute, now->second, offset_s < 0 ? '-' : '+', minutes / 60,
               minutes % 60);
}

static bool put_headers(struct notify_attempt *a, const struct mime_parts *parts, struct buf *out,
                        struct err *err)
{
    struct env *env = env_of(a);
    time_ns now = env_now(env);
    int32_t offset_s = env_utc_offset_s(env, now);
    struct civil local = civil_from_time(now, offset_s);
    if (!put_written_headers(a, out, err))
        return false;
    put_message_id(a, out);
    put_thread(a, &local, out);
    put_date(&local, offset_s, out);
    buf_printf(out,
               "Content-Type: multipart/alternative;  boundary=%.*s\r\nMIME-Version: 1.0\r\n\r\n",
               MIME_BOUNDARY_BYTES, parts->boundary);
    return true;
}

// ---- body ---------------------------------------------------------------------------------------

// The better alternative comes last (RFC 2046 §5.1.4).
static bool put_parts(struct notify_attempt *a, struct mime_parts *parts, struct err *err)
{
    const struct email_conf *c = conf_of(a);
    str body;
    if (c->text.n) {
        if (!render(a, c->text, &body, err))
            return err_wrap(err, "execute text template");
        mime_put_text_part(parts, S("text/plain; charset=UTF-8"), body);
    }
    if (c->html.n) {
        if (!notify_render_html(a->integration, &a->message, a->data, c->html, &body, err))
            return err_wrap(err, "execute html template");
        mime_put_text_part(parts, S("text/html; charset=UTF-8"), body);
    }
    mime_parts_end(parts);
    return true;
}

static bool compose(void *owner, struct smtp_mail *ret, struct err *err)
{
    struct notify_attempt *a = owner;
    struct buf out = {.mem = a->mem, .max = EMAIL_BYTES_MAX};
    struct mime_parts parts = mime_parts_begin(env_of(a), &out);
    a->data = notify_data(a->integration, &a->message, a->message.alert_count);
    if (!put_envelope(a, ret, err) || !put_headers(a, &parts, &out, err) ||
        !put_parts(a, &parts, err))
        return false;
    ret->message = buf_str(&out);
    return !out.is_full ||
           err_set(err, ERR_LIMIT, "the message has more than %zu bytes", EMAIL_BYTES_MAX);
}

// ---- secrets ------------------------------------------------------------------------------------

static bool read_file(struct notify_attempt *a, str file, str *ret, struct err *err)
{
    struct buf content = {.mem = a->mem};
    if (!env_file_read(env_of(a), file, EMAIL_SECRET_BYTES_MAX, &content, err))
        return err_wrap(err, "could not read %.*s", STR(file));
    *ret = buf_str(&content);
    return true;
}

static bool find_secret(void *owner, enum smtp_secret which, str *ret, struct err *err)
{
    struct notify_attempt *a = owner;
    const struct email_conf *c = conf_of(a);
    bool is_password = which == SMTP_PASSWORD;
    str file = is_password ? c->auth_password_file : c->auth_secret_file;
    *ret = is_password ? c->auth_password : c->auth_secret;
    if (file.n == 0)
        return true;
    if (!read_file(a, file, ret, err))
        return false;
    if (is_password) // the other is used as the file has it
        *ret = str_trim(*ret);
    return true;
}

// ---- life ---------------------------------------------------------------------------------------

static void on_sent(void *owner, const struct smtp_result *sent)
{
    struct notify_attempt *a = owner;
    struct notify_result result = {
        .is_delivered = sent->is_delivered,
        .may_retry = sent->may_retry,
        .failure = FAILURE_OTHER,
        .err = *sent->err,
        .memos = a->message.memos,
        .memo_count = a->message.memo_count,
    };
    a->on_done(a->owner, &result);
    mem_free(a);
}

static struct notify_attempt *email_start(const struct integration *integration,
                                          const struct notify_message *m, notify_done_fn *on_done,
                                          void *owner)
{
    const struct email_conf *c = integration->conf;
    struct env *env = integration->context->env;
    struct notify_attempt *a = mem_alloc(sizeof(*a));
    *a = (struct notify_attempt){.integration = integration,
                                 .message = *m,
                                 .mem = m->mem,
                                 .on_done = on_done,
                                 .owner = owner};
    a->smtp = smtp_start(&(struct smtp_options){
        .env = env,
        .host = c->smarthost.host,
        .port = c->smarthost.port,
        .hello = c->hello,
        .is_implicit_tls = c->force_implicit_tls.is_set ? c->force_implicit_tls.value
                                                        : str_eq(c->smarthost.port, S("465")),
        .requires_tls = c->require_tls.value,
        .tls = c->tls,
        .login = {c->auth_username, c->auth_identity, find_secret, a},
        .timeout = sub_saturated(m->deadline, env_mono(env)),
        .compose = compose,
        .on_done = on_sent,
        .owner = a,
    });
    return a;
}

static void email_cancel(struct notify_attempt *a)
{
    smtp_cancel(a->smtp);
    mem_free(a);
}

const struct integration_ops EMAIL_OPS = {
    .name = {"email", 5}, .start = email_start, .cancel = email_cancel};
