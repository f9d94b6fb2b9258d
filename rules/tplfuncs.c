// SPDX-License-Identifier: Apache-2.0
#include "rules/tplfuncs.h"

#include <arpa/inet.h>
#include <math.h>

#include "base/text/encode.h"
#include "base/text/gofmt.h"
#include "base/text/humanize.h"
#include "base/text/json_writer.h"
#include "base/text/regex.h"
#include "base/text/titlecase.h"
#include "base/text/url.h"
#include "rules/tpldata.h"

// ---- numbers ----------------------------------------------------------------------------------

// Any plain number, or a text that is one.
static bool to_f64(const struct tpl_value *v, double *ret, struct err *err)
{
    if (v->type == &TPL_F64)
        *ret = v->f;
    else if (v->type == &TPL_INT || v->type == &TPL_INT64)
        *ret = (double)v->i;
    else if (v->type == &TPL_UINT || v->type == &TPL_UINT64)
        *ret = (double)v->u;
    else if (v->type == &TPL_STRING)
        return gofmt_parse_f64(v->s, ret, err);
    else {
        defer(buf_done) struct buf shown = {.max = ERR_TEXT_BYTES};
        tpl_put_value(&shown, v);
        return err_set(err, ERR_INVALID, "unexpected value type %.*s", STR(buf_str(&shown)));
    }
    return true;
}

static bool humanize(struct tpl_call *call, void (*put)(struct buf *, double),
                     const struct tpl_value *v, struct tpl_value *ret, struct err *err)
{
    double x = 0;
    if (!to_f64(v, &x, err))
        return false;
    struct buf text = TPL_RESULT(call);
    put(&text, x);
    return tpl_return(&text, ret, err);
}

static bool fn_humanize(TPL_ARGS)
{
    return humanize(call, buf_put_humanized, &args[0], ret, err);
}

static bool fn_humanize1024(TPL_ARGS)
{
    return humanize(call, buf_put_humanized_1024, &args[0], ret, err);
}

static bool fn_humanize_duration(TPL_ARGS)
{
    return humanize(call, buf_put_humanized_duration, &args[0], ret, err);
}

static bool fn_humanize_percentage(TPL_ARGS)
{
    return humanize(call, buf_put_humanized_percentage, &args[0], ret, err);
}

// ---- times ------------------------------------------------------------------------------------

// Unix seconds to an instant, cut to milliseconds.
static struct gotime time_from_seconds(double seconds)
{
    double ms = CLAMP(seconds * 1000, -0x1p62, 0x1p62);
    int64_t whole_ms = (int64_t)ms;
    int64_t s = whole_ms / 1000, rest = whole_ms % 1000;
    if (rest < 0) {
        rest += 1000;
        s--;
    }
    return gotime_utc(s, (int32_t)rest * 1000000);
}

static const char *special_name(double v)
{
    return isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf";
}

static bool fn_humanize_timestamp(TPL_ARGS)
{
    double v = 0;
    if (!to_f64(&args[0], &v, err))
        return false;
    struct buf text = TPL_RESULT(call);
    if (isnan(v) || isinf(v)) {
        buf_put(&text, str_c(special_name(v)));
    } else {
        struct gotime t = time_from_seconds(v);
        buf_put_gotime_string(&text, &t);
    }
    return tpl_return(&text, ret, err);
}

static bool fn_to_time(TPL_ARGS)
{
    double v = 0;
    if (!to_f64(&args[0], &v, err))
        return false;
    if (isnan(v) || isinf(v))
        return err_set(err, ERR_INVALID, "cannot convert %s to time.Time", special_name(v));
    struct gotime *t = arena_new(call->mem, struct gotime);
    *t = time_from_seconds(v);
    *ret = tpl_time(t);
    return true;
}

static bool fn_format_time(TPL_ARGS)
{
    double v = 0;
    if (!to_f64(&args[1], &v, err))
        return err_wrap(err, "formatTime");
    if (isnan(v) || isinf(v))
        return err_set(err, ERR_INVALID, "formatTime: cannot convert %s to time", special_name(v));
    struct gotime t = time_from_seconds(v);
    struct buf text = TPL_RESULT(call);
    buf_put_gotime(&text, &t, args[0].s);
    return tpl_return(&text, ret, err);
}

static const struct rule_tpl_context NO_CONTEXT;

static const struct rule_tpl_context *context_of(const struct tpl_call *call)
{
    return call->context ? call->context : &NO_CONTEXT;
}

static bool fn_now(TPL_ARGS)
{
    struct gotime t = gotime_from_ns(context_of(call)->now);
    *ret = tpl_f64((double)t.unix_s);
    return true;
}

