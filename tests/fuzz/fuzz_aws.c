// SPDX-License-Identifier: Apache-2.0
// Any bytes as an answer of AWS and as its tools' shared files. A text that is escaped and put into
// an element is found there again; a profile has both keys or none, and settings of one line.
#include "base/core/buf.h"
#include "base/text/encode.h"
#include "notify/integrations/aws_profile.h"
#include "notify/integrations/aws_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_document(str text, struct arena *mem)
{
    static const char *const NAMES[] = {"Code", "Message", "AccessKeyId", "a", ""};
    str found;
    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
        aws_xml_text(text, str_c(NAMES[i]), mem, &found);

    struct buf document = {.mem = mem};
    buf_put(&document, S("<?xml version=\"1.0\"?><ns:Error><Code>"));
    buf_put_html_escaped(&document, text);
    buf_put(&document, S("</Code></ns:Error>"));
    if (!aws_xml_text(buf_str(&document), S("Code"), mem, &found) ||
        !str_eq(found, str_trim(text)) ||
        !aws_xml_text(buf_str(&document), S("Error"), mem, &found))
        abort();
}

static void check_setting(str value)
{
    if (str_find(value, '\n') != STR_NONE)
        abort();
}

static void check_profile(str config, str credentials)
{
    struct aws_profile p;
    aws_profile_read(config, credentials, S("default"), &p);
    check_setting(p.region);
    check_setting(p.role_arn);
    check_setting(p.access_key);
    if ((p.access_key.n == 0) != (p.secret_key.n == 0) || (p.access_key.n && !p.is_known))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena mem = {0};
    str text = str_from(data, size);
    check_document(text, &mem);
    check_profile(str_slice(text, 0, size / 2), str_skip(text, size / 2));
    check_profile(text, S(""));
    check_profile(S(""), text);
    arena_done(&mem);
    return 0;
}
