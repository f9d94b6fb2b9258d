// SPDX-License-Identifier: Apache-2.0
#include "base/text/cursor.h"
#include "tests/support/cases.h"
#include "tests/unit/gossip/still.h"

static str vsn_of(const cJSON *v, struct arena *mem)
{
    const cJSON *vsn = case_get(v, "vsn"), *byte;
    char *bytes = arena_alloc(mem, 16);
    size_t n = 0;
    cJSON_ArrayForEach(byte, vsn)
    {
        if (n < 16)
            bytes[n++] = (char)byte->valueint;
    }
    return str_from(bytes, n);
}

static str addr_of(const cJSON *v, struct arena *mem)
{
    struct addr a = {0};
    addr_parse_ip(case_get_text(v, "addr", mem), &a);
    return arena_str(mem, addr_bytes(&a));
}

static int64_t state_named(str name)
{
    return str_eq(name, S("alive"))     ? MEMBER_ALIVE
           : str_eq(name, S("suspect")) ? MEMBER_SUSPECT
           : str_eq(name, S("dead"))    ? MEMBER_DEAD
                                        : MEMBER_LEFT;
}

static struct msg_alive alive_of(const cJSON *v, struct arena *mem)
{
    return (struct msg_alive){
        (uint32_t)case_get_i64(v, "incarnation"), case_get_text(v, "node", mem), addr_of(v, mem),
        (uint16_t)case_get_i64(v, "port"),        case_get_text(v, "meta", mem), vsn_of(v, mem)};
}

static struct msg_suspect suspect_of(const cJSON *v, struct arena *mem)
{
    return (struct msg_suspect){(uint32_t)case_get_i64(v, "incarnation"),
                                case_get_text(v, "node", mem), case_get_text(v, "from", mem)};
}

static void merge(struct still *w, const cJSON *table, struct arena *mem)
{
    size_t count = (size_t)cJSON_GetArraySize(table), i = 0;
    struct msg_state *states = arena_array(mem, struct msg_state, count);
    const cJSON *v;
    cJSON_ArrayForEach(v, table)
    {
        states[i++] = (struct msg_state){
            .name = case_get_text(v, "name", mem),
            .addr = addr_of(v, mem),
            .port = (uint16_t)case_get_i64(v, "port"),
            .meta = case_get_text(v, "meta", mem),
            .incarnation = (uint32_t)case_get_i64(v, "incarnation"),
            .state = state_named(case_get_text(v, "state", mem)),
            .vsn = vsn_of(v, mem),
        };
    }
    swim_merge(w->swim, states, count, NULL);
}

static const char *check_table(struct still *w, const cJSON *table, struct arena *mem)
{
    const struct members *all = &w->swim->members;
    if ((size_t)cJSON_GetArraySize(table) != all->count)
        return case_fail(mem, "%zu members", all->count);
    const cJSON *v;
    cJSON_ArrayForEach(v, table)
    {
        const struct member *m = members_find(all, str_c(v->string));
        if (!m)
            return case_fail(mem, "no member %s", v->string);
        if (m->state != (enum member_state)state_named(case_get_text(v, "state", mem)))
            return case_fail(mem, "%s is in state %d", v->string, m->state);
        if (m->incarnation != case_get_i64(v, "incarnation"))
            return case_fail(mem, "%s has incarnation %u", v->string, m->incarnation);
        if (!str_eq(addr_bytes(&m->addr), addr_of(v, mem)) ||
            m->addr.port != case_get_i64(v, "port"))
            return case_fail(mem, "%s has another address", v->string);
        if (!str_eq(m->meta, case_get_text(v, "meta", mem)))
            return case_fail(mem, "%s has another meta", v->string);
        if (!str_eq(str_from(m->vsn, VSN_BYTES), vsn_of(v, mem)))
            return case_fail(mem, "%s has another vsn", v->string);
    }
    return NULL;
}

