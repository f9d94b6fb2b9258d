// SPDX-License-Identifier: Apache-2.0
// The door of the HTTP server: who is let in, over what, how often, and what everybody is told.
#define BANNED_ALLOW_IMPURE // files are written behind the environment's back
#include "base/io/web_config.h"

#include <crypt.h>

#include "base/text/encode.h"
#include "tests/support/certs.h"
#include "tests/unit/base/io/web.h"

struct lab {
    struct loop l;
    struct folder folder;
    char path[128];
    struct web_config config;
    struct http_server *server;
    struct addr at;
    bool is_tls;
    struct httpconf conf; // of the client
    int handled;
};

static void put_text(const char *path, str text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
    fclose(f);
}

static void put_file(const char *path, const char *text)
{
    put_text(path, str_c(text));
}

static void put_part(struct lab *lab, const char *name, str text)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/%s", lab->folder.path, name);
    put_text(path, text);
}

static void bcrypt(const char *password, char hash[static 64])
{
    struct crypt_data *data = mem_new(struct crypt_data);
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    assert_non_null(crypt_gensalt_rn("$2b$", 4, NULL, 0, salt, sizeof(salt)));
    snprintf(hash, 64, "%s", crypt_r(password, salt, data));
    assert_int_equal(strlen(hash), 60);
    mem_free(data);
}

static void handle(void *owner, struct http_exchange *x)
{
    ((struct lab *)owner)->handled++;
    x->reply(x, &(struct http_reply){.status = 200, .body = S("hello")});
}

static void lab_init(struct lab *lab)
{
    *lab = (struct lab){0};
    loop_init(&lab->l);
    folder_init(&lab->folder);
    snprintf(lab->path, sizeof(lab->path), "%s/web.yml", lab->folder.path);
    lab->config.path = str_c(lab->path);
}

static bool lab_listen(struct lab *lab, struct err *err)
{
    struct http_server_options options = {.listen = S("127.0.0.1:0"),
                                          .body_bytes_max = 1000,
                                          .handle = handle,
                                          .owner = lab,
                                          .web_config = &lab->config};
    lab->server = env_http_listen(lab->l.env, &options, &lab->at, err);
    return lab->server != NULL;
}

static void lab_open(struct lab *lab, const char *text)
{
    struct err err = ERR_INIT;
    put_file(lab->path, text);
    lab_listen(lab, &err);
    check_err(&err, "");
}

static void on_stopped(void *owner)
{
    ++*(int *)owner;
}

static void lab_done(struct lab *lab)
{
    int stopped = 0;
    if (lab->server) {
        env_http_server_stop(lab->l.env, lab->server, DUR_SECONDS(1), on_stopped, &stopped);
        loop_wait(&lab->l, &stopped, 1);
    }
    loop_done(&lab->l);
    folder_done(&lab->folder);
}

static struct http_call *ask(struct lab *lab, const char *login, struct answer *a)
{
    char url[64];
    defer(buf_done) struct buf basic = {0};
    snprintf(url, sizeof(url), "%s://127.0.0.1:%u/", lab->is_tls ? "https" : "http", lab->at.port);
    buf_put(&basic, S("Basic "));
    if (login)
        buf_put_base64(&basic, str_c(login));
    struct http_header header = {S("Authorization"), buf_str(&basic)};
    struct http_request request = {.url = str_c(url),
                                   .headers = &header,
                                   .header_count = login ? 1 : 0,
                                   .timeout = DUR_SECONDS(50),
                                   .conf = lab->is_tls ? &lab->conf : NULL};
    return env_http(lab->l.env, &request, on_answer, a);
}

static void expect(struct lab *lab, const char *login, int status, const char *header)
{
    struct answer a = {0};
    ask(lab, login, &a);
    loop_wait(&lab->l, &a.count, 1);
    check_err(&a.err, "");
    assert_int_equal(a.status, status);
    if (header && str_find_str(buf_str(&a.headers), str_c(header)) == STR_NONE)
        check_str(buf_str(&a.headers), str_c(header));
    answer_done(&a);
}

// ---- users ---------------------------------------------------------------------------------

