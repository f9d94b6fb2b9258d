// SPDX-License-Identifier: Apache-2.0
#include "base/core/hash.h"

static uint64_t rotate_left(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

static uint64_t load64(const void *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof(x));
    return x; // the machines we build for are little-endian; see CMakeLists.txt
}

static uint32_t load32(const void *p)
{
    uint32_t x;
    memcpy(&x, p, sizeof(x));
    return x;
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate_left(v[1], 13) ^ v[0];
    v[0] = rotate_left(v[0], 32);
    v[2] += v[3];
    v[3] = rotate_left(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate_left(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate_left(v[1], 17) ^ v[2];
    v[2] = rotate_left(v[2], 32);
}

uint64_t hash_seeded(uint64_t seed, str s)
{
    uint64_t v[4] = {
        seed ^ 0x736f6d6570736575ULL,
        ~seed ^ 0x646f72616e646f6dULL,
        seed ^ 0x6c7967656e657261ULL,
        ~seed ^ 0x7465646279746573ULL,
    };
    const char *p = s.p;
    size_t left = s.n;
    for (; left >= 8; left -= 8, p += 8) {
        uint64_t word = load64(p);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)s.n << 56;
    for (size_t i = 0; i < left; i++)
        last |= (uint64_t)(uint8_t)p[i] << (8 * i);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t hash_mix(uint64_t a, uint64_t b)
{
    uint64_t z = a ^ (b + 0x9e3779b97f4a7c15ULL + (a << 6) + (a >> 2));
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

uint64_t fnv1a64(uint64_t hash, str s)
{
    for (size_t i = 0; i < s.n; i++)
        hash = fnv1a64_byte(hash, (uint8_t)s.p[i]);
    return hash;
}

#define XXH_PRIME1 0x9e3779b185ebca87ULL
#define XXH_PRIME2 0xc2b2ae3d27d4eb4fULL
#define XXH_PRIME3 0x165667b19e3779f9ULL
#define XXH_PRIME4 0x85ebca77c2b2ae63ULL
#define XXH_PRIME5 0x27d4eb2f165667c5ULL

static uint64_t xxh64_round(uint64_t lane, uint64_t word)
{
    return rotate_left(lane + word * XXH_PRIME2, 31) * XXH_PRIME1;
}

void xxh64_init(struct xxh64 *x)
{
    *x = (struct xxh64){
        .lane = {XXH_PRIME1 + XXH_PRIME2, XXH_PRIME2, 0, 0 - XXH_PRIME1},
    };
}

static void xxh64_stripe(struct xxh64 *x, const void *stripe)
{
    for (size_t i = 0; i < 4; i++)
        x->lane[i] = xxh64_round(x->lane[i], load64((const char *)stripe + 8 * i));
}

void xxh64_update(struct xxh64 *x, str s)
{
    x->total_bytes += s.n;
    if (x->tail_bytes + s.n < sizeof(x->tail)) {
        if (s.n)
            memcpy(x->tail + x->tail_bytes, s.p, s.n);
        x->tail_bytes += s.n;
        return;
    }
    if (x->tail_bytes) {
        size_t fill = sizeof(x->tail) - x->tail_bytes;
        memcpy(x->tail + x->tail_bytes, s.p, fill);
        xxh64_stripe(x, x->tail);
        s = str_skip(s, fill);
    }
    for (; s.n >= sizeof(x->tail); s = str_skip(s, sizeof(x->tail)))
        xxh64_stripe(x, s.p);
    if (s.n)
        memcpy(x->tail, s.p, s.n);
    x->tail_bytes = s.n;
}

uint64_t xxh64_digest(const struct xxh64 *x)
{
    uint64_t h = XXH_PRIME5;
    if (x->total_bytes >= sizeof(x->tail)) {
        h = rotate_left(x->lane[0], 1) + rotate_left(x->lane[1], 7) + rotate_left(x->lane[2], 12) +
            rotate_left(x->lane[3], 18);
        for (size_t i = 0; i < 4; i++)
            h = (h ^ xxh64_round(0, x->lane[i])) * XXH_PRIME1 + XXH_PRIME4;
    }
    h += x->total_bytes;

    const uint8_t *p = x->tail;
    size_t left = x->tail_bytes;
    for (; left >= 8; left -= 8, p += 8)
        h = rotate_left(h ^ xxh64_round(0, load64(p)), 27) * XXH_PRIME1 + XXH_PRIME4;
    for (; left >= 4; left -= 4, p += 4)
        h = rotate_left(h ^ load32(p) * XXH_PRIME1, 23) * XXH_PRIME2 + XXH_PRIME3;
    for (; left > 0; left--, p++)
        h = rotate_left(h ^ *p * XXH_PRIME5, 11) * XXH_PRIME1;

    h = (h ^ h >> 33) * XXH_PRIME2;
    h = (h ^ h >> 29) * XXH_PRIME3;
    return h ^ h >> 32;
}

uint64_t xxh64(str s)
{
    struct xxh64 x;
    xxh64_init(&x);
    xxh64_update(&x, s);
    return xxh64_digest(&x);
}

// Four bits at a time: a table of 16 words, fast enough for packets of 1400 bytes.
uint32_t crc32_ieee(uint32_t crc, str s)
{
    static const uint32_t TABLE[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    crc = ~crc;
    for (size_t i = 0; i < s.n; i++) {
        crc ^= (uint8_t)s.p[i];
        crc = crc >> 4 ^ TABLE[crc & 15];
        crc = crc >> 4 ^ TABLE[crc & 15];
    }
    return ~crc;
}
