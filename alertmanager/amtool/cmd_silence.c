// SPDX-License-Identifier: Apache-2.0
// amtool silence query, silence add, silence expire.
#include "alertmanager/amtool/args.h"
#include "alertmanager/amtool/client.h"
#include "alertmanager/amtool/output.h"

// ---- query -------------------------------------------------------------------------------------

// The server filters by matchers; by time, author and id it cannot.
static bool is_wanted(const struct amtool *t, const json *v, const struct gotime *now)
{
    struct gotime end = model_time(json_get_nocase(v, S("endsAt")));
    int order = gotime_cmp(&end, now);
    if (t->silences.expired ? order > 0 : order < 0)
        return false;
    if (t->silences.within > 0) {
        bool expired = t->silences.expired;
        struct gotime limit = gotime_add(*now, expired ? -t->silences.within : t->silences.within);
        order = gotime_cmp(&end, &limit);
        if (expired ? order < 0 : order > 0)
            return false;
    }
    str id = json_str(json_get_nocase(v, S("id")));
    str author = json_str(json_get_nocase(v, S("createdBy")));
    return (t->silences.created_by.n == 0 || str_eq(t->silences.created_by, author)) &&
           (t->silences.id.n == 0 || str_eq(t->silences.id, id));
}

static struct json_list wanted_silences(struct amtool *t, const json *all)
{
    struct gotime now = gotime_from_ns(env_now(t->env));
    struct json_list list = json_list_of(all, &t->mem);
    size_t kept = 0;
    for (size_t i = 0; i < list.count; i++) {
        if (is_wanted(t, list.items[i], &now))
            list.items[kept++] = list.items[i];
    }
    list.count = kept;
    return list;
}

static void put_ids(struct buf *out, const struct json_list *silences)
{
    for (size_t i = 0; i < silences->count; i++) {
        buf_put(out, json_str(json_get_nocase(silences->items[i], S("id"))));
        buf_put_c(out, '\n');
    }
}

bool cmd_silence_query(struct amtool *t, struct err *err)
{
    struct client client;
    struct client_call call = {.op = CLIENT_GET_SILENCES};
    args_complete_first(t, &t->args);
    call.query.items = arena_array(&t->mem, struct url_param, t->args.count);
    for (; call.query.count < t->args.count; call.query.count++)
        call.query.items[call.query.count] =
            (struct url_param){S("filter"), t->args.items[call.query.count]};
    if (!client_open(&client, t, err) || !client_do(&client, &call, err))
        return false;
    struct output o = output_of(t);
    struct json_list silences = wanted_silences(t, call.value);
    if (t->silences.is_quiet)
        put_ids(&t->out, &silences);
    else
        output_silences(&t->out, &o, &silences);
    return true;
}

// ---- add ---------------------------------------------------------------------------------------

static str silence_body(struct amtool *t, const struct matchers *matchers, const struct span *span,
                        const struct label_array *annotations)
{
    struct buf body = {.mem = &t->mem};
    struct json_writer w = {.out = &body};
    json_object_begin(&w);
    if (annotations->count) {
        json_put_key(&w, S("annotations"));
        json_object_begin(&w);
        for (size_t i = 0; i < annotations->count; i++)
            json_put_member(&w, arena_c(&t->mem, annotations->items[i].name),
                            annotations->items[i].value);
        json_object_end(&w);
    }
    json_put_member(&w, "comment", t->silence.comment);
    json_put_member(&w, "createdBy", t->silence.author);
    json_put_key(&w, S("endsAt"));
    model_put_time(&w, span->end);
    json_put_key(&w, S("matchers"));
    json_array_begin(&w);
    for (size_t i = 0; i < matchers->count; i++)
        json_put_matcher(&w, &matchers->items[i]);
    json_array_end(&w);
    json_put_key(&w, S("startsAt"));
    model_put_time(&w, span->start);
    json_object_end(&w);
    return buf_str(&body);
}

// In the order in which upstream complains.
static bool make_silence(struct amtool *t, const struct matchers *matchers, str *ret_body,
                         struct err *err)
{
    struct span span = {.start = gotime_from_ns(env_now(t->env))};
    struct label_array annotations;
    if (matchers->count == 0)
        return err_set(err, ERR_INVALID, "no matchers specified");
    if (t->silence.duration.n == 0 && t->silence.end.n == 0)
        return err_set(err, ERR_SYNTAX, "empty duration string");
    if (!args_span(&t->silence, &span, err))
        return false;
    if (t->silence.needs_comment && t->silence.comment.n == 0)
        return err_set(err, ERR_INVALID, "comment required by config");
    if (!args_labels(t, &t->silence.annotations, ARGS_ANNOTATIONS_COMPLAINT, &annotations, err))
        return false;
    *ret_body = silence_body(t, matchers, &span, &annotations);
    return true;
}

bool cmd_silence_add(struct amtool *t, struct err *err)
{
    struct client client;
    struct client_call call = {.op = CLIENT_POST_SILENCES};
    struct matchers matchers;
    args_complete_first(t, &t->args);
    bool ok =
        args_matchers(t, &t->args, &matchers, err) && make_silence(t, &matchers, &call.body, err);
    matchers_done(&matchers);
    if (!ok || !client_open(&client, t, err) || !client_do(&client, &call, err))
        return false;
    buf_put(&t->out, json_str(json_get_nocase(call.value, S("silenceID"))));
    buf_put_c(&t->out, '\n');
    return true;
}

// ---- expire ------------------------------------------------------------------------------------

bool cmd_silence_expire(struct amtool *t, struct err *err)
{
    struct client client;
    if (t->args.count == 0)
        return err_set(err, ERR_INVALID, "no silence IDs specified");
    if (!client_open(&client, t, err))
        return false;
    for (size_t i = 0; i < t->args.count; i++) {
        struct client_call call = {.op = CLIENT_DELETE_SILENCE, .id = t->args.items[i]};
        if (!client_do(&client, &call, err))
            return false;
    }
    return true;
}
