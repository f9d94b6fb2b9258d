// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/vmalert/mql.h"

#include <math.h>

double mql_case_number(const cJSON *v)
{
    if (cJSON_IsString(v))
        return strtod(v->valuestring, NULL);
    return v ? v->valuedouble : 0;
}

bool mql_case_is_near(double want, double got)
{
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got);
    if (want == got)
        return true;
    return fabs(want - got) <= NUMBER_TOLERANCE * fmax(fabs(want), fabs(got));
}

double *mql_case_numbers(const cJSON *list, struct arena *mem, size_t *ret_count)
{
    size_t count = 0;
    double *numbers = arena_array(mem, double, (size_t)cJSON_GetArraySize(list) + 1);
    for (const cJSON *v = list ? list->child : NULL; v; v = v->next)
        numbers[count++] = mql_case_number(v);
    *ret_count = count;
    return numbers;
}

static str labels_text(struct label *labels, size_t count, struct arena *mem)
{
    struct buf b = {.mem = mem};
    label_sort(labels, count);
    for (size_t i = 0; i < count; i++)
        buf_printf(&b, "%s%.*s=\"%.*s\"", i ? "," : "", STR(labels[i].name), STR(labels[i].value));
    return buf_str(&b);
}

str mql_case_labels(const cJSON *object, struct arena *mem)
{
    size_t count = 0;
    struct label *labels = arena_array(mem, struct label, (size_t)cJSON_GetArraySize(object) + 1);
    for (const cJSON *m = object ? object->child : NULL; m; m = m->next) {
        str value = case_text(m, mem);
        if (value.n)
            labels[count++] = (struct label){str_c(m->string), value};
    }
    return labels_text(labels, count, mem);
}

str mql_series_labels(const struct mql_series *s, struct arena *mem)
{
    struct label *labels = arena_array(mem, struct label, s->label_count + 1);
    size_t count = 0;
    for (; count < s->label_count; count++)
        labels[count] = s->labels[count];
    if (s->name.n)
        labels[count++] = (struct label){S("__name__"), s->name};
    return labels_text(labels, count, mem);
}

bool mql_case_eval(str text, const struct mql_query *query, struct arena *mem,
                   struct mql_result *ret, struct err *err)
{
    const struct mql_expr *e = mql_parse(text, mem, err);
    return e && mql_eval(mql_optimize(e, mem), query, mem, ret, err);
}
