// SPDX-License-Identifier: Apache-2.0
// notifier_target.h: from a target, as a file names it or discovery found it, to the URL that
// alerts go to (spec: vmalert notifier §5.1).
#pragma once
#include "base/model/relabel.h"

struct notifier_target {
    str url;                  // with the path of alerts; empty: relabeling dropped it
    struct label_list labels; // that remain, sorted
};

struct notifier_target_rules {
    str scheme, path_prefix;
    const struct relabel *relabel; // NULL: none
};

// meta: __address__ and __meta_… of the discovery; NULL: none. Texts are in mem or borrowed.
// Errors: "invalid url …".
bool notifier_target_make(const struct notifier_target_rules *rules, str target,
                          const struct label_list *meta, struct arena *mem,
                          struct notifier_target *ret, struct err *err);
