// SPDX-License-Identifier: Apache-2.0
// unittest.h: `vmalert-tool unittest`: rules evaluated over given series in virtual time, and
// compared with what is expected. spec: vmalert-tool.
#pragma once
#include "base/core/flags.h"
#include "base/env.h"
#include "vmalert/options.h"

#define UNITTEST_STEPS_MAX 10000000 // evaluations of all groups in one test

struct unittest_options {
    struct flag_strs files, external_labels; // name=value
    str external_url;
    bool disable_alertgroup_label;
    struct vmalert_options *vmalert; // vmalert's own flags with their defaults; changed on the way
    void (*print)(void *owner, str text); // to standard output
    bool (*is_cancelled)(void *owner);    // NULL: never
    // What the URLs among the sources give, or NULL; freed by the caller of it.
    struct rule_urls *(*fetch)(void *owner, const struct flag_strs *sources);
    void *owner;
};

enum unittest_outcome {
    UNITTEST_PASSED,
    UNITTEST_FAILED,
    UNITTEST_CANCELLED,
    UNITTEST_BROKEN, // nothing could be run: err says why
};

// Errors: `failed to load test files ["x"]: …`, "no test file found", "missing '=' in `-label`. …".
enum unittest_outcome unittest_run(struct env *env, const struct unittest_options *opt,
                                   struct err *err);
