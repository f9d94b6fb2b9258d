// SPDX-License-Identifier: Apache-2.0
// mattermost.h: a message with attachments, to a webhook of Mattermost (spec: receivers §4.17).
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

struct mattermost_attachment { // templated
    str fallback, color, pretext, text;
    str author_name, author_link, author_icon;
    str title, title_link;
    struct yaml_list fields; // struct chat_field
    str thumb_url, footer, footer_icon, image_url;
};

struct mattermost_props {
    str card; // templated
};

struct mattermost_priority {
    str priority; // templated
    bool requested_ack, persistent_notifications;
};

// upstream: config.MattermostConfig. One of webhook_url and webhook_url_file is set.
struct mattermost_conf {
    struct integration_conf base;
    struct yaml_url webhook_url;                       // a secret
    str webhook_url_file;                              // read at each attempt
    str channel, username, icon_url, icon_emoji, type; // templated
    // Without `attachments` the only one; otherwise its text alone is sent, as the message's.
    struct mattermost_attachment own;
    struct yaml_list attachments;         // struct mattermost_attachment
    struct mattermost_props *props;       // NULL: none
    struct mattermost_priority *priority; // NULL: none
};

extern const struct integration_ops MATTERMOST_OPS;
