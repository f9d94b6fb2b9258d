// SPDX-License-Identifier: Apache-2.0
#include "base/text/digest.h"
#include "base/text/encode.h"
#include "tests/support/check.h"

static void base64_has_its_vectors(void **state) // RFC 4648 §10
{
    (void)state;
    static const struct {
        str plain, text;
    } ROWS[] = {
        {S(""), S("")},
        {S("f"), S("Zg==")},
        {S("fo"), S("Zm8=")},
        {S("foo"), S("Zm9v")},
        {S("foob"), S("Zm9vYg==")},
        {S("fooba"), S("Zm9vYmE=")},
        {S("foobar"), S("Zm9vYmFy")},
        {S("\xff\xef\xbe"), S("/+++")},
    };
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        defer(buf_done) struct buf text = {0}, plain = {0};
        buf_put_base64(&text, ROWS[i].plain);
        check_str(buf_str(&text), ROWS[i].text);
        assert_true(base64_decode(ROWS[i].text, &plain));
        check_str(buf_str(&plain), ROWS[i].plain);
    }
    static const str BAD[] = {S("Z"),     S("Zg"),   S("Zg="),  S("Zg==Zg=="), S("Z==="),
                              S("Zm9v="), S("=Zm9"), S("Z-8="), S("Zg=a"),     S("Zm9v Zm9v")};
    for (size_t i = 0; i < ARRAY_LEN(BAD); i++) {
        defer(buf_done) struct buf plain = {0};
        if (base64_decode(BAD[i], &plain))
            fail_msg("%.*s was accepted", STR(BAD[i]));
    }
    defer(buf_done) struct buf plain = {0};
    assert_true(base64_decode(S("Zm9v\r\nYg==\n"), &plain)); // line breaks as Go takes them
    check_str(buf_str(&plain), S("foob"));
}

static void hexadecimal_is_strict(void **state)
{
    (void)state;
    defer(buf_done) struct buf out = {0};
    assert_true(hex_decode(S("00fFa9"), &out));
    check_str(buf_str(&out), S("\0\xff\xa9"));
    assert_false(hex_decode(S("0"), &out));
    assert_false(hex_decode(S("0g"), &out));
}

static void html_is_escaped_as_in_go(void **state)
{
    (void)state;
    defer(buf_done) struct buf out = {0};
    buf_put_html_escaped(&out, S("a<b>&'\"c"));
    check_str(buf_str(&out), S("a&lt;b&gt;&amp;&#39;&#34;c"));
}

static void check_digest(const uint8_t *digest, const char *want)
{
    defer(buf_done) struct buf hex = {0};
    buf_put_hex(&hex, str_from(digest, SHA256_BYTES));
    check_str(buf_str(&hex), str_c(want));
}

static void digests_have_their_vectors(void **state) // FIPS 180-4; RFC 4231 §4.3; RFC 2202 §2
{
    (void)state;
    uint8_t digest[SHA256_BYTES];
    sha256((str){0}, digest);
    check_digest(digest, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256(S("abc"), digest);
    check_digest(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hmac_sha256(S("Jefe"), S("what do ya want for nothing?"), digest);
    check_digest(digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    defer(buf_done) struct buf hex = {0};
    uint8_t md5[MD5_BYTES];
    assert_true(hmac_md5(S("Jefe"), S("what do ya want for nothing?"), md5));
    buf_put_hex(&hex, str_from(md5, sizeof(md5)));
    check_str(buf_str(&hex), S("750c783e6ab0b503eaa86e310a5db738"));
    assert_true(hmac_md5(S(""), S(""), md5));
}

int test_encode(void);
int test_encode(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_has_its_vectors),
        cmocka_unit_test(hexadecimal_is_strict),
        cmocka_unit_test(html_is_escaped_as_in_go),
        cmocka_unit_test(digests_have_their_vectors),
    };
    return run_group("encode", tests);
}