static bool fn_parse_duration(TPL_ARGS)
{
    dur_ns d;
    if (!dur_parse_vm(args[0].s, &d, err))
        return false;
    int64_t whole = d / DUR_SECONDS(1), rest = d % DUR_SECONDS(1);
    *ret = tpl_f64((double)whole + (double)rest / 1e9); // Go's Duration.Seconds
    return true;
}

static bool fn_parse_duration_time(TPL_ARGS)
{
    dur_ns d;
    if (!dur_parse_vm(args[0].s, &d, err))
        return false;
    *ret = tpl_dur(d);
    return true;
}

// ---- host names -------------------------------------------------------------------------------

// Go's net.SplitHostPort: "host:port" or "[v6]:port"; anything else is false.
static bool split_host_port(str s, str *ret_host, str *ret_port)
{
    size_t colon = str_find_last(s, ':');
    if (colon == STR_NONE)
        return false;
    str host = str_slice(s, 0, colon);
    if (s.p[0] == '[') {
        size_t end = str_find(s, ']');
        if (end == STR_NONE || end + 1 != colon)
            return false;
        host = str_slice(s, 1, end);
        if (str_find(host, '[') != STR_NONE)
            return false;
    } else if (str_find(host, ':') != STR_NONE || str_find(host, '[') != STR_NONE ||
               str_find(host, ']') != STR_NONE) {
        return false;
    }
    str port = str_skip(s, colon + 1);
    if (str_find(port, '[') != STR_NONE || str_find(port, ']') != STR_NONE)
        return false;
    *ret_host = host;
    *ret_port = port;
    return true;
}

static bool is_ip(str host)
{
    char text[INET6_ADDRSTRLEN + 1];
    unsigned char address[16];
    if (host.n == 0 || host.n >= sizeof(text) || memchr(host.p, '\0', host.n))
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static bool fn_strip_port(TPL_ARGS)
{
    str host, port;
    *ret = tpl_str(split_host_port(args[0].s, &host, &port) ? host : args[0].s);
    return true;
}

static bool fn_strip_domain(TPL_ARGS)
{
    str host = args[0].s, port = S("");
    split_host_port(args[0].s, &host, &port);
    *ret = args[0];
    if (is_ip(host))
        return true;
    host = str_slice(host, 0, str_find(host, '.'));
    struct buf text = TPL_RESULT(call);
    bool is_v6 = port.n && str_find(host, ':') != STR_NONE;
    buf_put(&text, is_v6 ? S("[") : S(""));
    buf_put(&text, host);
    buf_put(&text, is_v6 ? S("]") : S(""));
    if (port.n) {
        buf_put_c(&text, ':');
        buf_put(&text, port);
    }
    return tpl_return(&text, ret, err);
}

// ---- strings ----------------------------------------------------------------------------------

static bool fn_to_upper(TPL_ARGS)
{
    return tpl_return_mapped(call, buf_put_upper_unicode, args[0].s, ret, err);
}

static bool fn_to_lower(TPL_ARGS)
{
    return tpl_return_mapped(call, buf_put_lower_unicode, args[0].s, ret, err);
}

static bool fn_title(TPL_ARGS)
{
    return tpl_return_mapped(call, buf_put_title_letters, args[0].s, ret, err);
}

static bool fn_match(TPL_ARGS)
{
    struct regex *r = regex_new(args[0].s, REGEX_SEARCH, err);
    if (!r)
        return false;
    *ret = tpl_bool(regex_matches(r, args[1].s));
    regex_free(r);
    return true;
}

static bool fn_re_replace_all(TPL_ARGS)
{
    struct regex *r = regex_new(args[0].s, REGEX_SEARCH, err);
    if (!r) {
        defer(buf_done) struct buf pattern = {0};
        gofmt_quoted(&pattern, &(struct gofmt){.sharp = true}, args[0].s);
        return err_wrap(err, "regexp: Compile(%.*s)", STR(buf_str(&pattern)));
    }
    struct buf text = TPL_RESULT(call);
    regex_replace_all(r, args[2].s, args[1].s, &text);
    regex_free(r);
    return tpl_return(&text, ret, err);
}

static void put_crlf_escaped(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\n')
            buf_put(b, S("\\n"));
        else if (s.p[i] == '\r')
            buf_put(b, S("\\r"));
        else
            buf_put_c(b, s.p[i]);
    }
}

static void put_json_escaped(struct buf *b, str s)
{
    buf_put_json_str(b, JSON_ESCAPE_VM, s);
}

