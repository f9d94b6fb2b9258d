// SPDX-License-Identifier: Apache-2.0
// A member receives packets: the input is cut at its first bytes into several of them. It survives,
// stays itself, and its table and queues stay within their bounds.
#include "tests/unit/gossip/still.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct still *w = still_new("am-test", "10.0.0.1:9094");
    struct addr from = {.ip = {10, 0, 0, 2}, .ip_bytes = 4, .port = 9094};
    while (n > 0) {
        size_t bytes = MIN(n - 1, data[0] == 255 ? n - 1 : (size_t)data[0]);
        swim_on_packet(w->swim, &from, str_from(data + 1, bytes));
        still_run(w, DUR_MS(100));
        data += 1 + bytes;
        n -= 1 + bytes;
    }
    still_run(w, DUR_SECONDS(3));
    assert(w->swim->self->state == MEMBER_ALIVE && w->swim->members.count <= MEMBERS_MAX);
    assert(str_eq(w->swim->self->name, S("am-test")));
    still_free(w);
    return 0;
}
