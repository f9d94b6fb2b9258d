// SPDX-License-Identifier: Apache-2.0
// Silences: list, create, look at, expire.
#include "alertmanager/api.h"
#include "base/core/alloc.h"
#include "base/text/unicode.h"

static void log_failure(struct web_request *r, const char *what, const struct err *err)
{
    log_write(&r->am->api->log, LOG_ERROR, LOG_WHERE, str_c(what),
              LOG_ATTRS(LOG_STR("path", r->path), LOG_STR("method", r->x->method), LOG_ERR(err)));
}

// Several matcher sets can't be said in this version of the API. False: err says so.
static bool can_show(const struct silence *s, struct err *err)
{
    if (s->set_count <= 1)
        return true;
    return err_set(err, ERR_UNSUPPORTED,
                   "silence '%.*s' has multiple matcher sets which is not supported by this API "
                   "version",
                   STR(s->id));
}

// ---- list --------------------------------------------------------------------------------------

// Ids in the order of the answer: what a silence is by then is shown with its piece.
struct silence_list {
    struct am *am;
    struct arena mem;
    str *ids;
    size_t count, next;
    struct api_list answer;
};

static void list_free(void *owner)
{
    struct silence_list *l = owner;
    arena_done(&l->mem);
    mem_free(l);
}

static bool put_silences(void *owner, struct json_writer *w, size_t full)
{
    struct silence_list *l = owner;
    time_ns now = env_now(l->am->env);
    while (l->next < l->count && w->out->n < full) {
        const struct silence *s = silences_find(l->am->silences, l->ids[l->next++]);
        if (s && can_show(s, NULL))
            json_put_silence(w, s, now);
    }
    return l->next < l->count;
}

static unsigned wanted_states(const struct url_params *p)
{
    unsigned states = 0;
    if (api_param_bool(p, S("active"), true))
        states |= SILENCE_STATE_BIT(SILENCE_ACTIVE);
    if (api_param_bool(p, S("pending"), true))
        states |= SILENCE_STATE_BIT(SILENCE_PENDING);
    if (api_param_bool(p, S("expired"), true))
        states |= SILENCE_STATE_BIT(SILENCE_EXPIRED);
    return states;
}

// Fills l->ids. False: err says why not.
static bool find_ids(struct silence_list *l, unsigned states, const struct matchers *filter,
                     struct err *err)
{
    const struct silence **found = NULL;
    size_t found_count = 0, count = 0;
    time_ns now = env_now(l->am->env);
    struct silences_query query = {.states = states};
    if (states == 0)
        return true;
    if (!silences_query(l->am->silences, &query, &l->mem, &found, &found_count, NULL, err))
        return false;
    for (size_t i = 0; i < found_count; i++) {
        if (!silence_has_matchers(found[i], filter))
            continue;
        if (!can_show(found[i], err))
            return false;
        found[count++] = found[i];
    }
    silences_sort_for_list(found, count, now);
    l->ids = arena_array(&l->mem, str, count + 1);
    for (size_t i = 0; i < count; i++)
        l->ids[i] = arena_str(&l->mem, found[i]->id);
    l->count = count;
    return true;
}

static void answer(struct web_request *r, struct silence_list *l)
{
    l->answer = (struct api_list){.put = put_silences, .free = list_free, .owner = l};
    api_reply_list(r, &l->answer);
}

void api_get_silences(struct web_request *r, str id)
{
    (void)id;
    struct err err = ERR_INIT;
    struct url_params params;
    struct matchers filter;
    struct silence_list *l = mem_new(struct silence_list);
    l->am = r->am;
    url_params_parse(r->x->query, &l->mem, &params);
    if (!api_param_matchers(r->am, &params, S("filter"), &l->mem, &filter, &err)) {
        log_failure(r, "Failed to parse matchers", &err);
        list_free(l);
        api_reply_text(r, 400, err_str(&err));
        return;
    }
    bool ok = find_ids(l, wanted_states(&params), &filter, &err);
    matchers_done(&filter);
    if (ok) {
        answer(r, l);
        return;
    }
    log_failure(r, "Failed to get silences", &err);
    list_free(l);
    api_reply_text(r, 500, err_str(&err));
}

// ---- changes: answered once they are on the disk -----------------------------------------------

struct silence_change {
    struct web_request *r;
    bool is_expiry;
    str id; // of a created one; in the exchange's memory
};

static void cancel_change(void *owner)
{
    struct silence_change *c = owner;
    silences_cancel(c->r->am->silences, c);
    mem_free(c);
}

static void on_durable(void *owner, const struct err *err)
{
    struct silence_change *c = owner;
    struct web_request *r = c->r;
    if (err && err->code != ERR_NONE) {
        log_failure(r, c->is_expiry ? "Failed to expire silence" : "Failed to create silence", err);
        api_reply_text(r, 500, err_str(err));
    } else if (c->is_expiry) {
        api_reply_empty(r, 200);
    } else {
        defer(buf_done) struct buf body = {0};
        buf_put(&body, S("{\"silenceID\":"));
        buf_put_json_str(&body, JSON_ESCAPE_GO, c->id);
        buf_put(&body, S("}\n"));
        api_reply_json(r, 200, buf_str(&body));
    }
    mem_free(c);
}

