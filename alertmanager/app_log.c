// SPDX-License-Identifier: Apache-2.0
// The notification log as the pipeline sees it, over nflog.h.
#include "alertmanager/app.h"
#include "base/core/alloc.h"

struct notify_log_write {
    struct list node;
    struct am *am;
    notify_logged_fn *on_logged; // NULL: forgotten
    void *owner;
    struct timer timer; // of a write that was refused
    struct err err;
};

static struct nflog_receiver receiver_of(const struct notify_log_key *key)
{
    return (struct nflog_receiver){key->receiver, key->integration, key->idx};
}

// Only texts are remembered by integrations.
static void find_memos(struct am *am, const struct nflog_entry *e, struct notify_log_entry *ret)
{
    struct nflog_data *data;
    arena_clear(&am->log_scratch);
    size_t count = nflog_entry_data(e, &am->log_scratch, &data);
    struct notify_memo *memos = arena_array(&am->log_scratch, struct notify_memo, count + 1);
    ret->memos = memos;
    for (size_t i = 0; i < count; i++) {
        if (data[i].kind == NFLOG_DATA_TEXT)
            memos[ret->memo_count++] = (struct notify_memo){data[i].key, data[i].text};
    }
}

static bool find_entry(void *owner, const struct notify_log_key *key, struct notify_log_entry *ret)
{
    struct am *am = owner;
    struct nflog_receiver receiver = receiver_of(key);
    const struct nflog_entry *e =
        nflog_find_either(am->nflog, key->group_key, key->group_key_alt, &receiver);
    if (!e)
        return false;
    *ret = (struct notify_log_entry){
        .timestamp = e->notified_at,
        .firing = nflog_entry_firing(e),
        .resolved = nflog_entry_resolved(e),
        .firing_count = e->firing_count,
        .resolved_count = e->resolved_count,
    };
    find_memos(am, e, ret);
    return true;
}

static void write_free(struct notify_log_write *w)
{
    env_timer_cancel(w->am->env, &w->timer);
    list_remove(&w->node);
    mem_free(w);
}

static void write_end(struct notify_log_write *w, const struct err *err)
{
    notify_logged_fn *on_logged = w->on_logged;
    void *owner = w->owner;
    write_free(w);
    if (on_logged)
        on_logged(owner, err);
}

static void on_durable(void *owner, const struct err *err)
{
    static const struct err NONE = ERR_INIT;
    write_end(owner, err ? err : &NONE);
}

static void on_refused(void *owner)
{
    struct notify_log_write *w = owner;
    struct err err = w->err;
    write_end(w, &err);
}

static struct notify_log_write *write_entry(void *owner, const struct notify_log_key *key,
                                            const struct notify_log_entry *entry, dur_ns expiry,
                                            notify_logged_fn *on_logged, void *done_owner)
{
    struct am *am = owner;
    struct notify_log_write *w = mem_new(struct notify_log_write);
    struct nflog_data *data = mem_array(struct nflog_data, entry->memo_count + 1);
    for (size_t i = 0; i < entry->memo_count; i++)
        data[i] = (struct nflog_data){
            .key = entry->memos[i].key, .kind = NFLOG_DATA_TEXT, .text = entry->memos[i].value};
    struct nflog_write record = {
        .group_key = key->group_key,
        .receiver = receiver_of(key),
        .firing = entry->firing,
        .resolved = entry->resolved,
        .firing_count = entry->firing_count,
        .resolved_count = entry->resolved_count,
        .data = data,
        .data_count = entry->memo_count,
        .expiry = expiry,
    };
    *w = (struct notify_log_write){.am = am, .on_logged = on_logged, .owner = done_owner};
    list_append(&am->log_writes, &w->node);
    timer_init(&w->timer, on_refused, w);
    if (!nflog_record(am->nflog, &record, on_durable, w, &w->err))
        env_timer_after(am->env, &w->timer, 0);
    if (am->runtime)
        dispatcher_told(am->runtime->dispatcher, key->group_key);
    mem_free(data);
    return w;
}

static void forget_write(struct notify_log_write *w)
{
    w->on_logged = NULL;
}

struct notify_log am_notify_log(struct am *am)
{
    return (struct notify_log){
        .owner = am, .find = find_entry, .write = write_entry, .forget = forget_write};
}

void am_notify_log_done(struct am *am)
{
    list_each_safe (node, &am->log_writes) {
        struct notify_log_write *w = list_item(node, struct notify_log_write, node);
        nflog_cancel(am->nflog, w);
        write_free(w);
    }
    arena_done(&am->log_scratch);
}
