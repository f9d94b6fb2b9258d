// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/vmalert/answers.h"

#include <math.h>

static bool is_labelled(const struct series *s, str name, str value)
{
    const struct label *l = label_find(s->labels, s->label_count, name);
    return l && str_eq(l->value, value);
}

static const char *check_labels(const struct series *s, const cJSON *want, struct arena *mem)
{
    bool is_list = cJSON_IsArray(want);
    if (s->label_count != (size_t)cJSON_GetArraySize(want))
        return case_fail(mem, "%zu labels", s->label_count);
    for (const cJSON *w = want->child; w; w = w->next) {
        str name = is_list ? case_text(w->child, mem) : str_c(w->string);
        if (!is_labelled(s, name, case_text(is_list ? w->child->next : w, mem)))
            return case_fail(mem, "label %.*s is missing", STR(name));
    }
    return NULL;
}

static double number_of(const cJSON *v)
{
    return cJSON_IsString(v) ? strtod(v->valuestring, NULL) : v->valuedouble;
}

static const char *check_sample(const struct sample *s, const cJSON *ts, const cJSON *value,
                                struct arena *mem)
{
    double want = number_of(value);
    if (s->ts_ms != (int64_t)number_of(ts) * 1000)
        return case_fail(mem, "timestamp %lld", (long long)s->ts_ms);
    bool is_equal = s->value == want || (isnan(s->value) && isnan(want));
    return is_equal ? NULL : case_fail(mem, "value %g", s->value);
}

static const char *check_samples(const struct series *s, const cJSON *want, struct arena *mem)
{
    const cJSON *stamps = case_get(want, "timestamps"), *values = case_get(want, "values");
    size_t count = stamps ? (size_t)cJSON_GetArraySize(stamps) : 1;
    if (s->sample_count != count)
        return case_fail(mem, "%zu samples", s->sample_count);
    for (size_t i = 0; i < count; i++) {
        const cJSON *ts = stamps ? cJSON_GetArrayItem(stamps, (int)i) : case_get(want, "timestamp");
        const cJSON *value = values ? cJSON_GetArrayItem(values, (int)i) : case_get(want, "value");
        const char *why = check_sample(&s->samples[i], ts, value, mem);
        if (why)
            return why;
    }
    return NULL;
}

const char *check_answer(const struct query_result *got, const cJSON *want, struct arena *mem)
{
    size_t i = 0;
    if (got->count != (size_t)cJSON_GetArraySize(want))
        return case_fail(mem, "%zu series", got->count);
    for (const cJSON *w = want->child; w; w = w->next, i++) {
        const char *why = check_labels(&got->series[i], case_get(w, "labels"), mem);
        if (!why)
            why = check_samples(&got->series[i], w, mem);
        if (why)
            return case_fail(mem, "series %zu: %s", i, why);
    }
    return NULL;
}
