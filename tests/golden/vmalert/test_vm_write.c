// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/vmalert/rig.h"
#include "vmalert/remote_write.h"

static double value_of(const cJSON *sample)
{
    const char *bits = cJSON_GetStringValue(case_get(sample, "bits"));
    uint64_t x = strtoull(bits, NULL, 16);
    double value;
    memcpy(&value, &x, sizeof(value));
    return value;
}

static void read_series(const cJSON *given, struct series *ret, struct arena *mem)
{
    const cJSON *labels = case_get(given, "labels"), *samples = case_get(given, "samples");
    ret->labels = arena_array(mem, struct label, (size_t)cJSON_GetArraySize(labels) + 1);
    for (const cJSON *l = labels->child; l; l = l->next)
        ret->labels[ret->label_count++] =
            (struct label){case_text(l->child, mem), case_text(l->child->next, mem)};
    struct sample *s = arena_array(mem, struct sample, (size_t)cJSON_GetArraySize(samples) + 1);
    ret->samples = s;
    for (const cJSON *g = samples->child; g; g = g->next)
        s[ret->sample_count++] = (struct sample){value_of(g), case_get_i64(g, "timestamp")};
}

static const char *run_case(const cJSON *c, struct arena *mem)
{
    struct buf out = {0};
    for (const cJSON *g = case_get(c, "series")->child; g; g = g->next) {
        struct series s = {0};
        read_series(g, &s, mem);
        buf_put_write_request_series(&out, &s);
    }
    str got = arena_str(mem, buf_str(&out));
    buf_done(&out);
    return str_eq(got, case_get_hex(c, "bytes", mem)) ? NULL : "other bytes";
}

static void write_requests(void **state)
{
    (void)state;
    case_file_run("vm-write-request", run_case);
}

int test_vm_write(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(write_requests)};
    return run_group("vm-write", tests);
}
