// SPDX-License-Identifier: Apache-2.0
// email_configs as they are read: what is inherited, refused and shown.
#include "alertmanager/config.h"
#include "base/model/tlsconf.h"
#include "notify/integrations/email.h"
#include "tests/support/check.h"
#include "tests/support/fake_env.h"

struct loaded {
    struct fake_env fake;
    struct config *config; // NULL: refused
    struct err err;
};

// `global` and `email` are flow mappings.
static void load(struct loaded *l, const char *global, const char *email)
{
    char text[2048];
    snprintf(text, sizeof(text),
             "global: %s\nroute: {receiver: r}\nreceivers: [{name: r, email_configs: [%s]}]\n",
             global, email);
    *l = (struct loaded){.err = ERR_INIT};
    fake_env_init(&l->fake);
    const struct config_options opt = {.env = &l->fake.env};
    l->config = config_load(str_c(text), S("/etc/am/am.yml"), &opt, &l->err);
}

static const struct email_conf *load_good(struct loaded *l, const char *global, const char *email)
{
    load(l, global, email);
    check_err(&l->err, "");
    assert_int_equal(l->config->receivers[0].integration_count, 1);
    return l->config->receivers[0].integrations[0]->conf;
}

static void unload(struct loaded *l)
{
    config_unref(l->config);
    fake_env_done(&l->fake);
}

static str header(const struct email_conf *c, const char *name)
{
    for (size_t i = 0; i < c->headers.count; i++) {
        if (str_eq(c->headers.items[i].key, str_c(name)))
            return c->headers.items[i].value;
    }
    return S("(none)");
}

#define GLOBAL                                                                                     \
    "{smtp_from: g@x, smtp_smarthost: 'g:25', smtp_hello: ghello, smtp_auth_username: gu, "        \
    "smtp_auth_password: gpw, smtp_auth_secret_file: gs, smtp_auth_identity: gi, "                 \
    "smtp_require_tls: false, smtp_tls_config: {server_name: gname}, "                             \
    "smtp_force_implicit_tls: true}"

static void the_global_section_fills_what_is_not_said(void **state)
{
    (void)state;
    struct loaded l;
    const struct email_conf *c = load_good(&l, GLOBAL, "{to: a@b}");
    assert_false(c->base.send_resolved);
    check_str(c->from, S("g@x"));
    check_str(c->smarthost.host, S("g"));
    check_str(c->hello, S("ghello"));
    check_str(c->auth_username, S("gu"));
    check_str(c->auth_password, S("gpw"));
    check_str(c->auth_secret_file, S("gs")); // as it is: from the working directory
    check_str(c->auth_identity, S("gi"));
    check_str(c->html, S("{{ template \"email.default.html\" . }}"));
    check_str(c->text, S(""));
    check_str(c->tls->server_name, S("gname"));
    assert_true(c->require_tls.is_set && !c->require_tls.value);
    assert_true(c->force_implicit_tls.is_set && c->force_implicit_tls.value);
    check_str(header(c, "Subject"), S("{{ template \"email.default.subject\" . }}"));
    check_str(header(c, "To"), S("a@b"));
    check_str(header(c, "From"), S("g@x"));
    unload(&l);
}

static void what_is_said_stays(void **state)
{
    (void)state;
    struct loaded l;
    const struct email_conf *c = load_good(
        &l, GLOBAL,
        "{to: a@b, from: l@x, smarthost: '[fd00::1]:465', hello: lhello, auth_username: lu, "
        "auth_password_file: lpw, auth_secret: ls, require_tls: true, force_implicit_tls: false, "
        "tls_config: {insecure_skip_verify: true, ca_file: ca.pem, min_version: TLS13}, "
        "html: '', text: t, headers: {subject: s, x-a: b, to: c}, send_resolved: true}");
    assert_true(c->base.send_resolved);
    check_str(c->from, S("l@x"));
    check_str(c->smarthost.host, S("fd00::1"));
    check_str(c->smarthost.port, S("465"));
    check_str(c->auth_password, S("")); // a pair is inherited together
    check_str(c->auth_password_file, S("lpw"));
    check_str(c->auth_secret, S("ls"));
    check_str(c->auth_secret_file, S(""));
    check_str(c->html, S(""));
    check_str(c->tls->server_name, S(""));
    check_str(c->tls->ca.file, S("ca.pem")); // from the working directory
    assert_true(c->tls->insecure_skip_verify && c->require_tls.value);
    assert_int_equal(c->tls->min_version, HTTPCONF_TLS13);
    assert_true(c->force_implicit_tls.is_set && !c->force_implicit_tls.value);
    check_str(header(c, "Subject"), S("s"));
    check_str(header(c, "X-A"), S("b"));
    check_str(header(c, "To"), S("c"));
    assert_int_equal(c->headers.count, 4);
    unload(&l);
}

