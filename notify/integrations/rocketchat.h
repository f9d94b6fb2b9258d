// SPDX-License-Identifier: Apache-2.0
// rocketchat.h: a message with one attachment, through Rocket.Chat's API (spec: receivers §4.16).
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

struct rocketchat_action { // templated; only what is named here of it is sent
    str type, text, url, image_url;
    bool is_webview;
    str webview_height_ratio, msg;
    bool msg_in_chat_window;
    str msg_processing_type;
};

// upstream: config.RocketchatConfig. Of each token and its file one is given.
struct rocketchat_conf {
    struct integration_conf base;
    struct yaml_url api_url;
    str token, token_file, token_id, token_id_file; // files are read at each attempt
    bool has_token, has_token_id;                   // given, perhaps empty
    str channel, color, title, title_link, text, emoji, icon_url, image_url, thumb_url; // templated
    struct yaml_list fields;  // struct chat_field
    struct yaml_list actions; // struct rocketchat_action
    bool short_fields;        // of fields that don't say it themselves
    bool link_names;          // without effect
};

extern const struct integration_ops ROCKETCHAT_OPS;
