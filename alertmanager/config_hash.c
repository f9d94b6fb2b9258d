// SPDX-License-Identifier: Apache-2.0
// MD5 (RFC 1321): no library of ours has it, and dashboards compare this number between peers.
#include "alertmanager/config_hash.h"

#include <math.h>

struct md5 {
    uint32_t state[4];
};

static uint32_t rotate_left(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static void md5_block(struct md5 *m, const uint8_t block[64])
{
    static const uint8_t SHIFTS[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    uint32_t words[16], s[4];
    memcpy(words, block, sizeof(words));
    memcpy(s, m->state, sizeof(s));
    for (unsigned i = 0; i < 64; i++) {
        uint32_t mixed;
        unsigned word;
        if (i < 16) {
            mixed = (s[1] & s[2]) | (~s[1] & s[3]);
            word = i;
        } else if (i < 32) {
            mixed = (s[3] & s[1]) | (~s[3] & s[2]);
            word = (5 * i + 1) % 16;
        } else if (i < 48) {
            mixed = s[1] ^ s[2] ^ s[3];
            word = (3 * i + 5) % 16;
        } else {
            mixed = s[2] ^ (s[1] | ~s[3]);
            word = 7 * i % 16;
        }
        uint32_t constant = (uint32_t)(int64_t)floor(fabs(sin((double)(i + 1))) * 4294967296.0);
        uint32_t sum = s[0] + mixed + constant + words[word];
        s[0] = s[3];
        s[3] = s[2];
        s[2] = s[1];
        s[1] += rotate_left(sum, SHIFTS[i / 16][i % 4]);
    }
    for (size_t i = 0; i < 4; i++)
        m->state[i] += s[i];
}

double config_hash(str text)
{
    struct md5 m = {{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};
    uint64_t bits = (uint64_t)text.n * 8;
    const uint8_t *p = (const uint8_t *)text.p;
    size_t left = text.n;
    for (; left >= 64; left -= 64, p += 64)
        md5_block(&m, p);
    uint8_t tail[128] = {0};
    if (left)
        memcpy(tail, p, left);
    tail[left] = 0x80;
    size_t tail_bytes = left < 56 ? 64 : 128;
    memcpy(tail + tail_bytes - 8, &bits, sizeof(bits));
    for (size_t i = 0; i < tail_bytes; i += 64)
        md5_block(&m, tail + i);
    return (double)m.state[0] + (double)(m.state[1] & 0xffff) * 4294967296.0;
}
