// SPDX-License-Identifier: Apache-2.0
// Sections that say how a client authenticates: which are refused, and the Authorization header
// that the others give, asked of the HTTP client itself.
#define BANNED_ALLOW_IMPURE // the cases' secret file is written here
#include <stdlib.h>
#include <unistd.h>

#include "base/core/hash.h"
#include "base/io/env_uv.h"
#include "tests/support/cases.h"
#include "tests/support/check.h"
#include "vmalert/client_auth.h"

#define WAIT_MAX DUR_SECONDS(60)

static struct {
    struct env *env;
    struct http_server *server;
    struct addr addr;
    char folder[64], secret[128];
    struct buf seen;     // the Authorization header that came
    const char *failure; // why none did
} world;

// ---- a server for tokens and for what they are for ---------------------------------------------

static void handle(void *owner, struct http_exchange *x)
{
    (void)owner;
    struct http_header json = {S("Content-Type"), S("application/json")};
    struct http_reply reply = {.status = 200, .headers = &json, .header_count = 1};
    if (str_eq(x->path, S("/token")))
        reply.body = S("{\"access_token\":\"test-oauth2-token\",\"token_type\":\"Bearer\"}");
    else
        buf_put(&world.seen, http_header_find(x->headers, x->header_count, S("Authorization")));
    x->reply(x, &reply);
}

static void on_response(void *owner, const struct http_response *response, const struct err *err)
{
    (void)owner;
    world.failure = response ? NULL : "failed";
    if (!response && err->code == ERR_TIMEOUT)
        world.failure = "late";
    env_uv_stop(world.env);
}

static void ask(const struct httpconf *conf)
{
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", world.addr.port);
    struct http_request request = {.url = str_c(url), .timeout = WAIT_MAX, .conf = conf};
    buf_clear(&world.seen);
    env_http(world.env, &request, on_response, NULL);
    env_uv_run(world.env);
}

// ---- the cases ---------------------------------------------------------------------------------

// The names that the cases use for what only exists where they come from.
static str localised(str text, struct arena *mem)
{
    static const char SECRET[] = "testdata/test_secretfile.txt", URL[] = "replace-with-mock-url";
    struct buf b = {0};
    while (text.n) {
        if (str_starts(text, str_c(SECRET))) {
            buf_put(&b, str_c(world.secret));
            text = str_skip(text, sizeof(SECRET) - 1);
        } else if (str_starts(text, str_c(URL))) {
            buf_printf(&b, "http://127.0.0.1:%u/token", world.addr.port);
            text = str_skip(text, sizeof(URL) - 1);
        } else {
            buf_put_c(&b, text.p[0]);
            text = str_skip(text, 1);
        }
    }
    str copy = arena_str(mem, buf_str(&b));
    buf_done(&b);
    return copy;
}

static bool load(const cJSON *c, struct arena *mem, struct httpconf *ret, struct err *err)
{
    struct yaml_node *node;
    struct yaml_binder binder = {.mem = mem};
    bool is_section = str_starts(case_get_text(c, "test", mem), S("Oauth2Config"));
    struct client_auth auth = {0};
    struct client_oauth2 oauth2 = {0};
    struct httpconf_oauth2 built;
    bool ok = yaml_parse(localised(case_get_text(c, "yamlConfig", mem), mem),
                         &(struct yaml_options){0}, mem, &node, err) &&
              (is_section ? yaml_bind(&binder, node, &CLIENT_OAUTH2_YAML, &oauth2, err) &&
                                client_oauth2_build(&oauth2, mem, &built, err)
                          : yaml_bind(&binder, node, &CLIENT_AUTH_YAML, &auth, err) &&
                                client_auth_build(&auth, mem, ret, err));
    buf_done(&binder.problems);
    return ok;
}

static const char *run_headers(const cJSON *c, struct arena *mem)
{
    const cJSON *list = case_get(c, "headers");
    const cJSON *want = case_get(c, "resultExpected");
    struct str_list lines = {.items = arena_array(mem, str, (size_t)cJSON_GetArraySize(list) + 1)};
    const cJSON *line;
    cJSON_ArrayForEach(line, list) lines.items[lines.count++] = case_text(line, mem);
    struct http_header *headers;
    size_t count;
    struct err err = ERR_INIT;
    bool ok = client_headers_parse(&lines, mem, &headers, &count, &err);
    if (ok == case_get_bool(c, "error"))
        return case_fail(mem, "headers: %s", ok ? "accepted" : "refused");
    if (!ok || !want)
        return NULL;
    // Either as they are sent, or a hash over all of them.
    bool is_hash = str_starts(case_text(want, mem), S("digest("));
    struct buf got = {0};
    for (size_t i = 0; i < count; i++)
        buf_printf(&got, is_hash ? "%.*s=%.*s," : "%.*s: %.*s\r\n", STR(headers[i].name),
                   STR(headers[i].value));
    str text = is_hash ? arena_printf(mem, "digest(headers)=%llu",
                                      (unsigned long long)xxh64(buf_str(&got)))
                       : arena_str(mem, buf_str(&got));
    buf_done(&got);
    return str_eq(text, case_text(want, mem)) ? NULL : case_fail(mem, "headers: %.*s", STR(text));
}

static const char *run(const cJSON *c, struct arena *mem)
{
    str kind = case_get_text(c, "kind", mem);
    if (str_eq(kind, S("headers")))
        return run_headers(c, mem);
    struct httpconf conf = {0};
    struct err err = ERR_INIT;
    bool is_error = case_get_bool(c, "error");
    bool ok = load(c, mem, &conf, &err);
    if (str_eq(kind, S("config")))
        return ok != is_error
                   ? NULL
                   : case_fail(mem, "%s: %.*s", ok ? "accepted" : "refused", STR(err_str(&err)));
    if (!ok)
        return case_fail(mem, "does not load: %.*s", STR(err_str(&err)));
    bool shows_no_certificate = case_get(c, "ahExpected") && !conf.auth;
    if (shows_no_certificate) // the header is what counts, and the files in question do not exist
        conf.tls = (struct httpconf_tls){0};
    ask(&conf);
    if ((world.failure != NULL) != is_error)
        return case_fail(mem, "the request %s", world.failure ? world.failure : "succeeded");
    if (is_error || str_eq(buf_str(&world.seen), case_get_text(c, "ahExpected", mem)))
        return NULL;
    return case_fail(mem, "Authorization: %.*s", STR(buf_str(&world.seen)));
}

static void cases_hold(void **state)
{
    (void)state;
    case_file_run("vm-promauth", run);
}

// ---- life --------------------------------------------------------------------------------------

static int setup(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    snprintf(world.folder, sizeof(world.folder), "/tmp/tocsin-auth-XXXXXX");
    if (!mkdtemp(world.folder))
        return -1;
    snprintf(world.secret, sizeof(world.secret), "%s/secret", world.folder);
    FILE *f = fopen(world.secret, "w");
    if (!f || fputs("secret-content", f) < 0 || fclose(f) != 0)
        return -1;
    world.env = env_uv_new(&(struct env_uv_options){0}, &err);
    struct http_server_options options = {
        .listen = S("127.0.0.1:0"), .body_bytes_max = 1 << 16, .handle = handle};
    world.server = env_http_listen(world.env, &options, &world.addr, &err);
    return world.server ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    env_uv_free(world.env);
    unlink(world.secret);
    rmdir(world.folder);
    buf_done(&world.seen);
    return 0;
}

int test_vm_promauth(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cases_hold, setup, teardown),
    };
    return run_group("vm-promauth", tests);
}
