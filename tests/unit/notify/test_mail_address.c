// SPDX-License-Identifier: Apache-2.0
// Addresses as people write them.
#include "notify/integrations/mail_address.h"

#include "tests/support/check.h"

static void put_list(struct buf *out, const struct mail_addresses *list)
{
    for (size_t i = 0; i < list->count; i++)
        buf_printf(out, "%s%.*s<%.*s>", i ? ", " : "", STR(list->items[i].name),
                   STR(list->items[i].address));
}

static void lists_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *list, *want;
    } CASES[] = {
        {"a@b", "<a@b>"},
        {" a@b.example ,\tc.d@e ", "<a@b.example>, <c.d@e>"},
        {",, a@b ,, c@d, ,", "<a@b>, <c@d>"},
        {"<a@b>", "<a@b>"},
        {"Ann Other <a@b>", "Ann Other<a@b>"},
        {"\"Other, Ann\" <a@b>", "Other, Ann<a@b>"},
        {"\"a \\\" b\"@c", "<a \" b@c>"},
        {"J. R. <a@b>", "J. R.<a@b>"},
        {"a@b (Ann (the) Other)", "Ann (the) Other<a@b>"},
        {"a@b (=?utf-8?q?=C3=A9?= x)", "\xc3\xa9 x<a@b>"},
        {"=?utf-8?q?=C3=A9?= =?utf-8?q?b?= c <a@b>", "\xc3\xa9"
                                                     "b c<a@b>"},
        {"=?nonsense <a@b>", "=?nonsense<a@b>"},
        {"Ann (comment) Other <a@b>", "Ann Other<a@b>"},
        {"team: a@b, Ann <c@d>;, e@f", "<a@b>, Ann<c@d>, <e@f>"},
        {"nobody:;", ""},
        {"\xc3\xbc@\xc3\xa9.example", "<\xc3\xbc@\xc3\xa9.example>"},
        {"a@[127.0.0.1], b@[fd00::1]", "<a@[127.0.0.1]>, <b@[fd00::1]>"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct arena mem = {0};
        struct mail_addresses list;
        struct err err = ERR_INIT;
        defer(buf_done) struct buf got = {0};
        mail_addresses_parse(str_c(CASES[i].list), &mem, &list, &err);
        check_err(&err, "");
        put_list(&got, &list);
        check_str(buf_str(&got), str_c(CASES[i].want));
        arena_done(&mem);
    }
}

static void mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *list, *why;
    } CASES[] = {
        {"", "mail: no address"},
        {" , ,", "mail: no address"},
        {"xxx", "mail: missing '@' or angle-addr"},
        {"Ann Other", "mail: no angle-addr"},
        {"a@b c@d", "mail: expected comma"},
        {"Ann <a@b", "mail: unclosed angle-addr"},
        {"Ann <>", "mail: invalid string"},
        {"<a>", "mail: missing @ in addr-spec"},
        {"<a@>", "mail: invalid string"},
        {"<a@", "mail: no domain in addr-spec"},
        {"<", "mail: no addr-spec"},
        {"<.a@b>", "mail: leading dot in atom"},
        {"<a..b@c>", "mail: double dot in atom"},
        {"<a.@b>", "mail: trailing dot in atom"},
        {"<\"\"@b>", "mail: empty quoted string in addr-spec"},
        {"a@[x]", "mail: missing '@' or angle-addr"},
        {"<a@[x]>", "mail: invalid IP address in domain-literal: \"x\""},
        {"<a@[x", "mail: unclosed domain-literal"},
        {"<a@[x y]>", "mail: bad character in domain-literal: ' '"},
        {"<a@[\xff]>", "mail: invalid utf-8 in domain-literal: \"\\xff]>\""},
        {"a@b (x", "mail: misformatted parenthetical comment"},
        {"<a@b> (x", "mail: misformatted parenthetical comment"},
        {"\xff@b", "mail: missing word in phrase: mail: invalid utf-8 in address: \"\\xff@b\""},
        {"\"a\x01\" <a@b>",
         "mail: missing word in phrase: mail: bad character in quoted-string: '\\x01'"},
        {"\"a <a@b>", "mail: missing word in phrase: mail: unclosed quoted-string"},
        {"=?koi8-r?q?a?= <a@b>", "mail: missing word in phrase: charset not supported: \"koi8-r\""},
        {"a@b (=?koi8-r?q?a?=)", "charset not supported: \"koi8-r\""},
        {"team: a@b", "mail: expected comma"},
        {"team: x: a@b;;", "mail: missing '@' or angle-addr"},
        {"team: a@b; c@d", "mail: expected comma"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct arena mem = {0};
        struct mail_addresses list;
        struct err err = ERR_INIT;
        assert_false(mail_addresses_parse(str_c(CASES[i].list), &mem, &list, &err));
        check_str(err_str(&err), str_c(CASES[i].why));
        arena_done(&mem);
    }
}

static void lists_have_a_limit(void **state)
{
    (void)state;
    struct arena mem = {0};
    struct mail_addresses list;
    struct err err = ERR_INIT;
    defer(buf_done) struct buf text = {0};
    for (int i = 0; i < MAIL_ADDRESSES_MAX; i++)
        buf_printf(&text, "a%d@b,", i);
    assert_true(mail_addresses_parse(buf_str(&text), &mem, &list, &err));
    assert_int_equal(list.count, MAIL_ADDRESSES_MAX);
    check_str(list.items[999].address, S("a999@b"));
    buf_put(&text, S("z@b"));
    assert_false(mail_addresses_parse(buf_str(&text), &mem, &list, &err));
    assert_int_equal(err.code, ERR_LIMIT);
    arena_done(&mem);
}

int test_mail_address(void);
int test_mail_address(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(lists_have_a_limit),
    };
    return run_group("mail_address", tests);
}
