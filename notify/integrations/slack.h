// SPDX-License-Identifier: Apache-2.0
// slack.h: a message with one attachment, to a webhook or to Slack's API (spec: receivers §4.3).
//
// With update_message a group has one message: the first delivery remembers in the notification log
// where Slack put it ("threadTs", "channelId"), and later ones edit it there. A message that is
// gone or may not be edited any more is posted anew.
#pragma once
#include "base/text/yaml_types.h"
#include "notify/integrations/integrations.h"

struct slack_confirmation {
    str text, title, ok_text, dismiss_text; // templated
};

struct slack_action { // templated
    str type, text, url, style;
    str name, value;                    // empty where there is a URL
    struct slack_confirmation *confirm; // NULL: none
};

// upstream: config.SlackConfig. With a token requests go to app_url, otherwise to api_url or the
// URL in api_url_file.
struct slack_conf {
    struct integration_conf base;
    struct yaml_url api_url; // a secret
    str api_url_file;        // read at each attempt
    str app_token, app_token_file;
    struct yaml_url app_url;
    str channel, username, icon_emoji, icon_url, message_text; // templated, as what follows
    str color, title, title_link, pretext, text, footer, fallback, callback_id;
    str image_url, thumb_url;
    struct yaml_list fields;   // struct chat_field
    bool short_fields;         // of fields that don't say it themselves
    struct yaml_list actions;  // struct slack_action
    struct str_list mrkdwn_in; // none: the usual ones
    bool link_names, update_message;
    dur_ns timeout; // of one attempt; 0: none beside the flush's deadline
};

extern const struct integration_ops SLACK_OPS;