static void users_need_their_passwords(void **state)
{
    (void)state;
    struct lab lab;
    char one[64], two[64], text[256];
    lab_init(&lab);
    bcrypt("secret", one);
    bcrypt("pa:ss", two);
    snprintf(text, sizeof(text), "basic_auth_users: {alice: %s, bob: %s}\n", one, two);
    lab_open(&lab, text);
    for (int round = 0; round < 2; round++) { // compared, then remembered
        expect(&lab, NULL, 401, "WWW-Authenticate: Basic");
        expect(&lab, "alice:secret", 200, NULL);
        expect(&lab, "bob:pa:ss", 200, NULL);
        expect(&lab, "alice:pa:ss", 401, NULL);
        expect(&lab, "alice:", 401, NULL);
        expect(&lab, "alice", 401, NULL);
        expect(&lab, "carol:secret", 401, NULL);
        expect(&lab, ":", 401, NULL);
    }
    assert_int_equal(lab.handled, 4);

    // A new password counts at once, and the old one no longer.
    snprintf(text, sizeof(text), "basic_auth_users: {alice: %s}\n", two);
    put_file(lab.path, text);
    expect(&lab, "alice:secret", 401, NULL);
    expect(&lab, "alice:pa:ss", 200, NULL);
    expect(&lab, "bob:pa:ss", 401, NULL);
    lab_done(&lab);
}

// More logins at once than are remembered; the same ones are compared once.
static void many_at_once_are_all_answered(void **state)
{
    (void)state;
    struct lab lab;
    char hash[64], text[128], login[32];
    static struct answer answers[300];
    lab_init(&lab);
    bcrypt("secret", hash);
    snprintf(text, sizeof(text), "basic_auth_users: {alice: %s}\n", hash);
    lab_open(&lab, text);
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        answers[i] = (struct answer){0};
        snprintf(login, sizeof(login), i % 2 ? "alice:wrong%zu" : "alice:secret", i % 240);
        ask(&lab, login, &answers[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        loop_wait(&lab.l, &answers[i].count, 1);
        assert_int_equal(answers[i].status, i % 2 ? 401 : 200);
        answer_done(&answers[i]);
    }
    lab_done(&lab);
}

static void the_end_comes_in_the_middle_of_a_comparison(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        struct lab lab;
        struct answer a = {0}, b = {0};
        int stopped = 0;
        lab_init(&lab);
        lab_open(&lab, "basic_auth_users:\n" // cost 12: a good part of a second
                       "  a: $2b$12$8iH9r6x363h/H96dklUOOOzjK28VUlWluPAy3OrjjFhLnW9qZVCvS\n");
        ask(&lab, "a:x", &a);
        ask(&lab, "a:y", &b);
        loop_run_for(&lab.l, DUR_MS(30));
        if (way == 0) {
            env_http_server_stop(lab.l.env, take(&lab.server), 0, on_stopped, &stopped);
            loop_wait(&lab.l, &stopped, 1);
            loop_wait(&lab.l, &a.count, 1);
        } else {
            lab.server = NULL; // the environment ends under it
        }
        assert_int_equal(lab.handled, 0);
        lab_done(&lab);
        answer_done(&a);
        answer_done(&b);
    }
}

// ---- headers, rate, bad files --------------------------------------------------------------

static void headers_are_on_every_reply_of_a_good_file(void **state)
{
    (void)state;
    struct lab lab;
    char hash[64], text[256];
    lab_init(&lab);
    bcrypt("x", hash);
    snprintf(text, sizeof(text),
             "http_server_config: {headers: {X-Frame-Options: deny}}\nbasic_auth_users: {a: %s}\n",
             hash);
    lab_open(&lab, text);
    expect(&lab, "a:x", 200, "X-Frame-Options: deny");
    expect(&lab, "a:y", 401, "X-Frame-Options: deny");
    put_file(lab.path, "nonsense: true\n");
    expect(&lab, "a:x", 500, NULL);
    put_file(lab.path, "{}\n");
    expect(&lab, NULL, 200, NULL);
    lab_done(&lab);
}

static void a_bucket_of_tokens_limits_the_rate(void **state)
{
    (void)state;
    struct lab lab;
    lab_init(&lab);
    lab_open(&lab, "rate_limit: {interval: 1h, burst: 3}\n");
    for (int i = 0; i < 5; i++)
        expect(&lab, NULL, i < 3 ? 200 : 429, NULL);
    lab_done(&lab);
}

