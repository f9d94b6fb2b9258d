// SPDX-License-Identifier: Apache-2.0
#include "base/text/cursor.h"
#include "gossip/broadcast.h"
#include "tests/support/cases.h"

struct finished {
    struct arena *mem;
    str messages[1000];
    size_t count;
};

static void on_finished(void *owner, str name, str message)
{
    (void)name;
    struct finished *f = owner;
    if (f->count < ARRAY_LEN(f->messages))
        f->messages[f->count++] = arena_str(f->mem, message);
}

// Upstream numbers its entries anew whenever the queue is empty for a moment, even while a packet's
// messages are taken out of it: an old entry then counts as newer than what follows. That is not
// copied; from there on only the lengths are compared. Two entries of one length can get one
// number, too, and then upstream loses the one: such a case ends there.
static bool has_been_empty;

static struct {
    str message;
    unsigned number;
} numbered[1000]; // all messages of a case, as upstream numbers them
static size_t numbered_count;
static unsigned last_number;

static void number(str message)
{
    assert_true(numbered_count < ARRAY_LEN(numbered));
    numbered[numbered_count].message = message;
    numbered[numbered_count++].number = ++last_number;
}

static unsigned number_of(str message)
{
    for (size_t i = numbered_count; i-- > 0;) {
        if (str_eq(numbered[i].message, message))
            return numbered[i].number;
    }
    return 0;
}

static bool is_one_lost_upstream(const struct broadcast_queue *q)
{
    for (size_t i = 0; i < q->count; i++) {
        str a = broadcast_message_at(q, i);
        for (size_t k = i + 1; k < q->count; k++) {
            str b = broadcast_message_at(q, k);
            if (a.n == b.n && number_of(a) == number_of(b))
                return true;
        }
    }
    return false;
}

static bool is_expected(str got, str want)
{
    return has_been_empty ? got.n == want.n : str_eq(got, want);
}

static struct broadcast_key key_of(const cJSON *v)
{
    return (struct broadcast_key){(uint32_t)case_get_i64(v, "transmits"),
                                  (uint32_t)case_get_i64(v, "length"),
                                  (uint64_t)case_get_i64(v, "id")};
}

static const char *check_taken(const cJSON *want, const struct parts *parts, struct arena *mem)
{
    struct cursor c = cursor_from(buf_str(&parts->bytes));
    if ((size_t)cJSON_GetArraySize(want) != parts->count)
        return case_fail(mem, "%zu messages taken", parts->count);
    size_t i = 0;
    const cJSON *message;
    cJSON_ArrayForEach(message, want)
    {
        str got = cursor_bytes(&c, parts->part_bytes[i++]);
        if (!is_expected(got, case_text(message, mem)))
            return case_fail(mem, "took %.*s", STR(got));
    }
    return NULL;
}

static const char *check_order(const cJSON *order, const struct broadcast_queue *q,
                               struct arena *mem)
{
    size_t i = q->count; // the cases list what is sent last first
    const cJSON *message;
    cJSON_ArrayForEach(message, order)
    {
        str got = broadcast_message_at(q, --i);
        if (!is_expected(got, case_text(message, mem)))
            return case_fail(mem, "in the queue: %.*s", STR(got));
    }
    return NULL;
}

static const char *check_finished(const cJSON *want, struct finished *f, struct arena *mem)
{
    if ((size_t)cJSON_GetArraySize(want) != f->count)
        return case_fail(mem, "%zu finished", f->count);
    const cJSON *message;
    cJSON_ArrayForEach(message, want)
    {
        size_t i = 0;
        while (i < f->count && !is_expected(f->messages[i], case_text(message, mem)))
            i++;
        if (i == f->count)
            return case_fail(mem, "not finished: %s", cJSON_GetStringValue(message));
        f->messages[i] = S("\x01 seen");
    }
    return NULL;
}

static const char *run_step(const cJSON *step, struct broadcast_queue *q, unsigned limit,
                            struct finished *f, struct arena *mem)
{
    const cJSON *get = case_get(step, "get");
    size_t before = q->count;
    bool was_empty; // for a moment at least
    f->count = 0;
    if (case_get(step, "queue")) {
        str message = case_get_text(step, "queue", mem);
        number(message);
        broadcast_add(q, case_get_text(step, "name", mem), message, 0);
        was_empty = q->count == 1 && f->count == 1;
    } else if (get) {
        defer(parts_done) struct parts parts = {0};
        broadcast_take(q, &parts, S(""), (size_t)case_get_i64(get, "overhead"),
                       (size_t)case_get_i64(get, "limit"), limit, (struct broadcast_target){0});
        const char *failure = check_taken(case_get(step, "messages"), &parts, mem);
        if (failure)
            return failure;
        was_empty = parts.count == before;
    } else {
        broadcast_prune(q, (size_t)case_get_i64(step, "prune"));
        was_empty = q->count == 0;
    }
    if (was_empty) {
        last_number = 0;
        has_been_empty |= q->count > 0;
    }
    if (q->count != (size_t)case_get_i64(step, "queued"))
        return case_fail(mem, "%zu queued", q->count);
    const cJSON *order = case_get(step, "order"), *done = case_get(step, "finished");
    const char *failure = order ? check_order(order, q, mem) : NULL;
    return failure || !done ? failure : check_finished(done, f, mem);
}

static const char *run(const cJSON *c, struct arena *mem)
{
    const cJSON *less = case_get(c, "less");
    if (less)
        return broadcast_key_less(key_of(less->child), key_of(less->child->next)) ==
                       case_get_bool(c, "result")
                   ? NULL
                   : "order";
    static struct finished f;
    has_been_empty = false;
    numbered_count = 0;
    last_number = 0;
    f.mem = mem;
    struct broadcast_queue q;
    broadcast_queue_init(&q, 1);
    q.on_finished = on_finished;
    q.owner = &f;
    unsigned limit =
        broadcast_limit((unsigned)case_get_i64(c, "mult"), (size_t)case_get_i64(c, "nodes"));
    const char *failure = NULL;
    size_t i = 0;
    const cJSON *step;
    cJSON_ArrayForEach(step, case_get(c, "steps"))
    {
        const cJSON *transmits = case_get(step, "transmits");
        if (transmits && transmits->valueint > 0)
            break; // entries cannot be made with a history
        failure = run_step(step, &q, limit, &f, mem);
        if (is_one_lost_upstream(&q)) {
            failure = NULL;
            break;
        }
        if (failure) {
            failure = case_fail(mem, "step %zu: %s", i, failure);
            break;
        }
        i++;
    }
    q.on_finished = NULL;
    broadcast_queue_done(&q);
    return failure;
}

static void queue(void **state)
{
    (void)state;
    case_file_run("ml-queue", run);
}

int test_ml_queue(void);
int test_ml_queue(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(queue)};
    return run_group("ml-queue", tests);
}
