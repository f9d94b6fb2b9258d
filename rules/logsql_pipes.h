// SPDX-License-Identifier: Apache-2.0
// logsql_pipes.h: a LogsQL query as tokens and pipes; private to rules/logsql_*.c. Filters are only
// skipped: spec: vmalert MetricsQL §14.1.
#pragma once
#include "base/core/arena.h"
#include "base/core/err.h"

#define LOGSQL_TOKENS_MAX 20000 // words, texts in quotes, signs

struct logsql_token {
    str text;     // with its quotes; empty: the end
    bool is_word; // a name, or a text in quotes
};

struct logsql_tokens {
    struct logsql_token *items; // then one that is empty
    size_t count;
};

// Brackets are balanced then, though [ may be closed by ): ranges are written so.
// Errors: ERR_SYNTAX, ERR_LIMIT.
bool logsql_tokenize(str text, struct arena *mem, struct logsql_tokens *ret, struct err *err);
bool logsql_is(const struct logsql_token *t, const char *text); // in any case
bool logsql_opens(const struct logsql_token *t);                // ( [ {
// Behind the bracket that closes the one at t; where t is none, behind t.
const struct logsql_token *logsql_skip(const struct logsql_token *t);

enum logsql_pipe_kind {
    LOGSQL_PIPE_NEUTRAL, // keeps labels and metrics as they are
    LOGSQL_PIPE_STATS,
    LOGSQL_PIPE_MORE_STATS, // running_stats, total_stats
    LOGSQL_PIPE_MATH,
    LOGSQL_PIPE_FIELDS,
    LOGSQL_PIPE_DELETE,
    LOGSQL_PIPE_COPY,
    LOGSQL_PIPE_RENAME,
    LOGSQL_PIPE_FORMAT,
    LOGSQL_PIPE_UNPACK_JSON,
    LOGSQL_PIPE_OTHER, // may not follow stats
};

struct logsql_pipe {
    const struct logsql_token *from, *to;
    enum logsql_pipe_kind kind;
};

// The end of what begins at t: the next | or ; outside of brackets, or the end.
const struct logsql_token *logsql_part_end(const struct logsql_token *t);
struct logsql_pipe logsql_pipe_at(const struct logsql_token *t);
str logsql_pipe_text(const struct logsql_pipe *p); // as written
