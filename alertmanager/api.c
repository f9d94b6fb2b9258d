// SPDX-License-Identifier: Apache-2.0
// Which operation a request means, whether it may ask for it, and the forms of the answers.
#include "alertmanager/api.h"

#include "base/core/alloc.h"

struct operation {
    const char *method;
    const char *path; // ends in a slash: an id follows
    const char *handler;
    void (*serve)(struct web_request *, str id);
};

#define SILENCE_HANDLER "/api/v2/silence/{silenceID}"

static const struct operation OPERATIONS[] = {
    // Methods of one path in their order, as the 405 lists them.
    {"GET", "/api/v2/alerts", "/api/v2/alerts", api_get_alerts},
    {"POST", "/api/v2/alerts", "/api/v2/alerts", api_post_alerts},
    {"GET", "/api/v2/alerts/groups", "/api/v2/alerts/groups", api_get_groups},
    {"GET", "/api/v2/status", "/api/v2/status", api_get_status},
    {"GET", "/api/v2/receivers", "/api/v2/receivers", api_get_receivers},
    {"GET", "/api/v2/silences", "/api/v2/silences", api_get_silences},
    {"POST", "/api/v2/silences", "/api/v2/silences", api_post_silences},
    {"DELETE", "/api/v2/silence/", SILENCE_HANDLER, api_delete_silence},
    {"GET", "/api/v2/silence/", SILENCE_HANDLER, api_get_silence},
};

// ---- life --------------------------------------------------------------------------------------

struct api *api_new(struct am *am)
{
    struct api *a = mem_new(struct api);
    a->am = am;
    a->created_at = env_now(am->env);
    a->get_slots = (size_t)am->opt.web_get_concurrency;
    if (am->opt.web_get_concurrency < 1)
        a->get_slots = MAX(am->opt.cpus, (size_t)8);
    a->log = log_with(&am->log, LOG_STR("component", S("api")));
    a->log = log_with(&a->log, LOG_STR("version", S("v2")));
    list_init(&a->requests);
    return a;
}

void api_free(struct api *a)
{
    if (!a)
        return;
    list_each_safe (node, &a->requests)
        web_abandon(list_item(node, struct web_request, node));
    mem_free(a);
}

// ---- answers -----------------------------------------------------------------------------------

static bool is_cors_method(str method)
{
    return str_eq(method, S("GET")) || str_eq(method, S("POST")) || str_eq(method, S("HEAD")) ||
           str_eq(method, S("OPTIONS"));
}

#define API_HEADERS_MAX 4 // and one of the caller

static size_t put_api_headers(const struct web_request *r, struct http_header *to)
{
    size_t count = 0;
    to[count++] = (struct http_header){S("Cache-Control"), S("no-store")};
    to[count++] = (struct http_header){S("Vary"), S("Origin")};
    if (web_header(r, S("Origin")).n && is_cors_method(r->x->method))
        to[count++] = (struct http_header){S("Access-Control-Allow-Origin"), S("*")};
    return count;
}

static const struct http_header JSON_TYPE = {{"Content-Type", 12}, {"application/json", 16}};

static void reply_as_json(struct web_request *r, struct http_reply *reply)
{
    struct http_header headers[API_HEADERS_MAX + 2];
    size_t count = put_api_headers(r, headers);
    if (reply->body.n || reply->next)
        headers[count++] = JSON_TYPE;
    for (size_t i = 0; i < reply->header_count; i++)
        headers[count++] = reply->headers[i];
    reply->headers = headers;
    reply->header_count = count;
    web_reply(r, reply);
}

void api_reply_json(struct web_request *r, int status, str body)
{
    reply_as_json(r, &(struct http_reply){.status = status, .body = body});
}

void api_reply_empty(struct web_request *r, int status)
{
    reply_as_json(r, &(struct http_reply){.status = status});
}

// Appends about API_PIECE_BYTES. False: the list is complete.
static bool list_put_piece(struct api_list *l, struct buf *out)
{
    struct json_writer w = {.out = out, .escape = JSON_ESCAPE_GO, .needs_comma = l->needs_comma};
    size_t full = out->n + API_PIECE_BYTES;
    if (!l->is_begun) {
        l->is_begun = true;
        json_array_begin(&w);
    }
    bool has_more = l->put(l->owner, &w, full);
    l->needs_comma = w.needs_comma;
    if (!has_more)
        buf_put(out, S("]\n"));
    return has_more;
}

static bool list_next_piece(void *owner, struct buf *out)
{
    struct api_list *l = owner;
    if (l->first.n == 0)
        return list_put_piece(l, out);
    buf_put(out, buf_str(&l->first));
    buf_done(&l->first);
    return true;
}

static void list_done(void *owner)
{
    struct api_list *l = owner;
    buf_done(&l->first);
    l->free(l->owner);
}

void api_reply_list(struct web_request *r, struct api_list *l)
{
    if (list_put_piece(l, &l->first)) {
        reply_as_json(r,
                      &(struct http_reply){
                          .status = 200, .next = list_next_piece, .done = list_done, .owner = l});
        return;
    }
    api_reply_json(r, 200, buf_str(&l->first));
    list_done(l);
}

