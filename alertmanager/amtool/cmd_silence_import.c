// SPDX-License-Identifier: Apache-2.0
// amtool silence import: posts the silences of a JSON array, several at a time.
//
// The file is read as a whole but decoded item by item: what stands in front of a mistake is
// imported. A silence whose id the server does not know is posted again without it.
#include "alertmanager/amtool/client.h"
#include "base/core/alloc.h"

#define IMPORT_BYTES_MAX   ((size_t)1 << 30)
#define IMPORT_WORKERS_MAX 256

struct import {
    struct amtool *t;
    struct client client;
    str rest; // of the file
    bool is_object, is_first, is_at_end;
    size_t count, failed, open;
    struct err err; // of the input
};

// One silence on its way. Frees itself.
struct upload {
    struct client_call call;
    struct arena mem;
    struct import *import;
    const json *silence;
    str id;
    bool is_retry;
};

static void start_more(struct import *im);

// ---- the input ---------------------------------------------------------------------------------

static bool input_fail(struct import *im)
{
    im->is_at_end = true;
    model_word_error(&im->err);
    return err_wrap(&im->err, "couldn't unmarshal input data, is it JSON?");
}

// The opening bracket. Another value in its place is passed over, as upstream does.
static bool begin_input(struct import *im)
{
    im->rest = str_trim(im->rest);
    if (im->rest.n == 0) {
        err_set(&im->err, ERR_SYNTAX, "EOF");
        return input_fail(im);
    }
    im->is_object = im->rest.p[0] == '{';
    if (im->rest.p[0] == '[' || im->is_object) {
        im->rest = str_skip(im->rest, 1);
        return true;
    }
    struct arena mem = {0};
    const json *v = json_parse_next(&im->rest, &mem, &im->err);
    arena_done(&mem);
    return v || input_fail(im);
}

static bool read_next(struct import *im, struct arena *mem, const json **ret)
{
    im->rest = str_trim(im->rest);
    if (im->rest.n == 0 || im->rest.p[0] == ']' || im->rest.p[0] == '}') {
        im->is_at_end = true;
        return false;
    }
    if (im->is_object) { // names stand here, not silences
        err_set(&im->err, ERR_SYNTAX, "not at beginning of value");
        return input_fail(im);
    }
    if (!im->is_first) {
        if (im->rest.p[0] != ',') {
            err_set(&im->err, ERR_SYNTAX, "expected comma after array element");
            return input_fail(im);
        }
        im->rest = str_skip(im->rest, 1);
    }
    im->is_first = false;
    *ret = json_parse_next(&im->rest, mem, &im->err);
    if (*ret && json_is_null(*ret)) // as one without members
        *ret = json_parse(S("{}"), false, mem, &im->err);
    return (*ret && model_check(&MODEL_NEW_SILENCE, *ret, &im->err)) || input_fail(im);
}

// ---- uploads -----------------------------------------------------------------------------------

static void start(struct upload *u, bool with_id)
{
    struct buf body = {.mem = &u->mem};
    struct json_writer w = {.out = &body};
    const struct model_change no_id = {S("id"), S("\"\"")};
    model_put(&w, &MODEL_NEW_SILENCE, u->silence, &no_id, with_id ? 0 : 1);
    u->call.body = buf_str(&body);
    client_start(&u->import->client, &u->call);
}

static void finish(struct upload *u)
{
    struct import *im = u->import;
    if (u->call.err.code == ERR_NONE) {
        buf_put(&im->t->out, json_str(json_get_nocase(u->call.value, S("silenceID"))));
        buf_put_c(&im->t->out, '\n');
    } else {
        im->failed++;
        buf_printf(&im->t->notes, "Error adding silence id='%.*s': %.*s\n", STR(u->id),
                   STR(err_str(&u->call.err)));
    }
    amtool_flush(im->t);
    im->open--;
    arena_done(&u->mem);
    mem_free(u);
}

static void on_posted(struct client_call *call)
{
    struct upload *u = container_of(call, struct upload, call);
    struct import *im = u->import;
    if (call->status == 404 && call->err.code == ERR_NOT_FOUND && !u->is_retry) {
        u->is_retry = true;
        *call = (struct client_call){.op = call->op, .mem = call->mem, .on_done = call->on_done};
        start(u, false);
        return;
    }
    finish(u);
    start_more(im);
    if (im->open == 0)
        im->t->world->wake(im->t->env);
}

static void start_more(struct import *im)
{
    size_t workers = (size_t)CLAMP(im->t->import.workers, 1, IMPORT_WORKERS_MAX);
    while (im->open < workers && !im->is_at_end) {
        struct upload *u = mem_new(struct upload);
        if (!read_next(im, &u->mem, &u->silence)) {
            arena_done(&u->mem);
            mem_free(u);
            return;
        }
        u->import = im;
        u->id = im->t->import.is_forced ? S("") : json_str(json_get_nocase(u->silence, S("id")));
        u->call =
            (struct client_call){.op = CLIENT_POST_SILENCES, .mem = &u->mem, .on_done = on_posted};
        im->count++;
        im->open++;
        start(u, !im->t->import.is_forced);
    }
}

bool cmd_silence_import(struct amtool *t, struct err *err)
{
    defer(buf_done) struct buf text = {0};
    str path = t->args.count ? t->args.items[0] : S("/dev/stdin");
    if (!env_file_read(t->env, path, IMPORT_BYTES_MAX, &text, err))
        return false;
    struct import im = {.t = t, .rest = buf_str(&text), .is_first = true};
    if (begin_input(&im)) {
        if (!client_open(&im.client, t, err))
            return false;
        start_more(&im);
        while (im.open)
            t->world->wait(t->env);
    }
    if (im.err.code != ERR_NONE) {
        *err = im.err;
        return false;
    }
    return im.failed == 0 || err_set(err, ERR_INVALID, "couldn't import %zu out of %zu silences",
                                     im.failed, im.count);
}
