// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/aws_xml.h"
#include "tests/support/check.h"

static void check_text(const char *document, const char *name, const char *want)
{
    struct arena mem = {0};
    str got;
    bool is_there = aws_xml_text(str_c(document), str_c(name), &mem, &got);
    assert_int_equal(is_there, want != NULL);
    if (want)
        check_str(got, str_c(want));
    arena_done(&mem);
}

#define REFUSAL                                                                                    \
    "<?xml version=\"1.0\"?>\n<!-- <Code>no</Code> --><ErrorResponse xmlns=\"http://x/\">\n"       \
    " <Error><Type>Sender</Type><Code>InvalidParameter</Code>\n"                                   \
    "  <Message lang='en'> &lt;a&gt; &amp; &#x263a;&#33; &what; R&D </Message></Error>\n"          \
    " <RequestId/></ErrorResponse>"

static void texts(void **state)
{
    (void)state;
    check_text(REFUSAL, "Code", "InvalidParameter");
    check_text(REFUSAL, "Message", "<a> & ☺! &what; R&D");
    check_text(REFUSAL, "RequestId", "");
    check_text(REFUSAL, "Mess", NULL);
    check_text(REFUSAL, "Sender", NULL);
    check_text("<a:b><a:c>1</a:c></a:b>", "c", "1");
}

static void broken_documents(void **state)
{
    (void)state;
    check_text("", "a", NULL);
    check_text("{}", "a", NULL);
    check_text("<", "a", NULL);
    check_text("<a", "a", "");
    check_text("<a>", "a", "");
    check_text("<a>text", "a", "text");
    check_text("<!-- <a>1</a>", "a", NULL);
    check_text("<![CDATA[<a>1</a>]]>", "a", NULL);
    check_text("<a>&</a>", "a", "&");
    check_text("<a>&#;&#x;&#x110000;&#99999999999;</a>", "a", "&#;&#x;&#x110000;&#99999999999;");
}

int test_aws_xml(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(broken_documents)};
    return run_group("aws_xml", tests);
}