void api_reply_text(struct web_request *r, int status, str text)
{
    defer(buf_done) struct buf body = {0};
    buf_put_json_str(&body, JSON_ESCAPE_GO, text);
    buf_put_c(&body, '\n');
    api_reply_json(r, status, buf_str(&body));
}

#define CODE_STATUS_MAX 599

static void reply_code(struct web_request *r, int code, str message,
                       const struct http_header *header)
{
    defer(buf_done) struct buf body = {0};
    struct http_header headers[2];
    size_t count = 0;
    buf_printf(&body, "{\"code\":%d,\"message\":", code);
    buf_put_json_str(&body, JSON_ESCAPE_HTML, message);
    buf_put_c(&body, '}');
    bool is_head = str_eq(r->x->method, S("HEAD"));
    if (header)
        headers[count++] = *header;
    if (is_head) // the type is told all the same
        headers[count++] = JSON_TYPE;
    reply_as_json(r, &(struct http_reply){.status = code > CODE_STATUS_MAX ? 422 : code,
                                          .body = is_head ? S("") : buf_str(&body),
                                          .headers = headers,
                                          .header_count = count});
}

void api_reply_code(struct web_request *r, int code, str message)
{
    reply_code(r, code, message, NULL);
}

// ---- CORS preflight (Fetch §4.8) ---------------------------------------------------------------

#define CORS_EMPTY_MAX 16 // list items without a name

static str trim_one_space(str s)
{
    if (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = str_skip(s, 1);
    if (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

// Browsers send the names in lower case, sorted, each once: anything else is none of theirs.
static bool are_cors_headers(str list)
{
    static const str allowed[] = {{"accept", 6}, {"content-type", 12}, {"x-requested-with", 16}};
    size_t next = 0, empty = 0;
    bool has_more = list.n > 0;
    while (has_more) {
        str name;
        has_more = str_cut(list, ',', &name, &list);
        name = trim_one_space(name);
        if (name.n == 0 && ++empty <= CORS_EMPTY_MAX)
            continue;
        while (next < ARRAY_LEN(allowed) && !str_eq(name, allowed[next]))
            next++;
        if (next++ >= ARRAY_LEN(allowed))
            return false;
    }
    return true;
}

static void serve_preflight(struct web_request *r, str method)
{
    struct http_header headers[4];
    size_t count = 0;
    headers[count++] = (struct http_header){
        S("Vary"), S("Origin, Access-Control-Request-Method, Access-Control-Request-Headers")};
    str wanted = web_header(r, S("Access-Control-Request-Headers"));
    if (web_header(r, S("Origin")).n && is_cors_method(method) && are_cors_headers(wanted)) {
        headers[count++] = (struct http_header){S("Access-Control-Allow-Origin"), S("*")};
        headers[count++] = (struct http_header){S("Access-Control-Allow-Methods"), method};
        if (wanted.n)
            headers[count++] = (struct http_header){S("Access-Control-Allow-Headers"), wanted};
    }
    web_reply(r, &(struct http_reply){.status = 204, .headers = headers, .header_count = count});
}

// ---- operations --------------------------------------------------------------------------------

// Is this the operation's path? Then *ret_id is the part behind it, decoded.
static bool has_path(const struct operation *o, const struct web_request *r, str path, str *ret_id)
{
    str pattern = str_c(o->path);
    *ret_id = (str){0};
    if (!str_ends(pattern, S("/")))
        return str_eq(path, pattern);
    str id = str_skip(path, pattern.n);
    if (!str_starts(path, pattern) || id.n == 0 || str_find(id, '/') != STR_NONE)
        return false;
    defer(buf_done) struct buf decoded = {0};
    *ret_id = url_path_unescape(id, &decoded) ? arena_str(r->x->mem, buf_str(&decoded)) : id;
    return true;
}

static void refuse_method(struct web_request *r, str allowed)
{
    struct http_header allow = {S("Allow"), allowed};
    str message = arena_printf(r->x->mem, "method %.*s is not allowed, but [%.*s] are",
                               STR(r->x->method), STR(allowed));
    reply_code(r, 405, message, &allow);
}

void api_serve(struct web_request *r)
{
    str wanted = web_header(r, S("Access-Control-Request-Method"));
    if (str_eq(r->x->method, S("OPTIONS")) && wanted.n) {
        r->handler = "/api/v2/";
        serve_preflight(r, wanted);
        return;
    }
    str path = str_trim_right(r->path, '/'), id = {0};
    str allowed = {0};
    const struct operation *found = NULL;
    for (size_t i = 0; i < ARRAY_LEN(OPERATIONS) && !found; i++) {
        const struct operation *o = &OPERATIONS[i];
        if (!has_path(o, r, path, &id))
            continue;
        r->handler = o->handler;
        if (str_eq_nocase(r->x->method, str_c(o->method)))
            found = o;
        allowed =
            arena_printf(r->x->mem, "%.*s%s%s", STR(allowed), allowed.n ? "," : "", o->method);
    }
    if (found) {
        if (api_check_media(r))
            found->serve(r, id);
    } else if (allowed.n) {
        refuse_method(r, allowed);
    } else {
        r->handler = "/api/v2/";
        api_reply_code(r, 404, arena_printf(r->x->mem, "path %.*s was not found", STR(r->path)));
    }
}
