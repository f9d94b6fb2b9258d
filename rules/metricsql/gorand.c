// SPDX-License-Identifier: Apache-2.0
#include "rules/metricsql/gorand.h"

#include <math.h>

#define TAP       273
#define MIX       (GORAND_LENGTH - TAP) // x^607 = x^334 + 1
#define LCG_M     INT32_MAX
#define LCG_A     48271 // of the generator that fills the state (Park, Miller)
#define LCG_SKIP  20
#define ZERO_SEED 89482311

// How often Go's authors ran the generator, seeded with 1, for the numbers that every seed is mixed
// with. Running it so often is out of the question, but the recurrence is linear: the state after n
// steps is a combination of the first one, and its factors are those of x^n modulo x^607 - x^334
// - 1.
#define WARM_UP_STEPS UINT64_C(7800000000000)

static int32_t lcg(int32_t x)
{
    return (int32_t)((int64_t)x * LCG_A % LCG_M);
}

// Three numbers of the simple generator for each of the state's. shift: how far they are apart.
static void fill(uint64_t *vec, int64_t seed, int shift)
{
    seed %= LCG_M;
    if (seed < 0)
        seed += LCG_M;
    int32_t x = seed ? (int32_t)seed : ZERO_SEED;
    for (int i = 0; i < LCG_SKIP; i++)
        x = lcg(x);
    for (size_t i = 0; i < GORAND_LENGTH; i++) {
        uint64_t u = 0;
        for (int part = 2; part >= 0; part--) {
            x = lcg(x);
            u ^= (uint64_t)x << (part * shift);
        }
        vec[i] = u;
    }
}

// ---- the far end of the warm-up ----------------------------------------------------------------

struct poly { // coefficients modulo 2^64
    uint64_t c[GORAND_LENGTH];
};

static void poly_square(struct poly *p)
{
    uint64_t wide[2 * GORAND_LENGTH - 1] = {0};
    for (size_t i = 0; i < GORAND_LENGTH; i++) {
        for (size_t j = 0; j < GORAND_LENGTH; j++)
            wide[i + j] += p->c[i] * p->c[j];
    }
    for (size_t i = 2 * GORAND_LENGTH - 2; i >= GORAND_LENGTH; i--) {
        wide[i - GORAND_LENGTH] += wide[i];
        wide[i - TAP] += wide[i];
    }
    memcpy(p->c, wide, sizeof(p->c));
}

static void poly_times_x(struct poly *p)
{
    uint64_t top = p->c[GORAND_LENGTH - 1];
    memmove(p->c + 1, p->c, (GORAND_LENGTH - 1) * sizeof(*p->c));
    p->c[0] = top;
    p->c[MIX] += top;
}

static void poly_power_of_x(struct poly *p, uint64_t n)
{
    *p = (struct poly){{1}};
    for (int bit = 63 - __builtin_clzll(n); bit >= 0; bit--) {
        poly_square(p);
        if (n >> bit & 1)
            poly_times_x(p);
    }
}

// Where the value of step n stands in the state: it is filled downwards.
static size_t place_of(uint64_t n)
{
    return (size_t)((MIX + GORAND_LENGTH - n % GORAND_LENGTH) % GORAND_LENGTH);
}

static void warmed_up(uint64_t *vec)
{
    uint64_t start[GORAND_LENGTH], ordered[GORAND_LENGTH];
    fill(start, 1, 10);
    for (size_t i = 0; i < GORAND_LENGTH; i++)
        ordered[i] = start[place_of(i + 1)]; // oldest first; step 0 is the newest
    struct poly p;
    poly_power_of_x(&p, WARM_UP_STEPS);
    for (size_t i = 0; i < GORAND_LENGTH; i++) {
        uint64_t sum = 0;
        for (size_t j = 0; j < GORAND_LENGTH; j++)
            sum += p.c[j] * ordered[j];
        vec[place_of(WARM_UP_STEPS + i + 1)] = sum;
        poly_times_x(&p);
    }
}

// ---- the generator -----------------------------------------------------------------------------

void gorand_seed(struct gorand *r, int64_t seed)
{
    uint64_t warm[GORAND_LENGTH];
    warmed_up(warm);
    fill(r->vec, seed, 20);
    for (size_t i = 0; i < GORAND_LENGTH; i++)
        r->vec[i] ^= warm[i];
    r->tap = 0;
    r->feed = MIX;
}

