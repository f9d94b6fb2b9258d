// SPDX-License-Identifier: Apache-2.0
// tpldefaults.h: the templates that every Alertmanager knows: "slack.default.title",
// "email.default.html" and so on. Outputs are those of upstream, byte for byte; both engines get
// the same texts.
#pragma once
#include "base/text/gotpl.h"

// Parses them into the set under the root name, which is empty. They are known to be good: a
// failure is a defect (ERR_SYNTAX).
bool tpldefaults_parse(struct tpl_set *set, struct err *err);

void tpldefaults_put_email(struct buf *b); // the text of email.default.{html,subject}