static void bad_files_are_refused_at_start(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } CASES[] = {
        {"x: 1\n", "yaml: unmarshal errors:\n  line 1: field x not found in type web.Config"},
        {"tls_server_config: {client_auth_type: x}\n", "missing one of cert or cert_file"},
        {"tls_server_config: {cert: x}\n", "missing one of key or key_file"},
        {"tls_server_config: {cert: x, key: y, client_auth_type: z}\n", "invalid ClientAuth: z"},
        {"tls_server_config: {min_version: TLS9}\n", "unknown TLS version: TLS9"},
        {"http_server_config: {headers: {X-Y: z}}\n", "HTTP header \"X-Y\" can not be configured"},
        {"http_server_config: {headers: {X-Frame-Options: z}}\n",
         "invalid value for X-Frame-Options. Expected one of: [deny sameorigin], but got: \"z\""},
        {"basic_auth_users: {a: plain}\n", "the password of user \"a\" is not a bcrypt hash"},
    };
    struct lab lab;
    struct err err = ERR_INIT;
    lab_init(&lab);
    assert_false(lab_listen(&lab, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        put_file(lab.path, CASES[i].text);
        assert_false(lab_listen(&lab, &err));
        check_err(&err, CASES[i].error);
    }
    lab_done(&lab);
}

// ---- TLS -----------------------------------------------------------------------------------

#define TLS_TEXT                                                                                   \
    "tls_server_config: {cert_file: s.crt, key_file: s.key, client_ca_file: ca.crt, "              \
    "client_auth_type: RequireAndVerifyClientCert, client_allowed_sans: [client.example]}\n"

static void tls_with_client_certificates(void **state)
{
    (void)state;
    struct lab lab;
    struct cert_ca ca;
    struct cert_pair server, client, other;
    struct answer a = {0};
    lab_init(&lab);
    lab.is_tls = true;
    cert_ca_init(&ca, "ca");
    cert_issue(&server, &ca, "server", "IP:127.0.0.1");
    cert_issue(&client, &ca, "client", "DNS:client.example");
    cert_issue(&other, &ca, "other", "DNS:other.example");
    put_part(&lab, "ca.crt", buf_str(&ca.pem));
    put_part(&lab, "s.crt", buf_str(&server.cert));
    put_part(&lab, "s.key", buf_str(&server.key));
    lab.conf.tls.ca.text = buf_str(&ca.pem);
    lab.conf.tls.cert.text = buf_str(&client.cert);
    lab.conf.tls.key.text = buf_str(&client.key);
    lab_open(&lab, TLS_TEXT);
    expect(&lab, NULL, 200, NULL);
    expect(&lab, NULL, 200, NULL);

    struct httpconf wrong = lab.conf;
    lab.conf.tls.cert.text = buf_str(&other.cert);
    lab.conf.tls.key.text = buf_str(&other.key);
    ask(&lab, NULL, &a);
    loop_wait(&lab.l, &a.count, 1);
    assert_int_equal(a.status, 0);
    lab.conf.tls.cert.text = lab.conf.tls.key.text = S("");
    ask(&lab, NULL, &a);
    loop_wait(&lab.l, &a.count, 2);
    assert_int_equal(a.status, 0);
    assert_int_equal(lab.handled, 2);
    lab.conf = wrong;
    expect(&lab, NULL, 200, NULL);

    // Plain HTTP gets nothing.
    lab.is_tls = false;
    ask(&lab, NULL, &a);
    loop_wait(&lab.l, &a.count, 3);
    assert_int_equal(a.status, 0);
    assert_int_equal(lab.handled, 3);
    answer_done(&a);
    lab_done(&lab);
    cert_pair_done(&server);
    cert_pair_done(&client);
    cert_pair_done(&other);
    cert_ca_done(&ca);
}

int test_web_config(void);
int test_web_config(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_need_their_passwords),
        cmocka_unit_test(many_at_once_are_all_answered),
        cmocka_unit_test(the_end_comes_in_the_middle_of_a_comparison),
        cmocka_unit_test(headers_are_on_every_reply_of_a_good_file),
        cmocka_unit_test(a_bucket_of_tokens_limits_the_rate),
        cmocka_unit_test(bad_files_are_refused_at_start),
        cmocka_unit_test(tls_with_client_certificates),
    };
    return run_group("web_config", tests);
}
