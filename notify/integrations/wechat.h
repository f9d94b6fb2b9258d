// SPDX-License-Identifier: Apache-2.0
// wechat.h: a message of a WeChat Work application (spec: receivers §4.8).
//
// A message needs an access token, which is asked for first and then kept for later messages.
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

#define WECHAT_TOKEN_BYTES_MAX 2048 // a longer one is used, but not kept

// The token of one integration, shared by the attempts for all its groups: the one thing of a
// configuration that changes while it is used.
struct wechat_token {
    char text[WECHAT_TOKEN_BYTES_MAX];
    size_t bytes; // 0: none
    mono_ns taken_at;
};

// upstream: config.WechatConfig. A secret or its file is there; the file wins.
struct wechat_conf {
    struct integration_conf base;
    str api_secret, api_secret_file;         // read when a token is asked for; templated
    str corp_id, message;                    // templated
    struct yaml_url api_url;                 // ends in a slash
    str to_user, to_party, to_tag, agent_id; // templated
    str message_type;                        // "text" or "markdown"
    struct wechat_token *token;              // lives as long as this
};

extern const struct integration_ops WECHAT_OPS;
