// SPDX-License-Identifier: Apache-2.0
// amtool template render: a text rendered as a receiver's field would be.
#include "alertmanager/amtool/amtool.h"
#include "alertmanager/templates.h"
#include "alertmanager/zones.h"
#include "base/env.h"
#include "notify/tpldata.h"
#include "notify/tplfuncs.h"

static bool read_data(struct amtool *t, const struct tplfuncs_context *clock, struct tpldata *ret,
                      struct err *err)
{
    if (t->render.data.n == 0) {
        template_data_sample(clock, &t->mem, ret);
        return true;
    }
    struct buf text = {.mem = &t->mem};
    return env_file_read(t->env, t->render.data, TEMPLATE_DATA_BYTES_MAX, &text, err) &&
           template_data_parse(buf_str(&text), &t->mem, ret, err);
}

static bool render(struct amtool *t, struct tplfuncs_context *context, const struct templates *sets,
                   struct err *err)
{
    struct tpldata data;
    if (!read_data(t, context, &data, err))
        return false;
    struct tpl_run run = {.data = tpldata_plain_value(&data), .mem = &t->mem, .context = context};
    const struct tpl_set *set = str_eq(t->render.type, S("html")) ? sets->html : sets->text;
    if (tpl_render(set, t->render.text, &run, &t->out, err))
        return true;
    buf_clear(&t->out); // what came before the failure is no result
    return false;
}

bool cmd_template_render(struct amtool *t, struct err *err)
{
    struct templates builtin, sets;
    struct str_list patterns = {t->render.globs.items, t->render.globs.count};
    struct zones zones = {.env = t->env};
    struct tplfuncs_context context = {
        .now = env_now(t->env),
        .local = zones_find_local(&zones, t->world->tz),
        .find_zone = zones_find,
        .owner = &zones,
    };
    templates_init_builtin(&builtin);
    bool ok = templates_load(&sets, &builtin, t->env, &patterns, err);
    if (ok) {
        ok = render(t, &context, &sets, err);
        templates_done(&sets);
    }
    templates_done(&builtin);
    zones_done(&zones);
    return ok;
}
