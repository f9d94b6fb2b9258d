// SPDX-License-Identifier: Apache-2.0
// jira_issue.h: the messages to Jira that are made from the notification: the search and the issue.
#pragma once
#include "notify/integrations/attempt.h"

// Both put the message into a->body. A failure is in a->err, wrapped in the part that failed.
void jira_put_search(struct notify_attempt *a);
void jira_put_issue(struct notify_attempt *a, bool is_update);
