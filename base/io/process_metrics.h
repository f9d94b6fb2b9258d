// SPDX-License-Identifier: Apache-2.0
// process_metrics.h: process_* families, read from /proc/self at each exposition (Linux).
//
// What the system does not tell (no /proc, no cgroup) is left out. Cost: about ten small files per
// exposition.
#pragma once
#include "base/core/metrics.h"

struct process_metrics;

enum process_metrics_set {
    PROCESS_METRICS_CLIENT_GOLANG, // the nine families of client_golang
    PROCESS_METRICS_VM,            // those of VictoriaMetrics, a superset but for the network's
};

// Registers the families and a collector. Lives until after the registry's last exposition.
struct process_metrics *process_metrics_new(struct metrics *m, enum process_metrics_set set);
void process_metrics_free(struct process_metrics *p); // NULL is fine
