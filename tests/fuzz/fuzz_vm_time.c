// SPDX-License-Identifier: Apache-2.0
// Any bytes as a time of VictoriaMetrics. A number that is read is read the same in every form, and
// an argument stays in its range.
#include "base/text/vm_time.h"

#define NOW INT64_C(1700000000123456789)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str text = str_from(data, size);
    struct err err = ERR_INIT;
    time_ns unix_ns = 0, t = 0;
    int64_t ms = 0;
    bool is_number = vm_time_parse_unix(text, &unix_ns);
    bool is_time = vm_time_parse(text, NOW, 3600, &t, &err);
    if (!is_time && err.n == 0)
        abort();
    if (is_number && is_time && str_find(text, '-') == STR_NONE && size != 4 && t != unix_ns)
        abort();
    if (vm_time_parse_arg(text, NOW, 3600, &ms, NULL) && (ms < 0 || ms > VM_TIME_ARG_MS_MAX))
        abort();
    return 0;
}
