// SPDX-License-Identifier: Apache-2.0
#include "notify/tplfuncs.h"

#include "base/text/encode.h"
#include "base/text/gofmt.h"
#include "base/text/humanize.h"
#include "base/text/regex.h"
#include "base/text/titlecase.h"
#include "base/text/unicode.h"
#include "base/text/url.h"
#include "notify/tpldata.h"

static const struct tplfuncs_context NO_CONTEXT;

static const struct tplfuncs_context *context_of(const struct tpl_call *call)
{
    return call->context ? call->context : &NO_CONTEXT;
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
    return tpl_return_mapped(call, buf_put_title_words, args[0].s, ret, err);
}

static bool fn_trim_space(TPL_ARGS)
{
    *ret = tpl_str(str_trim_unicode(args[0].s));
    return true;
}

static bool fn_join(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    for (size_t i = 0; i < args[1].count; i++) {
        struct tpl_value item;
        tpl_list_at(&args[1], i, &item);
        if (i > 0)
            buf_put(&text, args[0].s);
        buf_put(&text, item.s);
    }
    return tpl_return(&text, ret, err);
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

static bool fn_safe_html(TPL_ARGS)
{
    *ret = tpl_str_of(&TPL_HTML, args[0].s);
    return true;
}

static bool fn_safe_url(TPL_ARGS)
{
    *ret = tpl_str_of(&TPL_URL, args[0].s);
    return true;
}

static bool is_hex(str s, size_t i)
{
    return i < s.n &&
           ((s.p[i] >= '0' && s.p[i] <= '9') || ((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'f'));
}

static bool fn_url_unescape(TPL_ARGS)
{
    str s = args[0].s;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%' && !(is_hex(s, i + 1) && is_hex(s, i + 2))) {
            defer(buf_done) struct buf shown = {0};
            buf_put_quoted(&shown, str_slice(s, i, i + 3));
            return err_set(err, ERR_INVALID, "invalid URL escape %.*s", STR(buf_str(&shown)));
        }
    }
    struct buf text = TPL_RESULT(call);
    url_query_unescape(s, &text);
    return tpl_return(&text, ret, err);
}

static bool fn_base64encode(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    buf_put_base64(&text, args[0].s);
    for (size_t i = 0; i < text.n; i++) { // the URL-safe alphabet
        if (text.p[i] == '+')
            text.p[i] = '-';
        else if (text.p[i] == '/')
            text.p[i] = '_';
    }
    return tpl_return(&text, ret, err);
}

