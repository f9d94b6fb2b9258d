// SPDX-License-Identifier: Apache-2.0
#define BANNED_ALLOW_IMPURE // files are written for the client to read
// Trust: whose servers are believed, by which name, and who the client says it is.
#include "base/io/http_auth.h"
#include "tests/unit/base/io/secure_server.h"
#include "tests/unit/base/io/web.h"

struct rig {
    struct loop l;
    struct pem ca, pem;
    struct secure_server *server;
    struct answer a;
};

static void rig_init_with(struct rig *r, struct pem_options options, const char *client_ca,
                          const char *priorities)
{
    *r = (struct rig){0};
    loop_init(&r->l);
    r->ca = pem_make(&(struct pem_options){.name = "Test CA"});
    options.issuer = &r->ca;
    if (!options.name)
        options.name = "server";
    r->pem = pem_make(&options);
    r->server = secure_server_start(&(struct secure_server_options){
        .pem = &r->pem, .client_ca = client_ca, .priorities = priorities});
}

static void rig_init(struct rig *r, struct pem_options options)
{
    rig_init_with(r, options, NULL, NULL);
}

static void rig_done(struct rig *r)
{
    loop_done(&r->l);
    secure_server_stop(r->server);
    pem_done(&r->ca);
    pem_done(&r->pem);
    answer_done(&r->a);
}

static void ask(struct rig *r, const char *host, const struct httpconf *conf)
{
    char url[128];
    snprintf(url, sizeof(url), "https://%s:%u/x", host, secure_server_port(r->server));
    struct http_request request = {.url = str_c(url), .timeout = DUR_SECONDS(50), .conf = conf};
    int before = r->a.count;
    env_http(r->l.env, &request, on_answer, &r->a);
    loop_wait(&r->l, &r->a.count, before + 1);
}

#define TLS_REFUSED "tls: failed to verify certificate: x509: "

static void check_refused(const struct rig *r, const char *text)
{
    check_str(err_str(&r->a.err), str_c(text));
    assert_int_equal(r->a.status, 0);
}

static void check_line(const struct rig *r, const char *line)
{
    check_str(err_str(&r->a.err), S(""));
    str first, rest;
    str_cut(buf_str(&r->a.body), '\n', &first, &rest);
    check_str(first, str_c(line));
}

static void unknown_authorities_are_refused(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, (struct pem_options){.dns = {"localhost"}, .has_loopback_ip = true});
    ask(&r, "127.0.0.1", NULL);
    check_refused(&r, TLS_REFUSED "certificate signed by unknown authority");
    struct pem stranger = pem_make(&(struct pem_options){.name = "Another CA"});
    const struct httpconf other = {.tls = {.ca.text = str_c(stranger.cert)}};
    ask(&r, "127.0.0.1", &other);
    check_refused(&r, TLS_REFUSED "certificate signed by unknown authority");
    pem_done(&stranger);
    const struct httpconf careless = {.tls = {.insecure_skip_verify = true}};
    ask(&r, "127.0.0.1", &careless);
    check_line(&r, "name=- client=-");
    rig_done(&r);
}

static void authorities_are_given_inline_or_by_file(void **state)
{
    (void)state;
    struct rig r;
    struct folder folder;
    char path[128];
    rig_init(&r, (struct pem_options){.dns = {"localhost"}, .has_loopback_ip = true});
    const struct httpconf in_line = {.tls = {.ca.text = str_c(r.ca.cert)}};
    ask(&r, "127.0.0.1", &in_line);
    check_line(&r, "name=- client=-");
    ask(&r, "localhost", &in_line);
    check_line(&r, "name=localhost client=-");

    folder_init(&folder);
    snprintf(path, sizeof(path), "%s/ca.pem", folder.path);
    const struct httpconf by_file = {.tls = {.ca.file = str_c(path)}};
    ask(&r, "127.0.0.1", &by_file);
    char want[512];
    snprintf(want, sizeof(want),
             "unable to read CA cert: unable to read file %s: open %s: no such file or directory",
             path, path);
    check_refused(&r, want);
    FILE *f = fopen(path, "w");
    fputs(r.ca.cert, f);
    fclose(f);
    map_each (struct http_file, file, &http_client_auth(env_uv_of(r.l.env)->http)->files.map)
        file->read_at -= HTTP_FILE_AGE_MAX; // a second later
    ask(&r, "127.0.0.1", &by_file);
    check_line(&r, "name=- client=-");
    folder_done(&folder);

    const struct httpconf broken = {.tls = {.ca.text = S("no certificate")}};
    ask(&r, "127.0.0.1", &broken);
    check_refused(&r, "unable to use specified CA cert inline");
    rig_done(&r);
}

