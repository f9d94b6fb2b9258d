// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/vmalert/rig.h"
#include "vmalert/client_auth.h"
#include "vmalert/datasource_http.h"

// Header lines as flags and files give them: names become canonical on the way in.
static bool read_headers(const cJSON *list, struct arena *mem, struct http_header **ret,
                         size_t *ret_count)
{
    struct str_list lines = {.items = arena_array(mem, str, (size_t)cJSON_GetArraySize(list) + 1)};
    for (const cJSON *h = list->child; h; h = h->next)
        lines.items[lines.count++] =
            arena_printf(mem, "%s: %s", h->child->valuestring, h->child->next->valuestring);
    return client_headers_parse(&lines, mem, ret, ret_count, NULL);
}

static str with_query(str url, const cJSON *query, struct arena *mem)
{
    struct url_params params = {
        .items = arena_array(mem, struct url_param, (size_t)cJSON_GetArraySize(query) + 1)};
    for (const cJSON *p = query->child; p; p = p->next)
        params.items[params.count++] =
            (struct url_param){case_text(p->child, mem), case_text(p->child->next, mem)};
    defer(buf_done) struct buf text = {0};
    buf_put(&text, url);
    if (params.count)
        buf_put_c(&text, '?');
    buf_put_params(&text, &params);
    return arena_str(mem, buf_str(&text));
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    struct http_header *headers;
    size_t count;
    str url = with_query(case_get_text(c, "url", mem), case_get(c, "query"), mem);
    if (!read_headers(case_get(c, "headers"), mem, &headers, &count))
        return "the headers are refused";
    defer(buf_done) struct buf got = {0};
    buf_put_curl(&got, case_get_text(c, "method", mem), url, headers, count, false);
    return str_eq(buf_str(&got), case_get_text(c, "curl", mem))
               ? NULL
               : case_fail(mem, "%.*s", STR(buf_str(&got)));
}

static void curl_lines(void **state)
{
    (void)state;
    case_file_run("vm-curl", run_case);
}

int test_vm_curl(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(curl_lines)};
    return run_group("vm-curl", tests);
}