// The queued messages with an id above `since`, oldest first, are what this step sent.
static const char *check_sent(struct still *w, const cJSON *sent, struct arena *mem)
{
    struct broadcast_queue *q = &w->swim->queue;
    if ((size_t)cJSON_GetArraySize(sent) != q->count)
        return case_fail(mem, "%zu messages queued", q->count);
    const cJSON *v;
    cJSON_ArrayForEach(v, sent)
    {
        defer(buf_done) struct buf want = {0};
        str type = case_get_text(v, "type", mem);
        if (str_eq(type, S("alive"))) {
            struct msg_alive a = alive_of(v, mem);
            message_put(&want, MSG_ALIVE, &a);
        } else {
            struct msg_suspect s = suspect_of(v, mem);
            message_put(&want, str_eq(type, S("dead")) ? MSG_DEAD : MSG_SUSPECT, &s);
        }
        size_t i = 0;
        while (i < q->count && !str_eq(broadcast_message_at(q, i), buf_str(&want)))
            i++;
        if (i == q->count)
            return case_fail(mem, "not queued: %.*s of %.*s", STR(type),
                             STR(case_get_text(v, "node", mem)));
    }
    return NULL;
}

static const char *check_events(struct still *w, const cJSON *events, struct arena *mem)
{
    defer(buf_done) struct buf want = {0};
    const cJSON *v;
    cJSON_ArrayForEach(v, events)
        buf_printf(&want, "%s %s\n", v->child->string, v->child->valuestring);
    if (!str_eq(buf_str(&want), buf_str(&w->events)))
        return case_fail(mem, "events: %.*s", STR(buf_str(&w->events)));
    return NULL;
}

static const char *run_step(struct still *w, const cJSON *step, struct arena *mem)
{
    buf_clear(&w->events);
    broadcast_prune(&w->swim->queue, 0);
    if (case_get(step, "alive")) {
        struct msg_alive a = alive_of(case_get(step, "alive"), mem);
        swim_alive(w->swim, &a);
    } else if (case_get(step, "suspect")) {
        struct msg_suspect s = suspect_of(case_get(step, "suspect"), mem);
        swim_suspect(w->swim, &s);
    } else if (case_get(step, "dead")) {
        struct msg_suspect s = suspect_of(case_get(step, "dead"), mem);
        swim_dead(w->swim, &s);
    } else {
        merge(w, case_get(step, case_get(step, "push") ? "push" : "merge"), mem);
    }
    const char *failure = check_table(w, case_get(step, "table"), mem);
    if (!failure)
        failure = check_sent(w, case_get(step, "sent"), mem);
    if (!failure)
        failure = check_events(w, case_get(step, "events"), mem);
    if (!failure && w->swim->awareness != case_get_i64(step, "health"))
        failure = case_fail(mem, "health %u", w->swim->awareness);
    return failure;
}

static size_t skipped;

static bool has_short_vsn(const cJSON *v)
{
    const cJSON *child;
    if (v->string && strcmp(v->string, "vsn") == 0 && cJSON_GetArraySize(v) < VSN_BYTES)
        return true;
    cJSON_ArrayForEach(child, v)
    {
        if (has_short_vsn(child))
            return true;
    }
    return false;
}

static const char *run(const cJSON *c, struct arena *mem)
{
    // Nobody in such a cluster sends fewer than six version numbers; here they are always refused.
    if (!case_get_bool(c, "need_vsn") && has_short_vsn(case_get(c, "steps"))) {
        skipped++;
        return NULL;
    }
    struct still *w = still_new("self", "127.0.0.1:9094");
    const char *failure = NULL;
    size_t i = 0;
    const cJSON *step;
    cJSON_ArrayForEach(step, case_get(c, "steps"))
    {
        failure = run_step(w, step, mem);
        if (failure) {
            failure = case_fail(mem, "step %zu: %s", i, failure);
            break;
        }
        i++;
    }
    still_free(w);
    return failure;
}

static void members(void **state)
{
    (void)state;
    case_file_run("ml-members", run);
    print_message("ml-members: %zu cases skipped: version numbers are mandatory here\n", skipped);
}

int test_ml_members(void);
int test_ml_members(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(members)};
    return run_group("ml-members", tests);
}