static void names_must_fit(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, (struct pem_options){.dns = {"a.example", "b.example"}});
    struct httpconf conf = {.tls = {.ca.text = str_c(r.ca.cert)}};
    ask(&r, "localhost", &conf);
    check_refused(&r, TLS_REFUSED "certificate is valid for a.example, b.example, not localhost");
    ask(&r, "127.0.0.1", &conf);
    check_refused(&r, TLS_REFUSED "cannot validate certificate for 127.0.0.1 because it doesn't "
                                  "contain any IP SANs");
    conf.tls.server_name = S("c.example");
    ask(&r, "127.0.0.1", &conf);
    check_refused(&r, TLS_REFUSED "certificate is valid for a.example, b.example, not c.example");
    conf.tls.server_name = S("b.example"); // sent, checked, and not what is asked for
    ask(&r, "127.0.0.1", &conf);
    check_line(&r, "name=b.example client=-");
    char host[64];
    snprintf(host, sizeof(host), "\nHost: 127.0.0.1:%u\r\n", secure_server_port(r.server));
    assert_int_not_equal(str_find_str(buf_str(&r.a.body), str_c(host)), STR_NONE);
    assert_int_equal(str_find_str(buf_str(&r.a.body), S("Host: b.example")), STR_NONE);
    ask(&r, "localhost", &conf);
    check_line(&r, "name=b.example client=-");
    rig_done(&r);
}

static void a_certificate_without_names_fits_none(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, (struct pem_options){.has_loopback_ip = true});
    const struct httpconf conf = {.tls = {.ca.text = str_c(r.ca.cert)}};
    ask(&r, "localhost", &conf);
    check_refused(&r, TLS_REFUSED "certificate is not valid for any names, but wanted to match "
                                  "localhost");
    ask(&r, "127.0.0.1", &conf);
    check_line(&r, "name=- client=-");
    rig_done(&r);
}

static void expired_certificates_are_refused(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, (struct pem_options){.has_loopback_ip = true, .is_expired = true});
    const struct httpconf conf = {.tls = {.ca.text = str_c(r.ca.cert)}};
    ask(&r, "127.0.0.1", &conf);
    check_refused(&r, TLS_REFUSED "certificate has expired or is not yet valid");
    rig_done(&r);
}

static void clients_show_their_certificate(void **state)
{
    (void)state;
    struct rig r;
    struct pem client_ca = pem_make(&(struct pem_options){.name = "Client CA"});
    struct pem client = pem_make(&(struct pem_options){.name = "alice", .issuer = &client_ca});
    struct pem other = pem_make(&(struct pem_options){.name = "mallory"});
    rig_init_with(&r, (struct pem_options){.has_loopback_ip = true}, client_ca.cert, NULL);
    struct httpconf conf = {.tls = {.ca.text = str_c(r.ca.cert)}};
    ask(&r, "127.0.0.1", &conf);
    check_refused(&r, "remote error: tls: certificate required");
    conf.tls.cert.text = str_c(client.cert);
    conf.tls.key.text = str_c(client.key);
    ask(&r, "127.0.0.1", &conf);
    check_line(&r, "name=- client=alice");
    conf.tls.key.text = str_c(other.key);
    ask(&r, "127.0.0.1", &conf);
    check_refused(&r, "unable to use specified client cert (inline) & key (inline): tls: they are "
                      "not a certificate and its private key in PEM");
    conf.tls.cert.text = str_c(other.cert); // signed by nobody the server knows
    ask(&r, "127.0.0.1", &conf);
    assert_int_equal(r.a.status, 0);
    assert_true(str_starts(err_str(&r.a.err), S("remote error: tls: ")));
    rig_done(&r);
    pem_done(&client_ca);
    pem_done(&client);
    pem_done(&other);
}

