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

// Eight bytes at a time: ROWS[k][n] is what byte n, followed by k zero bytes, does to the checksum.
// That is linear, so eight constants make a row: those of its single bits.
#define CRC_BIT(n, b, x) ((n) >> (b)&1 ? (x) : 0u)
#define CRC_AT(n, a, b, c, d, e, f, g, h)                                                          \
    CRC_BIT(n, 0, a) ^ CRC_BIT(n, 1, b) ^ CRC_BIT(n, 2, c) ^ CRC_BIT(n, 3, d) ^ CRC_BIT(n, 4, e) ^ \
        CRC_BIT(n, 5, f) ^ CRC_BIT(n, 6, g) ^ CRC_BIT(n, 7, h)
#define CRC_4(n, ...)                                                                              \
    CRC_AT((n), __VA_ARGS__), CRC_AT((n) + 1, __VA_ARGS__), CRC_AT((n) + 2, __VA_ARGS__),          \
        CRC_AT((n) + 3, __VA_ARGS__)
#define CRC_16(n, ...)                                                                             \
    CRC_4((n), __VA_ARGS__), CRC_4((n) + 4, __VA_ARGS__), CRC_4((n) + 8, __VA_ARGS__),             \
        CRC_4((n) + 12, __VA_ARGS__)
#define CRC_64(n, ...)                                                                             \
    CRC_16((n), __VA_ARGS__), CRC_16((n) + 16, __VA_ARGS__), CRC_16((n) + 32, __VA_ARGS__),        \
        CRC_16((n) + 48, __VA_ARGS__)
#define CRC_ROW(...)                                                                               \
    {                                                                                              \
        CRC_64(0, __VA_ARGS__), CRC_64(64, __VA_ARGS__), CRC_64(128, __VA_ARGS__),                 \
            CRC_64(192, __VA_ARGS__)                                                               \
    }

uint32_t crc32_ieee(uint32_t crc, str s)
{
    static const uint32_t ROWS[8][256] = {
        CRC_ROW(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832, 0x1db71064, 0x3b6e20c8, 0x76dc4190,
                0xedb88320),
        CRC_ROW(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08, 0x4ac21251, 0x958424a2, 0xf0794f05,
                0x3b83984b),
        CRC_ROW(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8, 0x1c26a370, 0x384d46e0, 0x709a8dc0,
                0xe1351b80),
        CRC_ROW(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef, 0x5019579f, 0xa032af3e, 0x9b14583d,
                0xed59b63b),
        CRC_ROW(0x3d6029b0, 0x7ac05360, 0xf580a6c0, 0x30704bc1, 0x60e09782, 0xc1c12f04, 0x58f35849,
                0xb1e6b092),
        CRC_ROW(0xcb5cd3a5, 0x4dc8a10b, 0x9b914216, 0xec53826d, 0x03d6029b, 0x07ac0536, 0x0f580a6c,
                0x1eb014d8),
        CRC_ROW(0xa6770bb4, 0x979f1129, 0xf44f2413, 0x33ef4e67, 0x67de9cce, 0xcfbd399c, 0x440b7579,
                0x8816eaf2),
        CRC_ROW(0xccaa009e, 0x4225077d, 0x844a0efa, 0xd3e51bb5, 0x7cbb312b, 0xf9766256, 0x299dc2ed,
                0x533b85da),
    };
    const uint8_t *p = (const uint8_t *)(s.p ? s.p : ""), *end = p + s.n;
    crc = ~crc;
    for (; end - p >= 8; p += 8) {
        crc ^= p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        crc = ROWS[7][crc & 0xff] ^ ROWS[6][crc >> 8 & 0xff] ^ ROWS[5][crc >> 16 & 0xff] ^
              ROWS[4][crc >> 24] ^ ROWS[3][p[4]] ^ ROWS[2][p[5]] ^ ROWS[1][p[6]] ^ ROWS[0][p[7]];
    }
    for (; p < end; p++)
        crc = crc >> 8 ^ ROWS[0][(crc ^ *p) & 0xff];
    return ~crc;
}
