// SPDX-License-Identifier: Apache-2.0
// args.h: what the arguments of a command mean: matchers, labels, the time of a silence.
//
// Every argument is one matcher. The first one may be a bare text, which stands for the label
// alertname. Warnings about doubtful spellings go to the log, which is stderr: upstream writes them
// to stdout, where they spoil the output. With --verbose each matcher is logged.
#pragma once
#include "alertmanager/amtool/amtool.h"
#include "base/model/labels.h"
#include "base/model/matcher.h"
#include "base/text/gotime.h"

// A first argument that is no matcher becomes alertname="…".
void args_complete_first(struct amtool *t, struct flag_strs *args);

// The matchers of all arguments, in their order; the first one is known from args_complete_first.
// They live in t->mem; the caller calls matchers_done, also after an error. Errors: ERR_SYNTAX.
bool args_matchers(struct amtool *t, const struct flag_strs *args, struct matchers *ret,
                   struct err *err);

struct label_array {
    struct label *items; // in t->mem, sorted by name, each name once
    size_t count;
};

// Arguments that are name=value: of equal names the last one counts. `complaint` is the error for
// another operator. Errors: ERR_SYNTAX, ERR_INVALID.
bool args_labels(struct amtool *t, const struct flag_strs *args, const char *complaint,
                 struct label_array *ret, struct err *err);

#define ARGS_LABELS_COMPLAINT      "labels must be specified as key=value pairs"
#define ARGS_ANNOTATIONS_COMPLAINT "annotations must be specified as key=value pairs"

// RFC 3339. Errors: ERR_SYNTAX with Go's text.
bool args_time(str text, struct gotime *ret, struct err *err);

struct span {
    struct gotime start, end;
};

// Changes what is given: --start, --end, and --duration, which counts from the start and yields to
// --end. Errors: ERR_SYNTAX, ERR_INVALID ("silence cannot start after it ends" …).
bool args_span(const struct silence_flags *flags, struct span *span, struct err *err);
