// SPDX-License-Identifier: Apache-2.0
// Any bytes as a list of addresses. What is read can be said again: an address in angle brackets
// with a quoted local part reads as itself. The same bytes go through the encoders of mail, whose
// output is read back.
#include "base/core/utf8.h"
#include "notify/integrations/mail_address.h"
#include "notify/integrations/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_quoted(struct buf *b, str address)
{
    str local, domain;
    str_cut_last(address, '@', &local, &domain);
    buf_put(b, S("<\""));
    for (size_t i = 0; i < local.n; i++) {
        if (local.p[i] == '"' || local.p[i] == '\\')
            buf_put_c(b, '\\');
        buf_put_c(b, local.p[i]);
    }
    buf_printf(b, "\"@%.*s>", STR(domain));
}

static void check_addresses(str list, struct arena *mem)
{
    struct mail_addresses first, again;
    struct err err = ERR_INIT;
    if (!mail_addresses_parse(list, mem, &first, &err)) {
        if (err.n == 0)
            abort();
        return;
    }
    for (size_t i = 0; i < first.count; i++) {
        struct buf text = {.mem = mem};
        put_quoted(&text, first.items[i].address);
        if (!mail_addresses_parse(buf_str(&text), mem, &again, &err) || again.count != 1 ||
            !str_eq(again.items[0].address, first.items[i].address))
            abort();
    }
}

static void check_words(str text, struct arena *mem)
{
    struct buf words = {.mem = mem}, back = {.mem = mem};
    buf_put_q_encoded(&words, text);
    str all = buf_str(&words), word;
    if (str_eq(all, text))
        return; // plain, or encoded already
    for (bool has_more = true; has_more;) {
        str decoded;
        has_more = str_cut(all, ' ', &word, &all);
        if (word.n > 75 || mime_decode_word(word, mem, &decoded) != MIME_WORD)
            abort();
        buf_put(&back, decoded);
    }
    if (!str_eq(buf_str(&back), text))
        abort();
}

static void check_lines(str text, struct arena *mem)
{
    struct buf out = {.mem = mem};
    buf_put_quoted_printable(&out, text);
    str line, rest = buf_str(&out);
    while (rest.n) {
        size_t end = str_find_str(rest, S("\r\n"));
        line = str_slice(rest, 0, end);
        rest = str_skip(rest, line.n + 2);
        char last = line.n ? line.p[line.n - 1] : 'x';
        if (line.n > 76 || last == ' ' || last == '\t' || str_find(line, '\n') != STR_NONE)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena mem = {0};
    str text = str_from(data, size);
    check_addresses(text, &mem);
    check_words(text, &mem);
    check_lines(text, &mem);
    arena_done(&mem);
    return 0;
}
