// SPDX-License-Identifier: Apache-2.0
// chat.h: what the kinds for team chat share: the fields of an attachment.
#pragma once
#include "alertmanager/receivers/kinds.h"

// Of a list of struct chat_field each has a title and a value; `service` is named in the error.
bool check_chat_fields(struct yaml_binder *b, const struct yaml_list *fields, const char *service);
