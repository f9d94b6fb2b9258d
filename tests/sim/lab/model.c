// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/lab/model.h"

#include <math.h>
#include <stdlib.h>

#include "base/core/alloc.h"
#include "base/core/rand.h"
#include "gossip/broadcast.h"

#define TICK_S    0.2
#define FANOUT    3
#define TICKS_MAX 60

// ---- detection -----------------------------------------------------------------------------

// a_k: that k successive probes of one observer with m targets all miss one given target.
static double probe_miss(size_t m, size_t k, enum probe_order order)
{
    double d = (double)m, sum = 0;
    if (order == PROBE_AT_RANDOM)
        return pow(1 - 1 / d, (double)k);
    for (size_t s = 0; s < m; s++) {
        if (k <= m - s)
            sum += 1 - (double)k / d;
        else
            sum += (double)s / d * MAX(0.0, 1 - (double)(k - (m - s)) / d);
    }
    return sum / d;
}

double model_detect_periods(size_t n, enum probe_order order)
{
    double sum = 0, term = 1;
    for (size_t k = 0; term > 1e-12; k++) {
        term = pow(probe_miss(n - 1, k, order), (double)(n - 1));
        sum += term;
    }
    return sum;
}

double model_detect_start(size_t n, enum probe_order order)
{
    double sum = 0, a = 1;
    for (size_t k = 1; pow(a, (double)n) > 1e-12; k++) {
        double next = probe_miss(n - 1, k, order);
        sum += (pow(a, (double)n) - pow(next, (double)n)) / ((double)n * (a - next));
        a = next;
    }
    return sum;
}

// ---- dissemination -------------------------------------------------------------------------

struct spread_run {
    size_t n;
    unsigned limit;
    double loss;
    struct rand rand;
    double *phase;  // of each member, sorted
    unsigned *sent; // how often it has sent the update
    bool *is_holder;
    double t[3]; // when 50 %, 99 %, all had it; < 0: never
    size_t holders;
};

static const double SHARES[3] = {0.5, 0.99, 1};

static void run_take(struct spread_run *r, size_t i, double at)
{
    r->is_holder[i] = true;
    r->holders++;
    for (size_t k = 0; k < 3; k++) {
        if (r->t[k] < 0 && r->holders >= (size_t)ceil(SHARES[k] * (double)r->n))
            r->t[k] = at;
    }
}

// One tick of one member: to distinct others, until the transmissions are used up.
static void run_tick(struct spread_run *r, size_t i, double at, bool *is_new)
{
    size_t chosen[FANOUT], count = 0;
    size_t fanout = MIN(FANOUT, r->n - 1);
    while (count < fanout && r->sent[i] < r->limit) {
        size_t to = rand_below(&r->rand, r->n);
        bool is_taken = to == i;
        for (size_t k = 0; k < count; k++)
            is_taken |= chosen[k] == to;
        if (is_taken)
            continue;
        chosen[count++] = to;
        r->sent[i]++;
        if (r->is_holder[to] || rand_unit(&r->rand) < r->loss)
            continue;
        if (is_new)
            is_new[to] = true; // it has it from the next tick on
        else
            run_take(r, to, at);
    }
}

static void run_round(struct spread_run *r, size_t round, bool is_in_step, bool *is_new)
{
    double at = ((double)round + 1) * TICK_S;
    memset(is_new, 0, r->n * sizeof(*is_new));
    for (size_t i = 0; i < r->n; i++) {
        if (r->is_holder[i])
            run_tick(r, i, is_in_step ? at : at - TICK_S + r->phase[i], is_in_step ? is_new : NULL);
    }
    for (size_t i = 0; is_in_step && i < r->n; i++) {
        if (is_new[i] && !r->is_holder[i])
            run_take(r, i, at);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void run_begin(struct spread_run *r)
{
    r->holders = 0;
    r->t[0] = r->t[1] = r->t[2] = -1;
    memset(r->sent, 0, r->n * sizeof(*r->sent));
    memset(r->is_holder, 0, r->n * sizeof(*r->is_holder));
    for (size_t i = 0; i < r->n; i++)
        r->phase[i] = rand_unit(&r->rand) * TICK_S;
    qsort(r->phase, r->n, sizeof(*r->phase), by_value);
    run_take(r, rand_below(&r->rand, r->n), 0);
}

struct model_spread model_spread(size_t n, double loss_percent, bool is_in_step, unsigned runs,
                                 uint64_t seed)
{
    struct spread_run r = {.n = n, .limit = broadcast_limit(FANOUT, n), .loss = loss_percent / 100};
    double sums[3] = {0}, counts[3] = {0}, missed = 0;
    rand_seed(&r.rand, seed);
    r.phase = mem_zalloc(n * sizeof(*r.phase));
    r.sent = mem_zalloc(n * sizeof(*r.sent));
    r.is_holder = mem_zalloc(n * sizeof(*r.is_holder));
    bool *is_new = mem_zalloc(n * sizeof(*is_new));
    for (unsigned run = 0; run < runs; run++) {
        run_begin(&r);
        for (size_t round = 0; round < TICKS_MAX && r.holders < n; round++)
            run_round(&r, round, is_in_step, is_new);
        for (size_t k = 0; k < 3; k++) {
            sums[k] += MAX(0.0, r.t[k]);
            counts[k] += r.t[k] >= 0;
        }
        missed += (double)(n - r.holders);
    }
    mem_free(r.phase);
    mem_free(r.sent);
    mem_free(r.is_holder);
    mem_free(is_new);
    return (struct model_spread){
        .t50 = sums[0] / MAX(1.0, counts[0]),
        .t99 = sums[1] / MAX(1.0, counts[1]),
        .t100 = sums[2] / MAX(1.0, counts[2]),
        .missed_percent = 100 * missed / (double)runs / (double)(n - 1),
    };
}
