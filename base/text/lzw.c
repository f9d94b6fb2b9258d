// SPDX-License-Identifier: Apache-2.0
// Both directions follow the numbered steps of the published algorithm: the encoder's table resets
// when code 4095 would be assigned, the decoder's table freezes when all 4096 codes are.
#include "base/text/lzw.h"

enum {
    CLEAR = 256,
    END = 257,
    WIDTH_FIRST = 9,
    WIDTH_MAX = 12,
    CODES = 1 << WIDTH_MAX,
    NO_CODE = CODES, // no previous code
    // Hash table of the encoder: at most 3837 of these are used.
    PAIRS_BITS = 13,
    PAIRS = 1 << PAIRS_BITS,
};

// ---- encoder -------------------------------------------------------------------------------

struct encoder {
    struct buf *out;
    uint32_t bits; // not written yet
    unsigned bit_count;
    unsigned hi;       // last code assigned
    unsigned width;    // of the next code
    unsigned overflow; // value of hi at which width grows
    // pair (20 bits: code, byte) and the code it has (12 bits); 0: free, since codes are > 257
    uint32_t pairs[PAIRS];
};

static void encoder_reset(struct encoder *e)
{
    e->hi = END;
    e->width = WIDTH_FIRST;
    e->overflow = 1 << WIDTH_FIRST;
    memset(e->pairs, 0, sizeof(e->pairs));
}

static void encoder_put(struct encoder *e, unsigned code)
{
    e->bits |= code << e->bit_count;
    for (e->bit_count += e->width; e->bit_count >= 8; e->bit_count -= 8) {
        buf_put_c(e->out, (char)(uint8_t)e->bits);
        e->bits >>= 8;
    }
}

// The slot of a pair, or the free one where it would go.
static uint32_t *encoder_slot(struct encoder *e, uint32_t pair)
{
    uint32_t at = (pair * 2654435769u) >> (32 - PAIRS_BITS);
    while (e->pairs[at] && e->pairs[at] >> WIDTH_MAX != pair)
        at = (at + 1) & (PAIRS - 1);
    return &e->pairs[at];
}

// Accounts for the code that the decoder assigns now. False: the table was cleared instead.
static bool encoder_count_code(struct encoder *e)
{
    e->hi++;
    if (e->hi == e->overflow) {
        e->width++;
        e->overflow <<= 1;
    }
    if (e->hi != CODES - 1)
        return true;
    encoder_put(e, CLEAR);
    encoder_reset(e);
    return false;
}

void lzw_encode(str data, struct buf *out)
{
    struct encoder e = {.out = out};
    encoder_reset(&e);
    encoder_put(&e, CLEAR);
    if (data.n > 0) {
        unsigned code = (uint8_t)data.p[0];
        for (size_t i = 1; i < data.n; i++) {
            uint8_t byte = (uint8_t)data.p[i];
            uint32_t pair = code << 8 | byte;
            uint32_t *slot = encoder_slot(&e, pair);
            if (*slot) {
                code = *slot & (CODES - 1);
                continue;
            }
            encoder_put(&e, code);
            code = byte;
            if (encoder_count_code(&e))
                *slot = pair << WIDTH_MAX | e.hi;
        }
        encoder_put(&e, code);
        encoder_count_code(&e);
    }
    encoder_put(&e, END);
    if (e.bit_count > 0)
        buf_put_c(out, (char)(uint8_t)e.bits);
}

// ---- decoder -------------------------------------------------------------------------------

struct decoder {
    str in;
    size_t at;
    uint32_t bits;
    unsigned bit_count;
    unsigned hi;
    unsigned width;
    unsigned overflow;
    unsigned last; // previous code, or NO_CODE
    // What code c > END stands for: the text of prefix[c], then suffix[c]. length 0: not assigned.
    uint16_t prefix[CODES];
    uint8_t suffix[CODES];
    uint16_t length[CODES];
};

static void decoder_reset(struct decoder *d)
{
    d->hi = END;
    d->width = WIDTH_FIRST;
    d->overflow = 1 << WIDTH_FIRST;
    d->last = NO_CODE;
    memset(d->length + END + 1, 0, sizeof(d->length) - (END + 1) * sizeof(d->length[0]));
}

static bool decoder_get(struct decoder *d, unsigned *ret_code)
{
    while (d->bit_count < d->width) {
        if (d->at == d->in.n)
            return false;
        d->bits |= (uint32_t)(uint8_t)d->in.p[d->at++] << d->bit_count;
        d->bit_count += 8;
    }
    *ret_code = d->bits & ((1u << d->width) - 1);
    d->bits >>= d->width;
    d->bit_count -= d->width;
    return true;
}

// Writes the text of a code that ends right before `end`; returns its first byte.
static uint8_t decoder_expand(const struct decoder *d, unsigned code, char *end)
{
    for (; code > END; code = d->prefix[code])
        *--end = (char)d->suffix[code];
    *--end = (char)(uint8_t)code;
    return (uint8_t)code;
}

// One code that is neither CLEAR nor END. False: invalid, or the output is full.
static bool decoder_output(struct decoder *d, unsigned code, struct buf *out)
{
    bool is_next = code == d->hi && d->last != NO_CODE; // the code that this step assigns
    if (code > d->hi)
        return false;
    unsigned known = is_next ? d->last : code;
    size_t n = known < CLEAR ? 1 : d->length[known];
    if (n == 0)
        return false;
    char *to = buf_reserve(out, n + is_next);
    if (!to)
        return false;
    uint8_t first = decoder_expand(d, known, to + n);
    if (is_next)
        to[n] = (char)first;
    out->n += n + is_next;
    if (d->last != NO_CODE) {
        d->prefix[d->hi] = (uint16_t)d->last;
        d->suffix[d->hi] = first;
        d->length[d->hi] = (uint16_t)(1 + (d->last < CLEAR ? 1 : d->length[d->last]));
    }
    return true;
}

static void decoder_count_code(struct decoder *d, unsigned code)
{
    d->last = code;
    d->hi++;
    if (d->hi < d->overflow)
        return;
    if (d->width == WIDTH_MAX) {
        d->last = NO_CODE; // the table is full until the next CLEAR
        d->hi--;
        return;
    }
    d->width++;
    d->overflow = 1u << d->width;
}

bool lzw_decode(str lzw, struct buf *out, struct err *err)
{
    struct decoder d = {.in = lzw};
    decoder_reset(&d);
    for (unsigned code; decoder_get(&d, &code);) {
        if (code == END)
            return true;
        if (code == CLEAR) {
            decoder_reset(&d);
            continue;
        }
        if (!decoder_output(&d, code, out)) {
            if (out->is_full)
                return err_set(err, ERR_LIMIT, "lzw: more than %zu bytes", out->max);
            return err_set(err, ERR_SYNTAX, "lzw: invalid code");
        }
        decoder_count_code(&d, code);
    }
    return err_set(err, ERR_SYNTAX, "unexpected EOF");
}
