// SPDX-License-Identifier: Apache-2.0
// A tree prints as a text that is read as the same tree; layouts are read as what was laid out;
// optimizing keeps trees printable; refusals say why. The checks of the other two languages of
// rules get the same inputs.
#include <math.h>
#include <stdio.h>

#include "rules/graphiteql.h"
#include "rules/logsql_stats.h"
#include "rules/metricsql/metricsql.h"

static void fail(str text, str first, str second)
{
    fprintf(stderr, "input:  %.*s\nfirst:  %.*s\nsecond: %.*s\n", STR(text), STR(first),
            STR(second));
    abort();
}

// Computed numbers that are read as something else: -0 is 0 - 0 again, +Inf a literal.
static bool is_special_number(const struct mql_number *n)
{
    return n->text.n == 0 && (n->value == (double)INFINITY || (n->value == 0 && signbit(n->value)));
}

// An empty name of the metric may stand in front of another one, but not behind it, as upstream has
// it.
static bool has_empty_name(const struct mql_selector *s)
{
    for (size_t i = 0; i < s->count; i++) {
        for (size_t j = 0; j < s->alternatives[i].count; j++) {
            const struct mql_filter *f = &s->alternatives[i].items[j];
            if (str_eq(f->label, S("__name__")) && f->value.n == 0)
                return true;
        }
    }
    return false;
}

static void look_for_special(void *owner, const struct mql_expr *e, const struct mql_modifier *m)
{
    bool *has_special = owner;
    if (!m && e->kind == MQL_NUMBER)
        *has_special |= is_special_number(&e->number);
    if (!m && e->kind == MQL_SELECTOR)
        *has_special |= has_empty_name(&e->selector);
}

static void check_again(str text, const struct mql_expr *e, struct arena *mem)
{
    struct buf first = {.mem = mem}, second = {.mem = mem};
    struct err err = ERR_INIT;
    buf_put_mql(&first, e);
    const struct mql_expr *again = mql_parse(buf_str(&first), mem, &err);
    if (again)
        buf_put_mql(&second, again);
    else if (err.code == ERR_LIMIT)
        return; // escapes and parentheses can make it longer than what is read
    bool has_special = false;
    mql_visit(e, look_for_special, &has_special);
    if (!has_special && !str_eq(buf_str(&first), buf_str(&second)))
        fail(text, buf_str(&first), again ? buf_str(&second) : err_str(&err));
}

static void check_layout(str text, struct arena *mem)
{
    struct buf first = {.mem = mem}, second = {.mem = mem};
    if (!buf_put_mql_pretty(&first, text, NULL))
        abort(); // it has been parsed before
    buf_put_mql_pretty(&second, buf_str(&first), NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str text = str_from(data, size);
    struct arena mem = {0};
    struct err err = ERR_INIT;
    const struct mql_expr *e = mql_parse(text, &mem, &err);
    if (!e && err.n == 0)
        abort();
    if (e) {
        check_again(text, e, &mem);
        check_again(text, mql_optimize(e, &mem), &mem);
        check_layout(text, &mem);
        mql_is_likely_invalid(e);
    }
    arena_done(&mem);
    err_clear(&err);
    if (!graphiteql_check(text, &err) && err.n == 0)
        abort();
    err_clear(&err);
    if (!logsql_check_stats(text, &err) && err.n == 0)
        abort();
    return 0;
}