static bool fn_crlf_escape(TPL_ARGS)
{
    return tpl_return_mapped(call, put_crlf_escaped, args[0].s, ret, err);
}

static bool fn_json_escape(TPL_ARGS)
{
    return tpl_return_mapped(call, put_json_escaped, args[0].s, ret, err);
}

static bool fn_quotes_escape(TPL_ARGS) // the same without the quotes
{
    if (!fn_json_escape(call, args, count, ret, err))
        return false;
    ret->s = str_slice(ret->s, 1, ret->s.n - 1);
    return true;
}

static void put_html_escaped(struct buf *b, str s) // the html function with &quot; for "
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '<':
            buf_put(b, S("&lt;"));
            break;
        case '>':
            buf_put(b, S("&gt;"));
            break;
        case '"':
            buf_put(b, S("&quot;"));
            break;
        case '\'':
            buf_put(b, S("&#39;"));
            break;
        case '&':
            buf_put(b, S("&amp;"));
            break;
        default:
            buf_put_c(b, s.p[i]);
        }
    }
}

static bool fn_html_escape(TPL_ARGS)
{
    return tpl_return_mapped(call, put_html_escaped, args[0].s, ret, err);
}

static bool fn_safe_html(TPL_ARGS)
{
    *ret = tpl_str_of(&TPL_HTML, args[0].s);
    return true;
}

static bool fn_path_escape(TPL_ARGS)
{
    return tpl_return_mapped(call, buf_put_path_escaped, args[0].s, ret, err);
}

static bool fn_query_escape(TPL_ARGS)
{
    return tpl_return_mapped(call, buf_put_query_escaped, args[0].s, ret, err);
}

static bool fn_external_url(TPL_ARGS)
{
    *ret = tpl_str(context_of(call)->external_url);
    return true;
}

static bool fn_path_prefix(TPL_ARGS)
{
    *ret = tpl_str(context_of(call)->path_prefix);
    return true;
}

static bool fn_args(TPL_ARGS)
{
    struct tpl_pair *pairs = arena_array(call->mem, struct tpl_pair, count);
    for (size_t i = 0; i < count; i++)
        pairs[i] = (struct tpl_pair){tpl_str(arena_printf(call->mem, "arg%zu", i)), args[i]};
    *ret = tpl_map(&TPL_MAP_ANY, pairs, tpl_pairs_sort(pairs, count));
    return true;
}

// ---- queries ----------------------------------------------------------------------------------

static bool fn_query(TPL_ARGS)
{
    const struct rule_tpl_context *c = context_of(call);
    if (!c->query)
        return err_set(err, ERR_INVALID,
                       "cannot execute query \"%.*s\": query is not available in this context",
                       STR(args[0].s));
    const struct rule_tpl_metric *metrics = NULL;
    size_t n = 0;
    if (!c->query(c->owner, args[0].s, call->mem, &metrics, &n, err))
        return false;
    *ret = tpl_list(&RULE_TPL_METRICS, metrics, n);
    return true;
}

static const struct rule_tpl_metric *metric_of(const struct tpl_value *v)
{
    return v->obj;
}

static bool fn_first(TPL_ARGS)
{
    if (args[0].count == 0)
        return err_set(err, ERR_INVALID, "first() called on vector with no elements");
    tpl_list_at(&args[0], 0, ret);
    return true;
}

static str label_of(const struct rule_tpl_metric *m, str name)
{
    const struct label *l = label_find(m->labels, m->label_count, name);
    return l ? l->value : S("");
}

static bool fn_label(TPL_ARGS)
{
    *ret = tpl_str(label_of(metric_of(&args[1]), args[0].s));
    return true;
}

static bool fn_value(TPL_ARGS)
{
    *ret = tpl_f64(metric_of(&args[0])->value);
    return true;
}

static bool fn_strvalue(TPL_ARGS)
{
    *ret = tpl_str(label_of(metric_of(&args[0]), S("__name__")));
    return true;
}

// Merge sort of pointers by a label: stable and without recursion on the input's order.
static void sort_by_label(const struct rule_tpl_metric **items, size_t count, str name,
                          const struct rule_tpl_metric **space)
{
    if (count < 2)
        return;
    size_t half = count / 2;
    sort_by_label(items, half, name, space);
    sort_by_label(items + half, count - half, name, space);
    memcpy(space, items, half * sizeof(const struct rule_tpl_metric *));
    size_t left = 0, right = half, to = 0;
    while (left < half) {
        if (right < count && str_cmp(label_of(items[right], name), label_of(space[left], name)) < 0)
            items[to++] = items[right++];
        else
            items[to++] = space[left++];
    }
}

