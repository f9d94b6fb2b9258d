// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/smtp_reply.h"

#include "base/text/gofmt.h"

void smtp_reader_clear(struct smtp_reader *r)
{
    buf_clear(&r->line);
    buf_clear(&r->text);
    r->code = 0;
    r->is_complete = false;
}

void smtp_reader_done(struct smtp_reader *r)
{
    buf_done(&r->line);
    buf_done(&r->text);
}

static enum smtp_read fail(const char *what, str line, struct err *err)
{
    defer(buf_done) struct buf quoted = {0};
    gofmt_quoted(&quoted, &(struct gofmt){0}, line);
    err_set(err, ERR_SYNTAX, "%s: %.*s", what, STR(buf_str(&quoted)));
    return SMTP_READ_FAILED;
}

static bool has_separator(str line)
{
    return line.n >= 4 && (line.p[3] == ' ' || line.p[3] == '-');
}

// The code of a line of a reply, or 0.
static unsigned code_of(str line)
{
    uint64_t code;
    return has_separator(line) && str_to_u64(str_slice(line, 0, 3), &code) && code >= 100
               ? (unsigned)code
               : 0;
}

static enum smtp_read take_line(struct smtp_reader *r, str line, struct err *err)
{
    unsigned code = code_of(line);
    if (r->code == 0) {
        if (!has_separator(line))
            return fail("short response", line, err);
        if (code == 0)
            return fail("invalid response code", line, err);
        r->code = code;
    } else {
        buf_put_c(&r->text, '\n');
    }
    bool is_of_reply = code == r->code;
    r->is_complete = is_of_reply && line.p[3] == ' ';
    buf_put(&r->text, is_of_reply ? str_skip(line, 4) : line);
    if (!r->text.is_full)
        return r->is_complete ? SMTP_READ_REPLY : SMTP_READ_MORE;
    err_set(err, ERR_LIMIT, "the reply has more than %zu bytes", SMTP_REPLY_BYTES_MAX);
    return SMTP_READ_FAILED;
}

static enum smtp_read end_line(struct smtp_reader *r, struct smtp_reply *ret, struct err *err)
{
    str line = buf_str(&r->line);
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    enum smtp_read got = take_line(r, line, err);
    buf_clear(&r->line);
    if (got == SMTP_READ_REPLY)
        *ret = (struct smtp_reply){r->code, buf_str(&r->text)};
    return got;
}

static void begin(struct smtp_reader *r)
{
    r->line.max = SMTP_LINE_BYTES_MAX;
    r->text.max = SMTP_REPLY_BYTES_MAX;
    if (r->is_complete)
        smtp_reader_clear(r);
}

enum smtp_read smtp_read(struct smtp_reader *r, str *data, struct smtp_reply *ret, struct err *err)
{
    begin(r);
    while (data->n) {
        size_t end = str_find(*data, '\n');
        buf_put(&r->line, str_slice(*data, 0, end));
        *data = str_skip(*data, end == STR_NONE ? data->n : end + 1);
        if (r->line.is_full) {
            err_set(err, ERR_LIMIT, "a line of the reply has more than %zu bytes",
                    SMTP_LINE_BYTES_MAX);
            return SMTP_READ_FAILED;
        }
        if (end == STR_NONE)
            break;
        enum smtp_read got = end_line(r, ret, err);
        if (got != SMTP_READ_MORE)
            return got;
    }
    return SMTP_READ_MORE;
}

enum smtp_read smtp_read_end(struct smtp_reader *r, struct smtp_reply *ret, struct err *err)
{
    begin(r);
    return r->line.n ? end_line(r, ret, err) : SMTP_READ_MORE;
}

bool smtp_reply_error(const struct smtp_reply *reply, struct err *err)
{
    return err_set(err, ERR_INVALID, "%03u %.*s", reply->code, STR(reply->text));
}
