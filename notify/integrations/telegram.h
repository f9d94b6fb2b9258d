// SPDX-License-Identifier: Apache-2.0
// telegram.h: a message from a bot to a chat (spec: receivers §4.9).
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

// upstream: telegram.TelegramConfig. A bot token or its file is there, and one of chat_id and
// chat_id_file. A file wins over a value, which the section `global` may have given with it.
struct telegram_conf {
    struct integration_conf base;
    struct yaml_url api_url;
    str bot_token, bot_token_file; // a secret; the file is read at each attempt
    int64_t chat_id;               // 0: not set
    str chat_id_file;              // read at each attempt
    int64_t message_thread_id;     // 0: none
    str message;                   // templated, as HTML if parse_mode is that
    bool disable_notifications;
    str parse_mode; // "HTML", "Markdown", "MarkdownV2" or empty
};

extern const struct integration_ops TELEGRAM_OPS;
