// SPDX-License-Identifier: Apache-2.0
// Decisions about one silence, without the store.
#include "alertmanager/silence.h"
#include "base/core/utf8.h"
#include "base/text/pb.h"
#include "base/text/unicode.h"

enum silence_state silence_state(const struct silence *s, time_ns now)
{
    if (now < s->starts_at)
        return SILENCE_PENDING;
    return now > s->ends_at ? SILENCE_EXPIRED : SILENCE_ACTIVE;
}

str silence_state_str(enum silence_state state)
{
    switch (state) {
    case SILENCE_ACTIVE:
        return S("active");
    case SILENCE_PENDING:
        return S("pending");
    case SILENCE_EXPIRED:
        return S("expired");
    }
    return S("");
}

bool silence_matches(const struct silence *s, const struct labels *l)
{
    if (s->is_inert)
        return false;
    for (size_t i = 0; i < s->set_count; i++) {
        if (matchers_match(&s->sets[i], l))
            return true;
    }
    return false;
}

static bool has_matcher(const struct silence *s, const struct matcher *wanted)
{
    for (size_t i = 0; i < s->set_count; i++) {
        for (size_t k = 0; k < s->sets[i].count; k++) {
            if (matcher_eq(&s->sets[i].items[k], wanted))
                return true;
        }
    }
    return false;
}

bool silence_has_matchers(const struct silence *s, const struct matchers *filter)
{
    for (size_t i = 0; i < filter->count; i++) {
        if (!has_matcher(s, &filter->items[i]))
            return false;
    }
    return true;
}

// ---- listings -----------------------------------------------------------------------------------

struct listed {
    const struct silence *silence;
    enum silence_state state;
    size_t at; // place before: sorting is stable
};

static int time_cmp(time_ns a, time_ns b)
{
    return (a > b) - (a < b);
}