static bool fn_sort_by_label(TPL_ARGS)
{
    size_t n = args[1].count;
    size_t bytes = n * sizeof(const struct rule_tpl_metric *);
    const struct rule_tpl_metric **items = arena_alloc(call->mem, bytes);
    for (size_t i = 0; i < n; i++) {
        struct tpl_value item;
        tpl_list_at(&args[1], i, &item);
        items[i] = metric_of(&item);
    }
    sort_by_label(items, n, args[0].s, arena_alloc(call->mem, bytes));
    struct rule_tpl_metric *sorted = arena_array(call->mem, struct rule_tpl_metric, n);
    for (size_t i = 0; i < n; i++)
        sorted[i] = *items[i];
    *ret = tpl_list(&RULE_TPL_METRICS, sorted, n);
    return true;
}

// ---- the table --------------------------------------------------------------------------------

#define NAME(text) .name = {text, sizeof(text) - 1}
#define TEXT       &TPL_STRING

static const struct tpl_func FUNCS[] = {
    {NAME("args"), .variadic = &TPL_ANY, .call = fn_args},
    {NAME("crlfEscape"), .params = {TEXT}, .call = fn_crlf_escape},
    {NAME("externalURL"), .call = fn_external_url},
    {NAME("first"), .params = {&RULE_TPL_METRICS}, .call = fn_first},
    {NAME("formatTime"), .params = {TEXT, &TPL_ANY}, .call = fn_format_time},
    {NAME("htmlEscape"), .params = {TEXT}, .call = fn_html_escape},
    {NAME("humanize"), .params = {&TPL_ANY}, .call = fn_humanize},
    {NAME("humanize1024"), .params = {&TPL_ANY}, .call = fn_humanize1024},
    {NAME("humanizeDuration"), .params = {&TPL_ANY}, .call = fn_humanize_duration},
    {NAME("humanizePercentage"), .params = {&TPL_ANY}, .call = fn_humanize_percentage},
    {NAME("humanizeTimestamp"), .params = {&TPL_ANY}, .call = fn_humanize_timestamp},
    {NAME("jsonEscape"), .params = {TEXT}, .call = fn_json_escape},
    {NAME("label"), .params = {TEXT, &RULE_TPL_METRIC}, .call = fn_label},
    {NAME("match"), .params = {TEXT, TEXT}, .call = fn_match},
    {NAME("now"), .call = fn_now},
    {NAME("parseDuration"), .params = {TEXT}, .call = fn_parse_duration},
    {NAME("parseDurationTime"), .params = {TEXT}, .call = fn_parse_duration_time},
    {NAME("pathEscape"), .params = {TEXT}, .call = fn_path_escape},
    {NAME("pathPrefix"), .call = fn_path_prefix},
    {NAME("query"), .params = {TEXT}, .call = fn_query},
    {NAME("queryEscape"), .params = {TEXT}, .call = fn_query_escape},
    {NAME("quotesEscape"), .params = {TEXT}, .call = fn_quotes_escape},
    {NAME("reReplaceAll"), .params = {TEXT, TEXT, TEXT}, .call = fn_re_replace_all},
    {NAME("safeHtml"), .params = {TEXT}, .call = fn_safe_html},
    {NAME("sortByLabel"), .params = {TEXT, &RULE_TPL_METRICS}, .call = fn_sort_by_label},
    {NAME("stripDomain"), .params = {TEXT}, .call = fn_strip_domain},
    {NAME("stripPort"), .params = {TEXT}, .call = fn_strip_port},
    {NAME("strvalue"), .params = {&RULE_TPL_METRIC}, .call = fn_strvalue},
    {NAME("title"), .params = {TEXT}, .call = fn_title},
    {NAME("toLower"), .params = {TEXT}, .call = fn_to_lower},
    {NAME("toTime"), .params = {&TPL_ANY}, .call = fn_to_time},
    {NAME("toUpper"), .params = {TEXT}, .call = fn_to_upper},
    {NAME("value"), .params = {&RULE_TPL_METRIC}, .call = fn_value},
};

const struct tpl_funcs RULE_TPL_FUNCS = {FUNCS, ARRAY_LEN(FUNCS)};

struct tpl_set *rule_tpl_set_new(void)
{
    struct tpl_set *set = tpl_set_new(&(struct tpl_options){
        .missing_key = TPL_MISSING_ZERO, .tables = &RULE_TPL_FUNCS, .table_count = 1});
    // Upstream's set begins with this empty template, and texts may call it.
    bool is_good = tpl_parse(set, S(""), S("{{ define \"default.template\" }}{{ end }}"), NULL);
    assert(is_good);
    return set;
}
