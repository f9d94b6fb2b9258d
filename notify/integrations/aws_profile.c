// SPDX-License-Identifier: Apache-2.0
#include "notify/integrations/aws_profile.h"

#include <stddef.h>

static const struct {
    str name;
    size_t offset;
} SETTINGS[] = {
#define SETTING(member)                                                                            \
    {                                                                                              \
        {#member, sizeof(#member) - 1}, offsetof(struct aws_profile, member)                       \
    }
    {{"aws_access_key_id", 17}, offsetof(struct aws_profile, access_key)},
    {{"aws_secret_access_key", 21}, offsetof(struct aws_profile, secret_key)},
    {{"aws_session_token", 17}, offsetof(struct aws_profile, session_token)},
    SETTING(region),
    SETTING(role_arn),
    SETTING(source_profile),
    SETTING(credential_source),
    SETTING(external_id),
    SETTING(role_session_name),
    SETTING(duration_seconds),
    SETTING(mfa_serial),
    SETTING(web_identity_token_file),
    SETTING(credential_process),
    SETTING(sso_session),
    SETTING(sso_start_url),
#undef SETTING
};

static bool is_one_of(char c, str set)
{
    return str_find(set, c) != STR_NONE;
}

static str *setting_of(struct aws_profile *p, size_t idx)
{
    return (str *)((char *)p + SETTINGS[idx].offset);
}

// "config" calls all but the default one "profile x"; other sections of it are no profiles.
static bool is_section_of(str section, str name, bool is_config)
{
    str word, rest;
    section = str_trim(section);
    if (is_config && str_cut(section, ' ', &word, &rest) && str_eq(word, S("profile")))
        return str_eq(str_trim(rest), name);
    return str_eq(section, name) && (!is_config || str_eq(name, S("default")));
}

// Without a comment, and without the quotes around all of it.
static str clean_value(str value)
{
    for (size_t i = 1; i < value.n; i++) {
        if (is_one_of(value.p[i], S("#;")) && is_one_of(value.p[i - 1], S(" \t"))) {
            value = str_slice(value, 0, i);
            break;
        }
    }
    value = str_trim(value);
    bool is_quoted =
        value.n >= 2 && is_one_of(value.p[0], S("\"'")) && value.p[0] == value.p[value.n - 1];
    return is_quoted ? str_slice(value, 1, value.n - 1) : value;
}

static void read_line(str line, struct aws_profile *p)
{
    str name, value;
    if (!str_cut(line, '=', &name, &value))
        return;
    for (size_t i = 0; i < ARRAY_LEN(SETTINGS); i++) {
        if (str_eq_nocase(str_trim(name), SETTINGS[i].name))
            *setting_of(p, i) = clean_value(value);
    }
}

static void read_text(str text, str name, bool is_config, struct aws_profile *p)
{
    bool is_inside = false;
    for (str line; text.n;) {
        str_cut(text, '\n', &line, &text);
        bool is_indented = line.n && is_one_of(line.p[0], S(" \t"));
        str trimmed = str_trim(line);
        if (trimmed.n == 0 || is_indented || is_one_of(trimmed.p[0], S("#;")))
            continue;
        if (trimmed.p[0] == '[') {
            is_inside =
                is_section_of(str_slice(trimmed, 1, str_find(trimmed, ']')), name, is_config);
            p->is_known |= is_inside;
        } else if (is_inside) {
            read_line(trimmed, p);
        }
    }
    if (p->access_key.n == 0 || p->secret_key.n == 0)
        p->access_key = p->secret_key = p->session_token = S("");
}

void aws_profile_read(str config, str credentials, str name, struct aws_profile *ret)
{
    struct aws_profile mine = {0};
    *ret = (struct aws_profile){0};
    read_text(config, name, true, ret);
    read_text(credentials, name, false, &mine);
    if (mine.access_key.n) // with its own session or none
        ret->access_key = ret->secret_key = ret->session_token = S("");
    for (size_t i = 0; i < ARRAY_LEN(SETTINGS); i++) {
        if (setting_of(&mine, i)->n)
            *setting_of(ret, i) = *setting_of(&mine, i);
    }
    ret->is_known |= mine.is_known;
}