static struct silence_change *change_new(struct web_request *r)
{
    struct silence_change *c = mem_new(struct silence_change);
    c->r = r;
    web_on_cancel(r, cancel_change, c);
    return c;
}

// --log.silences. Matchers as name, operator and value, without quotes.
static void log_silence(struct web_request *r, const char *what, const struct silence *s)
{
    if (!r->am->opt.log_silences || !s)
        return;
    defer(buf_done) struct buf matchers = {0}, starts = {0}, ends = {0};
    for (size_t i = 0; s->set_count && i < s->sets[0].count; i++) {
        const struct matcher *m = &s->sets[0].items[i];
        buf_printf(&matchers, "%s%.*s%.*s%.*s", i ? "," : "", STR(m->name),
                   STR(matcher_op_str(m->op)), STR(m->value));
    }
    buf_put_time(&starts, s->starts_at, 0, 0);
    buf_put_time(&ends, s->ends_at, 0, 0);
    struct log log = log_with(&r->am->log, LOG_STR("component", S("silences")));
    log_write(&log, LOG_INFO, LOG_WHERE, str_c(what),
              LOG_ATTRS(LOG_STR("Id", s->id), LOG_STR("CreatedBy", s->created_by),
                        LOG_STR("Comment", s->comment), LOG_STR("StartsAt", buf_str(&starts)),
                        LOG_STR("EndsAt", buf_str(&ends)),
                        LOG_STR("Matchers", buf_str(&matchers))));
}

static void refuse_creation(struct web_request *r, const struct err *err)
{
    log_failure(r, "Failed to create silence", err);
    api_reply_text(r, err->code == ERR_NOT_FOUND ? 404 : 400, err_str(err));
}

static bool check_times(const struct silence_input *in, time_ns now, struct err *err)
{
    if (in->starts_at >= in->ends_at)
        return err_set(err, ERR_INVALID,
                       "Failed to create silence: start time must be before end time");
    if (in->ends_at < now)
        return err_set(err, ERR_INVALID, "Failed to create silence: end time can't be in the past");
    return true;
}

static void create(struct web_request *r, const struct silence_input *in)
{
    struct err err = ERR_INIT;
    if (!check_times(in, env_now(r->am->env), &err)) {
        refuse_creation(r, &err);
        return;
    }
    struct silence_change *c = change_new(r);
    const struct silence *s = silences_set(r->am->silences, in, on_durable, c, &err);
    if (!s) {
        mem_free(c);
        refuse_creation(r, &err);
        return;
    }
    c->id = arena_str(r->x->mem, s->id);
    log_silence(r, str_eq(s->id, in->id) ? "update silence" : "create silence", s);
}

void api_post_silences(struct web_request *r, str id)
{
    (void)id;
    struct silence_input in;
    struct api_problem problem;
    if (api_decode_silence(r->x->body, r->x->mem, &in, &problem))
        create(r, &in);
    else
        api_reply_code(r, problem.code, problem.message);
}

// ---- one ---------------------------------------------------------------------------------------

// RFC 4122 with dashes or without; the former also as a URN, or between any two bytes, which are
// braces as a rule.
static bool is_uuid(str id)
{
    if (id.n == 45 && str_eq_nocase(str_slice(id, 0, 9), S("urn:uuid:")))
        id = str_skip(id, 9);
    else if (id.n == 38)
        id = str_slice(id, 1, 37);
    bool has_dashes = id.n == 36;
    if (!has_dashes && id.n != 32)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        bool is_dash = has_dashes && (i == 8 || i == 13 || i == 18 || i == 23);
        bool is_hex = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
        if (is_dash ? c != '-' : !is_hex)
            return false;
    }
    return true;
}

// False: answered.
static bool check_id(struct web_request *r, str id)
{
    if (is_uuid(id))
        return true;
    defer(buf_done) struct buf text = {0};
    buf_put(&text, S("silenceID in path must be of type uuid: "));
    buf_put_quoted(&text, id);
    api_reply_code(r, 601, buf_str(&text));
    return false;
}

void api_get_silence(struct web_request *r, str id)
{
    struct err err = ERR_INIT;
    if (!check_id(r, id))
        return;
    const struct silence *s = silences_find(r->am->silences, id);
    if (!s) {
        api_reply_empty(r, 404);
        return;
    }
    if (!can_show(s, &err)) {
        log_failure(r, "Failed to get silence", &err);
        api_reply_text(r, 500, err_str(&err));
        return;
    }
    defer(buf_done) struct buf body = {0};
    struct json_writer w = {.out = &body, .escape = JSON_ESCAPE_GO};
    json_put_silence(&w, s, env_now(r->am->env));
    buf_put_c(&body, '\n');
    api_reply_json(r, 200, buf_str(&body));
}

void api_delete_silence(struct web_request *r, str id)
{
    struct err err = ERR_INIT;
    if (!check_id(r, id))
        return;
    struct silence_change *c = change_new(r);
    c->is_expiry = true;
    if (silences_expire(r->am->silences, id, on_durable, c, &err)) {
        log_silence(r, "expire silence", silences_find(r->am->silences, id));
        return;
    }
    mem_free(c);
    log_failure(r, "Failed to expire silence", &err);
    if (err.code == ERR_NOT_FOUND)
        api_reply_empty(r, 404);
    else
        api_reply_text(r, 500, err_str(&err));
}
