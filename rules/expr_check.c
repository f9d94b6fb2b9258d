// SPDX-License-Identifier: Apache-2.0
#include "rules/expr_check.h"

#include "base/text/unicode.h"
#include "rules/graphiteql.h"
#include "rules/logsql_stats.h"
#include "rules/metricsql/metricsql.h"

struct language {
    const char *name;
    bool (*check)(str expr, struct err *err);
};

static const struct language LANGUAGES[] = {
    [RULE_PROMETHEUS] = {"MetricsQL", mql_check},
    [RULE_GRAPHITE] = {"GraphiteQL", graphiteql_check},
    [RULE_VLOGS] = {"LogsQL", logsql_check_stats},
};

bool rule_expr_check(enum rule_type type, str expr, struct err *err)
{
    const struct language *l = &LANGUAGES[type];
    if (l->check(expr, err))
        return true;
    struct buf quoted = {.max = ERR_TEXT_BYTES};
    buf_put_quoted(&quoted, str_slice(expr, 0, ERR_TEXT_BYTES));
    struct err why = *err;
    err_set(err, why.code, "bad %s expr: %.*s, err: %.*s", l->name, STR(buf_str(&quoted)),
            STR(err_str(&why)));
    buf_done(&quoted);
    return false;
}
