// SPDX-License-Identifier: Apache-2.0
#include "rules/result.h"

#include <math.h>

#include "base/text/json.h"

double stale_nan(void)
{
    uint64_t bits = STALE_NAN_BITS;
    double x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

bool is_stale_nan(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits == STALE_NAN_BITS;
}

// An infinity that was written in digits is a number too large, not one that the datasource meant.
static bool has_digit(str s)
{
    size_t i = 0;
    while (i < s.n && (s.p[i] < '0' || s.p[i] > '9'))
        i++;
    return i < s.n;
}

// [1704067200.5, "1"]: whole seconds and a number's text.
static bool read_sample(const json *pair, struct sample *ret, struct err *err)
{
    const json *ts = json_first(pair);
    const json *value = ts ? json_next(ts) : NULL;
    if (!value || json_next(value) || !json_is_number(ts) || !json_is_string(value))
        return err_set(err, ERR_SYNTAX, "a sample must be [timestamp, \"value\"]");
    double seconds = json_number(ts);
    if (!(fabs(seconds) < 9e15))
        return err_set(err, ERR_SYNTAX, "timestamp %g is out of range", seconds);
    ret->ts_ms = (int64_t)seconds * 1000;
    str text = json_str(value);
    bool ok = str_to_f64(text, &ret->value);
    if (ok && isinf(ret->value) && has_digit(text))
        return err_set(err, ERR_SYNTAX, "value \"%.*s\" is out of range", STR(text));
    return ok || err_set(err, ERR_SYNTAX, "cannot parse value \"%.*s\"", STR(text));
}

static bool read_labels(const json *metric, struct arena *mem, struct series *ret, struct err *err)
{
    if (!json_is_null(metric) && !json_is_object(metric))
        return err_set(err, ERR_SYNTAX, "labels must be an object");
    ret->labels = arena_array(mem, struct label, json_count(metric) + 1);
    json_each (member, metric) {
        if (!json_is_string(member))
            return err_set(err, ERR_SYNTAX, "label \"%.*s\" is not a string",
                           STR(json_key(member)));
        ret->labels[ret->label_count++] = (struct label){json_key(member), json_str(member)};
    }
    ret->label_count = label_sort_unique(ret->labels, ret->label_count);
    return true;
}

static bool read_samples(const json *element, bool is_range, struct arena *mem, struct series *ret,
                         struct err *err)
{
    const json *values = json_get(element, is_range ? S("values") : S("value"));
    ret->sample_count = is_range ? json_count(values) : 1;
    if (ret->sample_count == 0)
        return err_set(err, ERR_SYNTAX, "metric contains no values");
    struct sample *samples = arena_array(mem, struct sample, ret->sample_count);
    ret->samples = samples;
    if (!is_range)
        return read_sample(values, samples, err);
    json_each (pair, values) {
        if (!read_sample(pair, samples++, err))
            return false;
    }
    return true;
}

static bool read_series(const json *list, bool is_range, struct arena *mem,
                        struct query_result *ret, struct err *err)
{
    size_t count = json_count(list);
    if (!json_is_array(list) && !(is_range && json_is_null(list)))
        return err_set(err, ERR_SYNTAX, "failed to decode response: the result must be an array");
    if (count > RESULT_SERIES_MAX)
        return err_set(err, ERR_LIMIT, "the answer has %zu series; at most %d are read", count,
                       RESULT_SERIES_MAX);
    ret->series = arena_array(mem, struct series, count + 1);
    json_each (element, list) {
        struct series *s = &ret->series[ret->count];
        const json *metric = json_get(element, S("metric"));
        bool has_labels =
            is_range || !json_is_null(metric) || err_set(err, ERR_SYNTAX, "no `metric` object");
        if (!has_labels || !read_labels(metric, mem, s, err) ||
            !read_samples(element, is_range, mem, s, err))
            return err_wrap(err, "failed to decode response: series %zu", ret->count);
        ret->count++;
    }
    return true;
}

static bool read_scalar(const json *pair, struct arena *mem, struct query_result *ret,
                        struct err *err)
{
    ret->series = arena_new(mem, struct series);
    struct sample *sample = arena_new(mem, struct sample);
    ret->series->samples = sample;
    ret->series->sample_count = 1;
    ret->count = 1;
    return read_sample(pair, sample, err) || err_wrap(err, "failed to decode response");
}

static bool read_stats(const json *root, struct query_result *ret, struct err *err)
{
    const json *fetched = json_get(json_get(root, S("stats")), S("seriesFetched"));
    ret->is_partial = json_bool(json_get(root, S("isPartial")));
    if (json_is_null(fetched))
        return true;
    ret->has_series_fetched = true;
    if (!str_to_i64(json_str(fetched), &ret->series_fetched))
        return err_set(err, ERR_SYNTAX, "failed to convert stats.seriesFetched to int: \"%.*s\"",
                       STR(json_str(fetched)));
    return true;
}

bool result_parse_prometheus(str body, bool is_range, struct arena *mem, struct query_result *ret,
                             struct err *err)
{
    *ret = (struct query_result){0};
    const json *root = json_parse(body, false, mem, err);
    if (!root)
        return err_wrap(err, "failed to decode response");

    str status = json_str(json_get(root, S("status")));
    if (str_eq(status, S("error")))
        return err_set(err, ERR_INVALID, "response error \"%.*s\": %.*s",
                       STR(json_str(json_get(root, S("errorType")))),
                       STR(json_str(json_get(root, S("error")))));
    if (!str_eq(status, S("success")))
        return err_set(err, ERR_INVALID, "unknown response status \"%.*s\"", STR(status));

    const json *data = json_get(root, S("data"));
    const json *result = json_get(data, S("result"));
    str type = json_str(json_get(data, S("resultType")));
    if (is_range && !str_eq(type, S("matrix")))
        return err_set(err, ERR_INVALID,
                       "unexpected result type \"%.*s\"; expected result type \"matrix\"",
                       STR(type));
    bool ok;
    if (is_range || str_eq(type, S("vector")))
        ok = read_series(result, is_range, mem, ret, err);
    else if (str_eq(type, S("scalar")))
        ok = read_scalar(result, mem, ret, err);
    else
        return err_set(err, ERR_INVALID, "unknown result type \"%.*s\"", STR(type));
    return ok && read_stats(root, ret, err);
}

bool result_parse_graphite(str body, struct arena *mem, struct query_result *ret, struct err *err)
{
    *ret = (struct query_result){0};
    const json *root = json_parse(body, false, mem, err);
    if (root && !json_is_array(root))
        err_set(err, ERR_SYNTAX, "the answer must be an array");
    if (!json_is_array(root))
        return err_wrap(err, "failed to decode response");
    ret->series = arena_array(mem, struct series, json_count(root) + 1);
    json_each (target, root) {
        const json *last = NULL;
        json_each (point, json_get(target, S("datapoints")))
            last = point;
        const json *value = json_first(last);
        const json *ts = value ? json_next(value) : NULL;
        if (!ts)
            continue;
        struct series *s = &ret->series[ret->count++];
        struct sample *sample = arena_new(mem, struct sample);
        *sample = (struct sample){json_number(value), (int64_t)json_number(ts) * 1000};
        s->samples = sample;
        s->sample_count = 1;
        if (!read_labels(json_get(target, S("tags")), mem, s, err))
            return err_wrap(err, "failed to decode response");
    }
    return true;
}
