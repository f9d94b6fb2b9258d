// SPDX-License-Identifier: Apache-2.0
// amtool silence update: fetch, change, post again. The server may answer with another id.
#include "alertmanager/amtool/args.h"
#include "alertmanager/amtool/client.h"
#include "alertmanager/amtool/output.h"

enum { CHANGE_ID, CHANGE_START, CHANGE_END, CHANGE_COMMENT, CHANGE_COUNT };

static str json_text(str text, struct arena *mem)
{
    struct buf quoted = {.mem = mem};
    buf_put_json_str(&quoted, JSON_ESCAPE_HTML, text);
    return buf_str(&quoted);
}

static bool make_changes(struct amtool *t, const json *silence, struct model_change *changes,
                         struct err *err)
{
    struct span span = {.start = model_time(json_get_nocase(silence, S("startsAt"))),
                        .end = model_time(json_get_nocase(silence, S("endsAt")))};
    str comment = json_str(json_get_nocase(silence, S("comment")));
    if (json_is_null(json_get_nocase(silence, S("startsAt"))) ||
        json_is_null(json_get_nocase(silence, S("endsAt"))))
        return err_set(err, ERR_INVALID, "the server's answer is no silence");
    if (!args_span(&t->silence, &span, err))
        return false;
    if (t->silence.comment.n)
        comment = t->silence.comment;
    str id = json_str(json_get_nocase(silence, S("id")));
    changes[CHANGE_ID] = (struct model_change){S("id"), json_text(id, &t->mem)};
    changes[CHANGE_START] = (struct model_change){
        S("startsAt"), json_text(model_time_text(span.start, &t->mem), &t->mem)};
    changes[CHANGE_END] =
        (struct model_change){S("endsAt"), json_text(model_time_text(span.end, &t->mem), &t->mem)};
    changes[CHANGE_COMMENT] = (struct model_change){S("comment"), json_text(comment, &t->mem)};
    return true;
}

static str changed_text(struct amtool *t, const struct model *m, const json *silence,
                        const struct model_change *changes)
{
    struct buf text = {.mem = &t->mem};
    struct json_writer w = {.out = &text};
    model_put(&w, m, silence, changes, CHANGE_COUNT);
    return buf_str(&text);
}

// Puts the silence as it is now into the list that will be printed.
static bool update(struct amtool *t, struct client *client, str id, struct json_list *updated,
                   struct err *err)
{
    struct client_call get = {.op = CLIENT_GET_SILENCE, .id = id};
    struct client_call post = {.op = CLIENT_POST_SILENCES};
    struct model_change changes[CHANGE_COUNT];
    if (!client_do(client, &get, err) || !make_changes(t, get.value, changes, err))
        return false;
    post.body = changed_text(t, &MODEL_NEW_SILENCE, get.value, changes);
    if (!client_do(client, &post, err))
        return false;
    changes[CHANGE_ID].text =
        json_text(json_str(json_get_nocase(post.value, S("silenceID"))), &t->mem);
    str text = changed_text(t, &MODEL_SILENCE, get.value, changes);
    const json *v = json_parse(text, false, &t->mem, err);
    updated->items[updated->count++] = v;
    return v != NULL;
}

bool cmd_silence_update(struct amtool *t, struct err *err)
{
    struct client client;
    struct json_list updated = {.items = arena_array(&t->mem, const json *, t->args.count)};
    if (t->args.count == 0)
        return err_set(err, ERR_INVALID, "no silence IDs specified");
    if (!client_open(&client, t, err))
        return false;
    for (size_t i = 0; i < t->args.count; i++) {
        if (!update(t, &client, t->args.items[i], &updated, err))
            return false;
    }
    struct output o = output_of(t);
    if (!t->silence.is_quiet)
        output_silences(&t->out, &o, &updated);
    for (size_t i = 0; t->silence.is_quiet && i < updated.count; i++) {
        buf_put(&t->out, json_str(json_get_nocase(updated.items[i], S("id"))));
        buf_put_c(&t->out, '\n');
    }
    return true;
}
