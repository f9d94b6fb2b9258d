// SPDX-License-Identifier: Apache-2.0
// cases.h: conformance cases: JSON files in the folder that CASES_DIR names (default
// ../shared/cases). A golden runner loops over one topic, prints how many cases it ran and which
// failed; without the folder or file it says that it is skipped.
#pragma once
#include <cjson/cJSON.h>

#include "base/core/arena.h"
#include "tests/support/check.h"

struct case_file {
    cJSON *root;  // the whole file, or NULL: skipped (said so already)
    cJSON *first; // first case; walk with ->next
    char path[1024];
};

struct case_file case_file_open(const char *topic); // "am-fingerprint"
void case_file_close(struct case_file *f);
// The path of a file or folder beside the topics ("am-config/x.yml"), in mem.
const char *case_path(struct arena *mem, const char *name);

// Runs `run` for every case and fails the cmocka test if any failed. run returns NULL when the case
// holds, else why not (any storage that lives until the next case).
void case_file_run(const char *topic, const char *(*run)(const cJSON *c, struct arena *mem));

// Getters. Text that is {"$b64": …} is decoded into mem.
str case_text(const cJSON *v, struct arena *mem);
str case_get_text(const cJSON *object, const char *key, struct arena *mem); // absent: empty
const cJSON *case_get(const cJSON *object, const char *key);
str case_get_hex(const cJSON *object, const char *key, struct arena *mem); // bytes of a hex string
int64_t case_get_i64(const cJSON *object, const char *key);                // absent: 0
double case_get_f64(const cJSON *object, const char *key); // "NaN", "+Inf", "-Inf" too
bool case_get_bool(const cJSON *object, const char *key);
const char *case_fail(struct arena *mem, const char *fmt, ...) PRINTF(2, 3);
