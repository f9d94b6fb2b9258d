// SPDX-License-Identifier: Apache-2.0
// Small tables. Not run here: buckets (test_am_bucket.c); addresses to advertise, whose discovery
// is a mock that calls public addresses private; virtual machine sockets, which are not served.
#include "alertmanager/app.h"
#include "base/text/assets.h"
#include "base/text/encode.h"
#include "base/text/yaml_types.h"
#include "gossip/advertise.h"
#include "gossip/tls_frame.h"
#include "tests/golden/alertmanager/am_cases.h"

static size_t left_out;

// Holds if there is an error exactly where one is wanted, with its text where that is known.
static const char *check_error(const cJSON *v, bool ok, const struct err *err, struct arena *mem)
{
    const cJSON *wanted = case_get(v, "error");
    bool is_wanted = wanted && !cJSON_IsNull(wanted);
    if (ok == is_wanted)
        return case_fail(mem, "%s %.*s", ok ? "accepted" : "refused:", STR(err_str(err)));
    if (!ok && cJSON_IsString(wanted) &&
        str_find_str(err_str(err), case_text(wanted, mem)) == STR_NONE)
        return case_fail(mem, "%.*s", STR(err_str(err)));
    return NULL;
}

static str label_name(const char *key, struct arena *mem) // a key may be "$b64:…"
{
    str name = str_c(key);
    if (!str_starts(name, S("$b64:")))
        return name;
    struct buf bytes = {.mem = mem};
    assert_true(base64_decode(str_skip(name, strlen("$b64:")), &bytes));
    return buf_str(&bytes);
}

static const char *run_labels(const cJSON *v, struct arena *mem)
{
    struct label labels[8];
    struct alert_draft draft = {.labels = labels};
    bool has_only_empty = true;
    for (const cJSON *l = case_get(v, "labels")->child; l; l = l->next) {
        labels[draft.label_count++] = (struct label){label_name(l->string, mem), case_text(l, mem)};
        has_only_empty &= case_text(l, mem).n == 0;
    }
    if (has_only_empty) { // a label set by itself may be empty, an alert's may not
        left_out++;
        return NULL;
    }
    bool is_classic = str_eq(case_get_text(v, "mode", mem), S("classic"));
    struct err err = ERR_INIT;
    bool ok = alert_draft_complete(&draft, (struct zoned_time){.t = DUR_DAYS(20000)},
                                   DUR_MINUTES(5), is_classic ? NAME_CLASSIC : NAME_UTF8, &err);
    return check_error(v, ok, &err, mem);
}

static const char *run_features(const cJSON *v, struct arena *mem)
{
    struct am_features features;
    struct err err = ERR_INIT;
    bool ok = am_features_parse(case_get_text(v, "value", mem), &features, &err);
    return check_error(v, ok, &err, mem);
}

static const char *run_flags(const cJSON *v, struct arena *mem)
{
    struct am_options opt;
    struct flags flags = am_flags(&opt, mem);
    char *argv[8] = {(char *)"alertmanager"};
    int argc = 1;
    for (const cJSON *a = case_get(v, "args")->child; a; a = a->next)
        argv[argc++] = a->valuestring;
    struct err err = ERR_INIT;
    bool ok = flags_parse(&flags, argc, argv, mem, NULL, &err) && am_options_check(&opt, &err);
    return check_error(v, ok, &err, mem);
}

static const char *run_encoding(const cJSON *v, struct arena *mem)
{
    str header = case_get_text(v, "header", mem), got = S("");
    if (accept_encoding_allows(header, S("br")))
        got = S("br");
    else if (accept_encoding_allows(header, S("gzip")))
        got = S("gzip");
    return str_eq(got, case_get_text(v, "encoding", mem)) ? NULL : case_fail(mem, "%.*s", STR(got));
}

static const char *run_tls_frame(const cJSON *v, struct arena *mem)
{
    struct buf out = {.mem = mem};
    frame_put_packet(&out, case_get_text(v, "from", mem), case_get_hex(v, "message", mem));
    struct buf hex = {.mem = mem};
    buf_put_hex(&hex, buf_str(&out));
    bool is_same = str_eq(buf_str(&out), case_get_hex(v, "bytes", mem));
    return is_same ? NULL : case_fail(mem, "%.*s", STR(buf_str(&hex)));
}

static const char *run_url(const cJSON *v, struct arena *mem)
{
    struct err err = ERR_INIT;
    str got = {0};
    bool ok = yaml_url_check(case_get_text(v, "text", mem), false, mem, &got, &err);
    const char *why = check_error(v, ok, &err, mem);
    bool is_same = !ok || str_eq(got, case_get_text(v, "url", mem));
    return why || is_same ? why : case_fail(mem, "%.*s", STR(got));
}

static const char *run_external_url(const cJSON *v, struct arena *mem)
{
    struct err err = ERR_INIT;
    str given = case_get_text(v, "external", mem), host, got = {0}, path;
    uint16_t port = 0;
    bool ok =
        (given.n || hostport_split(case_get_text(v, "listen", mem), &host, &port, &err)) &&
        am_external_url(given, case_get_text(v, "hostname", mem), port, mem, &got, &path, &err);
    const char *why = check_error(v, ok, &err, mem);
    bool is_same = !ok || str_eq(got, case_get_text(v, "url", mem));
    return why || is_same ? why : case_fail(mem, "%.*s", STR(got));
}

static const char *run(const cJSON *v, struct arena *mem)
{
    static const struct {
        const char *kind;
        const char *(*run)(const cJSON *, struct arena *);
    } kinds[] = {
        {"labels", run_labels},
        {"features", run_features},
        {"flags", run_flags},
        {"encoding", run_encoding},
        {"tls_frame", run_tls_frame},
        {"url", run_url},
        {"external_url", run_external_url},
    };
    str kind = case_get_text(v, "kind", mem);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (str_eq(kind, str_c(kinds[i].kind)))
            return kinds[i].run(v, mem);
    }
    left_out++;
    return NULL;
}

static void am_misc(void **state)
{
    (void)state;
    left_out = 0;
    case_file_run("am-misc", run);
    if (left_out)
        print_message("am-misc: %zu of them are run elsewhere or ask for what is not served\n",
                      left_out);
}

int test_am_misc(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(am_misc)};
    return run_group("am-misc", tests);
}