static int listed_cmp(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    int order = (int)x->state - (int)y->state;
    if (order == 0) {
        switch (x->state) {
        case SILENCE_ACTIVE:
            order = time_cmp(x->silence->ends_at, y->silence->ends_at);
            break;
        case SILENCE_PENDING:
            order = time_cmp(x->silence->starts_at, y->silence->starts_at);
            break;
        case SILENCE_EXPIRED:
            order = time_cmp(y->silence->ends_at, x->silence->ends_at);
            break;
        }
    }
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

void silences_sort_for_list(const struct silence **items, size_t count, time_ns now)
{
    if (count < 2)
        return;
    struct arena mem = {0};
    struct listed *listed = arena_array(&mem, struct listed, count);
    for (size_t i = 0; i < count; i++)
        listed[i] = (struct listed){items[i], silence_state(items[i], now), i};
    qsort(listed, count, sizeof(*listed), listed_cmp);
    for (size_t i = 0; i < count; i++)
        items[i] = listed[i].silence;
    arena_done(&mem);
}

// ---- updates in place ---------------------------------------------------------------------------

static bool sets_are_equal(const struct silence *s, const struct silence_input *in)
{
    if (s->set_count != in->set_count)
        return false;
    for (size_t i = 0; i < s->set_count; i++) {
        if (s->sets[i].count != in->sets[i].count)
            return false;
        for (size_t k = 0; k < s->sets[i].count; k++) {
            const struct matcher *have = &s->sets[i].items[k];
            const struct silence_matcher *want = &in->sets[i].items[k];
            if (have->op != want->op || !str_eq(have->name, want->name) ||
                !str_eq(have->value, want->value))
                return false;
        }
    }
    return true;
}

static bool is_same_second(time_ns a, time_ns b)
{
    int64_t a_seconds, b_seconds;
    int32_t nanos;
    pb_time_split(a, &a_seconds, &nanos);
    pb_time_split(b, &b_seconds, &nanos);
    return a_seconds == b_seconds;
}

bool silence_can_update(const struct silence *s, const struct silence_input *in, time_ns now)
{
    if (!sets_are_equal(s, in))
        return false;
    switch (silence_state(s, now)) {
    case SILENCE_ACTIVE:
        return is_same_second(s->starts_at, in->starts_at) && in->ends_at >= now;
    case SILENCE_PENDING:
        return in->starts_at >= now;
    case SILENCE_EXPIRED:
        return false;
    }
    return false;
}

// ---- validation ---------------------------------------------------------------------------------

static bool invalid_quoted(struct err *err, const char *what, str text)
{
    defer(buf_done) struct buf quoted = {0};
    buf_put_quoted(&quoted, text);
    return err_set(err, ERR_INVALID, "%s %.*s", what, STR(buf_str(&quoted)));
}

static bool set_invalid(struct err *err)
{
    if (err)
        err->code = ERR_INVALID;
    return false;
}

// ret_matches_empty: = with the empty value and =~ that matches it. Negative ones never count.
static bool check_regex(const struct silence_matcher *m, bool *ret_matches_empty, struct err *err)
{
    struct regex *regex = regex_new(m->value, REGEX_SEARCH, err); // texts show it without anchors
    if (!regex) {
        defer(buf_done) struct buf quoted = {0};
        buf_put_quoted(&quoted, m->value);
        err_wrap(err, "invalid regular expression %.*s", STR(buf_str(&quoted)));
        return set_invalid(err);
    }
    regex_free(regex);
    regex = regex_new(m->value, REGEX_WHOLE, err);
    if (!regex)
        return set_invalid(err);
    *ret_matches_empty = m->op == MATCH_RE && regex_matches(regex, S(""));
    regex_free(regex);
    return true;
}

static bool check_matcher(const struct silence_matcher *m, enum name_mode names,
                          bool *ret_matches_empty, struct err *err)
{
    *ret_matches_empty = false;
    if (!label_name_is_valid(names, m->name))
        return invalid_quoted(err, "invalid label name", m->name);
    switch (m->op) {
    case MATCH_EQ:
    case MATCH_NE:
        if (!utf8_is_valid(m->value))
            return invalid_quoted(err, "invalid label value", m->value);
        *ret_matches_empty = m->op == MATCH_EQ && m->value.n == 0;
        return true;
    case MATCH_RE:
    case MATCH_NRE:
        return check_regex(m, ret_matches_empty, err);
    }
    return err_set(err, ERR_INVALID, "unknown matcher type \"%d\"", (int)m->op);
}

static bool check_set(const struct silence_matcher_set *set, size_t at, enum name_mode names,
                      struct err *err)
{
    if (set->count == 0)
        return err_set(err, ERR_INVALID, "matcher set %zu is empty", at);
    bool all_match_empty = true;
    for (size_t i = 0; i < set->count; i++) {
        bool matches_empty;
        if (!check_matcher(&set->items[i], names, &matches_empty, err))
            return err_wrap(err, "invalid label matcher %zu in set %zu", i, at);
        all_match_empty &= matches_empty;
    }
    if (all_match_empty)
        return err_set(err, ERR_INVALID,
                       "matcher set %zu: at least one matcher must not match the empty string", at);
    return true;
}

static bool check_texts(const struct silence_input *in, struct err *err)
{
    bool is_valid = utf8_is_valid(in->created_by) && utf8_is_valid(in->comment);
    for (size_t i = 0; i < in->annotation_count; i++)
        is_valid &=
            utf8_is_valid(in->annotations[i].key) && utf8_is_valid(in->annotations[i].value);
    return is_valid || err_set(err, ERR_INVALID, "author, comment or annotations are not UTF-8");
}

bool silence_check(const struct silence_input *in, enum name_mode names, struct err *err)
{
    if (in->set_count == 0)
        return err_set(err, ERR_INVALID, "at least one matcher set required");
    size_t total = 0;
    for (size_t i = 0; i < in->set_count; i++)
        total += in->sets[i].count;
    if (total > SILENCE_MATCHERS_MAX)
        return err_set(err, ERR_INVALID, "too many matchers: %zu (limit: %d)", total,
                       SILENCE_MATCHERS_MAX);
    for (size_t i = 0; i < in->set_count; i++) {
        if (!check_set(&in->sets[i], i, names, err))
            return false;
    }
    if (in->starts_at == TIME_UNSET)
        return err_set(err, ERR_INVALID, "invalid zero start timestamp");
    if (in->ends_at == TIME_UNSET)
        return err_set(err, ERR_INVALID, "invalid zero end timestamp");
    if (in->ends_at < in->starts_at)
        return err_set(err, ERR_INVALID, "end time must not be before start time");
    return check_texts(in, err);
}