static uint64_t next_u63(struct gorand *r)
{
    r->tap = (r->tap + GORAND_LENGTH - 1) % GORAND_LENGTH;
    r->feed = (r->feed + GORAND_LENGTH - 1) % GORAND_LENGTH;
    r->vec[r->feed] += r->vec[r->tap];
    return r->vec[r->feed] & INT64_MAX;
}

static uint32_t next_u32(struct gorand *r)
{
    return (uint32_t)(next_u63(r) >> 31);
}

double gorand_unit(struct gorand *r)
{
    double x;
    do {
        x = (double)next_u63(r) / 0x1p63;
    } while (x == 1);
    return x;
}

// ---- ziggurats ---------------------------------------------------------------------------------

// Layers of equal area under a falling curve: mostly one comparison decides.
struct ziggurat {
    uint32_t inside[256]; // below this the number lies under the curve for sure
    float width[256], height[256];
};

struct curve {
    size_t layers;
    double tail, area, scale; // where the tail begins; of a layer; of the integers compared
    double (*height)(double x);
    double (*inverse)(double y);
};

static double normal_height(double x)
{
    return exp(-0.5 * x * x);
}

static double normal_inverse(double y)
{
    return sqrt(-2 * log(y));
}

static double exponential_height(double x)
{
    return exp(-x);
}

static double exponential_inverse(double y)
{
    return -log(y);
}

static const struct curve NORMAL = {128,          3.442619855899, 9.91256303526217e-3,
                                    2147483648.0, normal_height,  normal_inverse};
static const struct curve EXPONENTIAL = {256,          7.69711747013104972, 3.949659822581572e-3,
                                         4294967296.0, exponential_height,  exponential_inverse};

static void ziggurat_init(struct ziggurat *z, const struct curve *c)
{
    double x = c->tail, above = x, base = c->area / c->height(x);
    size_t last = c->layers - 1;
    z->inside[0] = (uint32_t)(x / base * c->scale);
    z->inside[1] = 0;
    z->width[0] = (float)(base / c->scale);
    z->width[last] = (float)(x / c->scale);
    z->height[0] = 1;
    z->height[last] = (float)c->height(x);
    for (size_t i = last - 1; i > 0; i--) {
        x = c->inverse(c->area / x + c->height(x));
        z->inside[i + 1] = (uint32_t)(x / above * c->scale);
        above = x;
        z->height[i] = (float)c->height(x);
        z->width[i] = (float)(x / c->scale);
    }
}

static bool is_under(struct gorand *r, const struct ziggurat *z, size_t i, double height)
{
    float y = z->height[i] + (float)gorand_unit(r) * (z->height[i - 1] - z->height[i]);
    return y < (float)height;
}

static double normal_tail(struct gorand *r, bool is_positive)
{
    double x, y;
    do {
        x = -log(gorand_unit(r)) * (1.0 / NORMAL.tail);
        y = -log(gorand_unit(r));
    } while (y + y < x * x);
    return is_positive ? NORMAL.tail + x : -NORMAL.tail - x;
}

double gorand_normal(struct gorand *r)
{
    struct ziggurat z;
    ziggurat_init(&z, &NORMAL);
    for (;;) {
        int32_t j = (int32_t)next_u32(r);
        size_t i = (size_t)(j & 0x7f);
        double x = j * (double)z.width[i];
        uint32_t distance = j < 0 ? 0 - (uint32_t)j : (uint32_t)j;
        if (distance < z.inside[i])
            return x;
        if (i == 0)
            return normal_tail(r, j > 0);
        if (is_under(r, &z, i, normal_height(x)))
            return x;
    }
}

double gorand_exponential(struct gorand *r)
{
    struct ziggurat z;
    ziggurat_init(&z, &EXPONENTIAL);
    for (;;) {
        uint32_t j = next_u32(r);
        size_t i = j & 0xff;
        double x = j * (double)z.width[i];
        if (j < z.inside[i])
            return x;
        if (i == 0)
            return EXPONENTIAL.tail - log(gorand_unit(r));
        if (is_under(r, &z, i, exponential_height(x)))
            return x;
    }
}
