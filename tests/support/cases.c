// SPDX-License-Identifier: Apache-2.0
#define BANNED_ALLOW_IMPURE
#include "tests/support/cases.h"

#include <math.h>
#include <stdarg.h>

#include "base/core/alloc.h"

#define FAILURES_PRINTED_MAX 20

static const char *cases_dir(void)
{
    const char *dir = getenv("CASES_DIR");
    return dir && *dir ? dir : "../shared/cases";
}

const char *case_path(struct arena *mem, const char *name)
{
    return arena_printf(mem, "%s/%s", cases_dir(), name).p;
}

static char *read_whole(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    struct buf text = {0};
    char piece[65536];
    for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
        buf_put(&text, str_from(piece, n));
    buf_put_c(&text, '\0');
    fclose(f);
    return text.p;
}

struct case_file case_file_open(const char *topic)
{
    struct case_file f = {0};
    snprintf(f.path, sizeof(f.path), "%s/%s.json", cases_dir(), topic);
    char *text = read_whole(f.path);
    if (!text) {
        print_message("SKIPPED: no case file %s\n", f.path);
        return f;
    }
    f.root = cJSON_Parse(text);
    mem_free(text);
    if (!f.root)
        fail_msg("%s is not JSON", f.path);
    const cJSON *cases = cJSON_GetObjectItemCaseSensitive(f.root, "cases");
    f.first = cases ? cases->child : NULL;
    return f;
}

void case_file_close(struct case_file *f)
{
    cJSON_Delete(f->root);
    f->root = f->first = NULL;
}

void case_file_run(const char *topic, const char *(*run)(const cJSON *c, struct arena *mem))
{
    struct case_file f = case_file_open(topic);
    if (!f.root) {
        skip();
        return;
    }
    struct arena mem = {0};
    size_t count = 0, failed = 0;
    for (const cJSON *c = f.first; c; c = c->next, count++) {
        arena_clear(&mem);
        const char *why = run(c, &mem);
        if (!why)
            continue;
        if (++failed <= FAILURES_PRINTED_MAX)
            print_error("FAILED %s: %s\n", cJSON_GetStringValue(case_get(c, "id")), why);
    }
    arena_done(&mem);
    print_message("%s: %zu cases, %zu failed\n", topic, count, failed);
    case_file_close(&f);
    if (count == 0)
        fail_msg("%s has no cases", topic);
    if (failed)
        fail_msg("%s: %zu of %zu cases failed", topic, failed, count);
}

const cJSON *case_get(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static int base64_digit(char c)
{
    static const char ALPHABET[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(ALPHABET, c) : NULL;
    return at ? (int)(at - ALPHABET) : -1;
}

static str base64_text(str s, struct arena *mem)
{
    char *out = arena_alloc(mem, s.n);
    size_t n = 0;
    uint32_t bits = 0;
    int bit_count = 0;
    for (size_t i = 0; i < s.n && base64_digit(s.p[i]) >= 0; i++) {
        bits = bits << 6 | (uint32_t)base64_digit(s.p[i]);
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            out[n++] = (char)(bits >> bit_count);
        }
    }
    return str_from(out, n);
}

str case_text(const cJSON *v, struct arena *mem)
{
    const cJSON *encoded = cJSON_IsObject(v) ? case_get(v, "$b64") : NULL;
    if (encoded)
        return base64_text(str_c(encoded->valuestring), mem);
    return arena_str(mem, str_c(cJSON_GetStringValue(v)));
}

str case_get_text(const cJSON *object, const char *key, struct arena *mem)
{
    return case_text(case_get(object, key), mem);
}

str case_get_hex(const cJSON *object, const char *key, struct arena *mem)
{
    str hex = str_c(cJSON_GetStringValue(case_get(object, key)));
    char *out = arena_alloc(mem, hex.n / 2 + 1);
    for (size_t i = 0; i + 1 < hex.n; i += 2) {
        char digits[3] = {hex.p[i], hex.p[i + 1], 0};
        out[i / 2] = (char)strtoul(digits, NULL, 16);
    }
    return str_from(out, hex.n / 2);
}

double case_get_f64(const cJSON *object, const char *key)
{
    const cJSON *v = case_get(object, key);
    if (!cJSON_IsString(v))
        return cJSON_IsNumber(v) ? v->valuedouble : 0;
    return strtod(v->valuestring, NULL);
}

int64_t case_get_i64(const cJSON *object, const char *key)
{
    return (int64_t)case_get_f64(object, key);
}

bool case_get_bool(const cJSON *object, const char *key)
{
    return cJSON_IsTrue(case_get(object, key));
}

const char *case_fail(struct arena *mem, const char *fmt, ...)
{
    char text[4096];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return arena_c(mem, str_c(text));
}