static int base64_digit(char c)
{
    static const char ALPHABET[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = c ? strchr(ALPHABET, c) : NULL;
    return at ? (int)(at - ALPHABET) : -1;
}

static size_t skip_line_ends(str s, size_t i)
{
    while (i < s.n && (s.p[i] == '\n' || s.p[i] == '\r'))
        i++;
    return i;
}

// Decodes up to four digits. False: *at is the offending byte. Go's encoding/base64, padded.
static bool decode_quantum(str s, size_t *at, struct buf *out)
{
    uint32_t bits = 0;
    int digits = 0;
    size_t i = *at;
    for (; digits < 4; digits++) {
        i = skip_line_ends(s, i);
        if (i == s.n) {
            *at = i - (size_t)digits;
            return digits == 0;
        }
        int digit = base64_digit(s.p[i]);
        if (digit < 0)
            break;
        bits = bits << 6 | (uint32_t)digit;
        i++;
    }
    if (digits < 4) { // padding: "==" behind two digits, "=" behind three, then nothing
        *at = i;
        if (s.p[i] != '=' || digits < 2)
            return false;
        i = skip_line_ends(s, i + 1);
        if (digits == 2) {
            *at = i;
            if (i == s.n || s.p[i] != '=')
                return false;
            i = skip_line_ends(s, i + 1);
        }
        *at = i;
        if (i < s.n)
            return false;
        bits <<= 6 * (4 - digits);
    }
    char bytes[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
    buf_put(out, str_from(bytes, (size_t)digits - 1));
    *at = i;
    return true;
}

static bool fn_base64decode(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    str s = args[0].s;
    for (size_t at = 0; at < s.n;) {
        if (decode_quantum(s, &at, &text))
            continue;
        return err_set(err, ERR_INVALID, "illegal base64 data at input byte %zu", at);
    }
    return tpl_return(&text, ret, err);
}

static bool fn_to_json(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    return tpl_put_json(&text, &args[0], err) && tpl_return(&text, ret, err);
}

// ---- lists and maps ---------------------------------------------------------------------------

static bool fn_string_slice(TPL_ARGS)
{
    struct tpl_value *items = arena_array(call->mem, struct tpl_value, count);
    memcpy(items, args, count * sizeof(*items));
    *ret = tpl_list(&TPL_STRINGS, items, count);
    return true;
}

static bool fn_list(TPL_ARGS)
{
    struct tpl_value *items = arena_array(call->mem, struct tpl_value, count);
    if (count)
        memcpy(items, args, count * sizeof(*items));
    *ret = tpl_list(&TPL_ANYS, items, count);
    return true;
}

// What Go's append makes of the capacity when `wanted` elements do not fit: slice shows it.
static size_t grown_cap(size_t old, size_t wanted)
{
    if (wanted > 2 * old)
        return wanted + (wanted & 1); // 16-byte elements come in even numbers while there are few
    return old < 256 ? 2 * old : MAX(wanted, old + (old + (size_t)3 * 256) / 4);
}

static bool fn_append(TPL_ARGS)
{
    size_t old = args[0].count, added = count - 1, n = old + added;
    bool fits = n <= args[0].cap;
    size_t cap = fits ? args[0].cap : grown_cap(args[0].cap, n);
    struct tpl_value *items = arena_array(call->mem, struct tpl_value, cap);
    for (size_t i = 0; i < old; i++)
        tpl_list_at(&args[0], i, &items[i]);
    for (size_t i = 0; i < added; i++)
        items[old + i] = args[1 + i];
    *ret = tpl_list(&TPL_ANYS, items, n);
    ret->cap = (uint32_t)cap;
    return true;
}

static bool fn_dict(TPL_ARGS)
{
    if (count % 2 != 0)
        return err_set(err, ERR_INVALID, "dict requires an even number of arguments");
    struct tpl_pair *pairs = arena_array(call->mem, struct tpl_pair, count / 2);
    for (size_t i = 0; i < count / 2; i++) {
        pairs[i] = (struct tpl_pair){args[2 * i], args[2 * i + 1]};
        if (pairs[i].key.type != &TPL_STRING)
            return err_set(err, ERR_INVALID, "dict keys must be strings");
    }
    *ret = tpl_map(&TPL_MAP_ANY, pairs, tpl_pairs_sort(pairs, count / 2));
    return true;
}

// ---- times ------------------------------------------------------------------------------------

static bool return_time(struct tpl_call *call, struct gotime t, struct tpl_value *ret)
{
    struct gotime *kept = arena_new(call->mem, struct gotime);
    *kept = t;
    *ret = tpl_time(kept);
    return true;
}

struct gotime tplfuncs_now(const struct tplfuncs_context *c)
{
    struct gotime t = gotime_in(gotime_from_ns(c->now), c->local);
    t.is_local = c->local != NULL;
    t.has_mono = true;
    t.mono_ns = c->since_start;
    return t;
}

static bool fn_now(TPL_ARGS)
{
    return return_time(call, tplfuncs_now(context_of(call)), ret);
}

static bool fn_since(TPL_ARGS)
{
    struct gotime now = tplfuncs_now(context_of(call));
    *ret = tpl_dur(gotime_sub(&now, args[0].obj));
    return true;
}

static bool fn_date(TPL_ARGS)
{
    struct buf text = TPL_RESULT(call);
    buf_put_gotime(&text, args[1].obj, args[0].s);
    return tpl_return(&text, ret, err);
}

static bool fn_tz(TPL_ARGS)
{
    const struct tplfuncs_context *c = context_of(call);
    str name = args[0].s;
    const struct gotime *t = args[1].obj;
    if (name.n == 0 || str_eq(name, S("UTC")))
        return return_time(call, gotime_in(*t, NULL), ret);
    if (str_eq(name, S("Local"))) {
        struct gotime local = gotime_in(*t, c->local);
        local.is_local = true;
        return return_time(call, local, ret);
    }
    if (!tzone_name_is_valid(name))
        return err_set(err, ERR_INVALID, "time: invalid location name");
    const struct tzone *zone = c->find_zone ? c->find_zone(c->owner, name) : NULL;
    if (!zone)
        return err_set(err, ERR_NOT_FOUND, "unknown time zone %.*s", STR(name));
    return return_time(call, gotime_in(*t, zone), ret);
}

static bool fn_must_to_date(TPL_ARGS)
{
    struct gotime t;
    return gotime_parse(args[0].s, args[1].s, call->mem, &t, err) && return_time(call, t, ret);
}

static bool fn_to_date(TPL_ARGS)
{
    struct gotime t;
    if (!gotime_parse(args[0].s, args[1].s, call->mem, &t, NULL))
        t = gotime_zero();
    return return_time(call, t, ret);
}

static bool to_seconds(const struct tpl_value *v, double *ret, struct err *err)
{
    if (v->type == &TPL_F64)
        *ret = v->f;
    else if (v->type == &TPL_INT || v->type == &TPL_INT64)
        *ret = (double)v->i;
    else if (v->type == &TPL_UINT || v->type == &TPL_UINT64)
        *ret = (double)v->u;
    else if (v->type == &TPL_DURATION)
        *ret = dur_to_seconds(v->i);
    else if (v->type == &TPL_STRING)
        return gofmt_parse_f64(v->s, ret, err);
    else {
        defer(buf_done) struct buf name = {0};
        tpl_put_type_name(&name, v);
        return err_set(err, ERR_INVALID, "can't convert %.*s to float", STR(buf_str(&name)));
    }
    return true;
}

static bool fn_humanize_duration(TPL_ARGS)
{
    double seconds = 0;
    if (!to_seconds(&args[0], &seconds, err))
        return false;
    struct buf text = TPL_RESULT(call);
    buf_put_humanized_duration(&text, seconds);
    return tpl_return(&text, ret, err);
}

// ---- route labels -----------------------------------------------------------------------------

// A route label rendered on demand, or being rendered: then asking for it again is a cycle.
struct tplfuncs_route_label {
    struct tplfuncs_route_label *next; // newest first
    str name, text;
    bool is_done;
};

static bool fail_cycle(const struct tplfuncs_route_label *newest, str name, struct err *err)
{
    defer(buf_done) struct buf path = {0};
    buf_put(&path, name);
    for (const struct tplfuncs_route_label *l = newest; l; l = l->next) {
        if (l->is_done)
            continue;
        defer(buf_done) struct buf longer = {0};
        buf_put(&longer, l->name);
        buf_put(&longer, S(" -> "));
        buf_put(&longer, buf_str(&path));
        buf_clear(&path);
        buf_put(&path, buf_str(&longer));
        if (str_eq(l->name, name))
            break;
    }
    return err_set(err, ERR_INVALID, "route label cycle detected: %.*s", STR(buf_str(&path)));
}

static bool fn_route_labels(TPL_ARGS)
{
    struct tplfuncs_context *c = call->context;
    const struct tpldata *d = tpldata_of(tpl_call_data(call));
    str name = args[0].s;
    str text = d ? tplkv_get(&d->route_labels, name) : S("");
    *ret = tpl_str(text);
    if (!d || d->are_route_labels_rendered || text.n == 0 || !c)
        return true;
    for (const struct tplfuncs_route_label *l = c->route_labels; l; l = l->next) {
        if (!str_eq(l->name, name))
            continue;
        if (!l->is_done)
            return fail_cycle(c->route_labels, name, err);
        *ret = tpl_str(l->text);
        return true;
    }
    struct tplfuncs_route_label *label = arena_new(call->mem, struct tplfuncs_route_label);
    *label =
        (struct tplfuncs_route_label){.next = c->route_labels, .name = arena_str(call->mem, name)};
    c->route_labels = label;
    struct buf out = TPL_RESULT(call);
    if (!tpl_call_render(call, text, &out, err) || !tpl_return(&out, ret, err))
        return false;
    label->text = ret->s;
    label->is_done = true;
    return true;
}

// ---- the table --------------------------------------------------------------------------------

#define NAME(text) .name = {text, sizeof(text) - 1}
#define TEXT       &TPL_STRING

static const struct tpl_func FUNCS[] = {
    {NAME("append"), .params = {&TPL_ANYS}, .variadic = &TPL_ANY, .call = fn_append},
    {NAME("base64decode"), .params = {TEXT}, .call = fn_base64decode},
    {NAME("base64encode"), .params = {TEXT}, .call = fn_base64encode},
    {NAME("date"), .params = {TEXT, &TPL_TIME}, .call = fn_date},
    {NAME("dict"), .variadic = &TPL_ANY, .call = fn_dict},
    {NAME("humanizeDuration"), .params = {&TPL_ANY}, .call = fn_humanize_duration},
    {NAME("join"), .params = {TEXT, &TPL_STRINGS}, .call = fn_join},
    {NAME("list"), .variadic = &TPL_ANY, .call = fn_list},
    {NAME("match"), .params = {TEXT, TEXT}, .call = fn_match},
    {NAME("mustToDate"), .params = {TEXT, TEXT}, .call = fn_must_to_date},
    {NAME("now"), .call = fn_now},
    {NAME("reReplaceAll"), .params = {TEXT, TEXT, TEXT}, .call = fn_re_replace_all},
    {NAME("routeLabels"), .params = {TEXT}, .call = fn_route_labels},
    {NAME("safeHtml"), .params = {TEXT}, .call = fn_safe_html},
    {NAME("safeUrl"), .params = {TEXT}, .call = fn_safe_url},
    {NAME("since"), .params = {&TPL_TIME}, .call = fn_since},
    {NAME("stringSlice"), .variadic = TEXT, .call = fn_string_slice},
    {NAME("title"), .params = {TEXT}, .call = fn_title},
    {NAME("toDate"), .params = {TEXT, TEXT}, .call = fn_to_date},
    {NAME("toJson"), .params = {&TPL_ANY}, .call = fn_to_json},
    {NAME("toLower"), .params = {TEXT}, .call = fn_to_lower},
    {NAME("toUpper"), .params = {TEXT}, .call = fn_to_upper},
    {NAME("trimSpace"), .params = {TEXT}, .call = fn_trim_space},
    {NAME("tz"), .params = {TEXT, &TPL_TIME}, .call = fn_tz},
    {NAME("urlUnescape"), .params = {TEXT}, .call = fn_url_unescape},
};

const struct tpl_funcs TPLFUNCS = {FUNCS, ARRAY_LEN(FUNCS)};

struct tpl_set *tplfuncs_set_new(bool is_html)
{
    return tpl_set_new(&(struct tpl_options){.is_html = is_html,
                                             .missing_key = TPL_MISSING_ZERO,
                                             .tables = &TPLFUNCS,
                                             .table_count = 1});
}