static void versions_are_agreed_on(void **state)
{
    (void)state;
    struct rig r;
    rig_init_with(&r, (struct pem_options){.has_loopback_ip = true}, NULL,
                  "NORMAL:-VERS-ALL:+VERS-TLS1.2");
    struct httpconf conf = {.tls = {.ca.text = str_c(r.ca.cert)}};
    ask(&r, "127.0.0.1", &conf);
    check_line(&r, "name=- client=-");
    conf.tls.min_version = HTTPCONF_TLS13;
    ask(&r, "127.0.0.1", &conf);
    check_refused(&r, "remote error: tls: handshake failure");
    conf.tls.max_version = HTTPCONF_TLS12;
    ask(&r, "127.0.0.1", &conf);
    check_refused(&r, "tls_config.max_version must be greater than or equal to "
                      "tls_config.min_version if both are specified");
    conf.tls.min_version = conf.tls.max_version = HTTPCONF_TLS12;
    ask(&r, "127.0.0.1", &conf);
    check_line(&r, "name=- client=-");
    rig_done(&r);
}

// Says the same to everybody, or nothing and goes.
struct plain {
    struct loop *l;
    struct stream *stream;
    const char *words;
};

static void plain_on_data(void *owner, str data)
{
    (void)data;
    struct plain *p = owner;
    if (p->words)
        env_stream_write(p->l->env, p->stream, str_c(p->words));
    else
        env_stream_close(p->l->env, take(&p->stream));
}

static void plain_on_close(void *owner, const struct err *why)
{
    (void)why;
    ((struct plain *)owner)->stream = NULL;
}

static void plain_on_accept(void *owner, struct stream *stream, const struct addr *from)
{
    static const struct stream_events EVENTS = {NULL, plain_on_data, plain_on_close};
    (void)from;
    struct plain *p = owner;
    p->stream = stream;
    env_stream_events(p->l->env, stream, &EVENTS, p);
}

static void a_plain_server_is_no_tls_server(void **state)
{
    (void)state;
    struct loop l;
    struct plain p = {.l = &l, .words = "HTTP/1.1 400 Bad Request\r\n\r\n"};
    struct answer a = {0};
    struct err err = ERR_INIT;
    struct addr any = loop_addr(), at;
    char url[64];
    loop_init(&l);
    struct listener *listener = env_listen(l.env, &any, plain_on_accept, &p, &at, &err);
    assert_non_null(listener);
    snprintf(url, sizeof(url), "https://127.0.0.1:%u/", at.port);
    struct http_request request = {.url = str_c(url), .timeout = DUR_SECONDS(50)};
    env_http(l.env, &request, on_answer, &a);
    loop_wait(&l, &a.count, 1);
    assert_int_equal(a.status, 0);
    check_str(err_str(&a.err), S("tls: first record does not look like a TLS handshake"));
    p.words = NULL;
    env_http(l.env, &request, on_answer, &a);
    loop_wait(&l, &a.count, 2);
    assert_int_equal(a.status, 0);
    check_str(err_str(&a.err), S("EOF"));
    env_stream_close(l.env, p.stream);
    env_listener_close(l.env, listener);
    answer_done(&a);
    loop_done(&l);
}

int test_http_tls(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_authorities_are_refused),
        cmocka_unit_test(authorities_are_given_inline_or_by_file),
        cmocka_unit_test(names_must_fit),
        cmocka_unit_test(a_certificate_without_names_fits_none),
        cmocka_unit_test(expired_certificates_are_refused),
        cmocka_unit_test(clients_show_their_certificate),
        cmocka_unit_test(versions_are_agreed_on),
        cmocka_unit_test(a_plain_server_is_no_tls_server),
    };
    return run_group("base/io/http_tls", tests);
}
