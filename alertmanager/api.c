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
    return str_eq(method, S("GET")) || str_eq(method, S("POST")) || str_eq(method, S("HEAD"));
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

static void reply_as_json(struct web_request *r, struct http_reply *reply)
{
    struct http_header headers[API_HEADERS_MAX + 2];
    size_t count = put_api_headers(r, headers);
    if (reply->body.n || reply->next)
        headers[count++] = (struct http_header){S("Content-Type"), S("application/json")};
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
    buf_printf(&body, "{\"code\":%d,\"message\":", code);
    buf_put_json_str(&body, JSON_ESCAPE_HTML, message);
    buf_put_c(&body, '}');
    bool is_head = str_eq(r->x->method, S("HEAD"));
    reply_as_json(r, &(struct http_reply){.status = code > CODE_STATUS_MAX ? 422 : code,
                                          .body = is_head ? S("") : buf_str(&body),
                                          .headers = header,
                                          .header_count = header ? 1 : 0});
}

void api_reply_code(struct web_request *r, int code, str message)
{
    reply_code(r, code, message, NULL);
}

// ---- CORS preflight (Fetch §4.8) ---------------------------------------------------------------

static bool are_cors_headers(str list)
{
    static const str allowed[] = {{"Accept", 6}, {"Content-Type", 12}, {"X-Requested-With", 16}};
    bool has_more = list.n > 0;
    while (has_more) {
        str name;
        has_more = str_cut(list, ',', &name, &list);
        name = str_trim(name);
        size_t i = 0;
        while (i < ARRAY_LEN(allowed) && !str_eq_nocase(name, allowed[i]))
            i++;
        if (i == ARRAY_LEN(allowed) && name.n)
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

// ---- media types -------------------------------------------------------------------------------

static bool is_token(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];
        if (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?=", c))
            return false;
    }
    return s.n > 0;
}

// Go's mime.ParseMediaType, without what is behind the first ';'. NULL: fine.
static const char *media_type_error(str type)
{
    str major, minor;
    if (type.n == 0)
        return "mime: no media type";
    if (!str_cut(type, '/', &major, &minor))
        return is_token(type) ? NULL : "mime: expected slash after first token";
    if (!is_token(major))
        return "mime: expected slash after first token";
    return is_token(minor) ? NULL : "mime: expected token after slash";
}

// False: answered.
static bool check_content_type(struct web_request *r)
{
    str header = str_trim(web_header(r, S("Content-Type")));
    str type, parameters;
    if (!r->x->has_body)
        return true;
    str_cut(header, ';', &type, &parameters);
    type = str_trim(type);
    if (header.n == 0)
        type = S("application/octet-stream");
    const char *error = media_type_error(type);
    if (error) {
        api_reply_code(r, 400,
                       arena_printf(r->x->mem,
                                    "parsing Content-Type header from \"%.*s\" failed, "
                                    "because %s",
                                    STR(header), error));
        return false;
    }
    if (str_eq_nocase(type, S("application/json")))
        return true;
    api_reply_code(
        r, 415,
        arena_printf(r->x->mem,
                     "unsupported media type \"%.*s\", only [application/json] are allowed",
                     STR(type)));
    return false;
}

static bool is_refused(str parameters) // q=0
{
    str q = str_trim(parameters);
    double quality;
    return (str_starts(q, S("q=")) || str_starts(q, S("Q="))) &&
           str_to_f64(str_trim(str_skip(q, 2)), &quality) && quality == 0;
}

static bool check_accept(struct web_request *r)
{
    str list = web_header(r, S("Accept"));
    bool has_more = str_trim(list).n > 0;
    if (!has_more || r->x->has_body)
        return true;
    while (has_more) {
        str item, type, parameters;
        has_more = str_cut(list, ',', &item, &list);
        str_cut(item, ';', &type, &parameters);
        type = str_trim(type);
        if ((str_eq(type, S("*/*")) || str_eq_nocase(type, S("application/*")) ||
             str_eq_nocase(type, S("application/json"))) &&
            !is_refused(parameters))
            return true;
    }
    api_reply_code(r, 406,
                   S("unsupported media type requested, only [application/json] are available"));
    return false;
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
        if (str_eq(r->x->method, str_c(o->method)))
            found = o;
        allowed =
            arena_printf(r->x->mem, "%.*s%s%s", STR(allowed), allowed.n ? "," : "", o->method);
    }
    if (found) {
        if (check_content_type(r) && check_accept(r))
            found->serve(r, id);
    } else if (allowed.n) {
        refuse_method(r, allowed);
    } else {
        r->handler = "/api/v2/";
        api_reply_code(r, 404, arena_printf(r->x->mem, "path %.*s was not found", STR(r->path)));
    }
}
