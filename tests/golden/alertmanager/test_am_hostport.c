// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/alertmanager/am_cases.h"

static const char *check_value(const cJSON *v, const struct host_port *hp, struct arena *mem)
{
    if (!str_eq(hp->host, case_get_text(v, "host", mem)) ||
        !str_eq(hp->port, case_get_text(v, "port", mem)))
        return case_fail(mem, "host %.*s, port %.*s", STR(hp->host), STR(hp->port));
    // The text is the JSON value; YAML only decides about quotes.
    defer(buf_done) struct buf text = {0};
    buf_put_host_port(&text, hp);
    cJSON *want = cJSON_Parse(case_get(v, "json")->valuestring);
    bool is_same = str_eq(buf_str(&text), str_c(want->valuestring));
    cJSON_Delete(want);
    return is_same ? NULL : case_fail(mem, "prints %.*s", STR(buf_str(&text)));
}

static const char *run(const cJSON *v, struct arena *mem)
{
    struct yaml_node *node = NULL;
    struct err err = ERR_INIT;
    str in = case_get_text(v, "in", mem), text;
    if (!yaml_parse(in, &(struct yaml_options){0}, mem, &node, &err) || !yaml_to_str(node, &text))
        return case_fail(mem, "cannot read %.*s", STR(in));
    struct host_port hp;
    bool ok = host_port_parse(text, &hp, &err);
    if (ok == case_get_bool(v, "error"))
        return case_fail(mem, "%.*s", STR(err_str(&err)));
    return ok ? check_value(v, &hp, mem) : NULL;
}

static void am_hostport(void **state)
{
    (void)state;
    case_file_run("am-hostport", run);
}

int test_am_hostport(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(am_hostport)};
    return run_group("am-hostport", tests);
}