static void mistakes_have_upstreams_words(void **state)
{
    (void)state;
    static const struct {
        const char *global, *email, *why;
    } CASES[] = {
        {"{}", "{from: a@b}", "missing to address in email config"},
        {"{}", "null", "missing email config"},
        {"{}", "{to: a@b}", "no global SMTP smarthost set"},
        {"{smtp_smarthost: 'a:25'}", "{to: a@b}", "no global SMTP from set"},
        {"{}", "{to: a, smarthost: a}", "address a: missing port in address"},
        {"{}", "{to: a, headers: {a-b: x, A-B: y}}", "duplicate header \"A-B\" in email config"},
        {"{}", "{to: a, threading: {enabled: true}}",
         "threading.thread_by_date must be either 'none' or 'daily'"},
        {"{}", "{to: a, threading: {enabled: true, thread_by_date: weekly}}",
         "threading.thread_by_date must be either 'none' or 'daily'"},
        {"{}", "{to: a, headers: {references: x}, threading: {enabled: true}}",
         "conflicting configuration: threading.enabled conflicts with custom References header"},
        {"{}", "{to: a, headers: {IN-REPLY-TO: x}, threading: {enabled: true}}",
         "conflicting configuration: threading.enabled conflicts with custom In-Reply-To header"},
        {"{}", "{to: a, nonsense: x}",
         "yaml: unmarshal errors:\n  line 3: field nonsense not found in type config.plain"},
        {"{}", "{to: a, threading: {daily: x}}",
         "yaml: unmarshal errors:\n  line 3: field daily not found in type config.ThreadingConfig"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct loaded l;
        load(&l, CASES[i].global, CASES[i].email);
        check_err(&l.err, CASES[i].why);
        assert_null(l.config);
        unload(&l);
    }
}

static void it_is_shown_with_what_it_inherited(void **state)
{
    (void)state;
    struct loaded l;
    load_good(&l, "{smtp_smarthost: 'a:25', smtp_auth_password: pw}",
              "{to: a@b, from: c@d, text: t, threading: {enabled: true, thread_by_date: none}}");
    str shown = l.config->original;
    str part = str_skip(shown, str_find_str(shown, S("  email_configs:")));
    part = str_slice(part, 0, str_find_str(part, S("templates:")));
    check_str(part, S("  email_configs:\n"
                      "  - send_resolved: false\n"
                      "    to: a@b\n"
                      "    from: c@d\n"
                      "    hello: localhost\n"
                      "    smarthost: a:25\n"
                      "    auth_password: <secret>\n"
                      "    headers:\n"
                      "      From: c@d\n"
                      "      Subject: '{{ template \"email.default.subject\" . }}'\n"
                      "      To: a@b\n"
                      "    html: '{{ template \"email.default.html\" . }}'\n"
                      "    text: t\n"
                      "    require_tls: true\n"
                      "    tls_config:\n"
                      "      insecure_skip_verify: false\n"
                      "    threading:\n"
                      "      enabled: true\n"
                      "      thread_by_date: none\n"));
    unload(&l);
}

int test_receiver_email(void);
int test_receiver_email(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_global_section_fills_what_is_not_said),
        cmocka_unit_test(what_is_said_stays),
        cmocka_unit_test(mistakes_have_upstreams_words),
        cmocka_unit_test(it_is_shown_with_what_it_inherited),
    };
    return run_group("receiver_email", tests);
}
