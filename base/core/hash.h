// SPDX-License-Identifier: Apache-2.0
// hash.h: three hashes with three jobs.
//
// hash_seeded: for tables; keyed, so that clients who choose the keys cannot make them collide.
// fnv1a64 and xxh64: where files, packets and APIs show them.
#pragma once
#include "base/core/str.h"

// SipHash-1-3 (Aumasson, Bernstein 2012) with a 64-bit seed used for both key halves.
uint64_t hash_seeded(uint64_t seed, str s);

// Mixes the bits of a number or of several hashes into a table hash.
uint64_t hash_mix(uint64_t a, uint64_t b);

// FNV-1a, 64 bit. Feed pieces one after another, starting with FNV1A64_INIT.
#define FNV1A64_INIT 14695981039346656037ULL
uint64_t fnv1a64(uint64_t hash, str s);
static inline uint64_t fnv1a64_byte(uint64_t hash, uint8_t byte)
{
    return (hash ^ byte) * 1099511628211ULL;
}

// xxHash64 with seed 0, streamed so that pieces need not be joined first.
struct xxh64 {
    uint64_t lane[4];
    uint8_t tail[32];
    size_t tail_bytes;
    uint64_t total_bytes;
};

void xxh64_init(struct xxh64 *x);
void xxh64_update(struct xxh64 *x, str s);
uint64_t xxh64_digest(const struct xxh64 *x);
uint64_t xxh64(str s);

// CRC-32 as in zlib (IEEE 802.3, reflected). Start with crc = 0; pieces may follow each other.
uint32_t crc32_ieee(uint32_t crc, str s);
