// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/gossip/lab.h"

#include "base/core/alloc.h"
#include "base/text/cursor.h"

// ---- the replicated state ------------------------------------------------------------------

bool has_record(const struct node *n, uint64_t number)
{
    for (size_t i = 0; i < n->record_count; i++) {
        if (n->records[i] == number)
            return true;
    }
    return false;
}

// A record is its number and, for large ones, filling.
static void put_record(struct buf *out, uint64_t number, size_t filling)
{
    buf_put_uvarint(out, 8 + filling);
    buf_put_be(out, number, 8);
    for (uint32_t i = 0; i < filling; i++)
        buf_put_c(out, (char)(i * 2654435761u >> 24)); // hardly compressible
}

static bool state_marshal(void *owner, struct buf *out, struct err *err)
{
    (void)err;
    const struct node *n = owner;
    for (size_t i = 0; i < n->record_count; i++)
        put_record(out, n->records[i], n->filling_bytes);
    if (n->ballast_bytes)
        put_record(out, BALLAST, n->ballast_bytes);
    if (n->spoil)
        n->spoil(out);
    return true;
}

static bool state_merge(void *owner, str data, size_t *ret_changed, struct err *err)
{
    struct node *n = owner;
    struct cursor c = cursor_from(data);
    while (cursor_left(&c) > 0) {
        str bytes = cursor_bytes(&c, cursor_uvarint(&c));
        struct cursor record = cursor_from(bytes);
        uint64_t number = cursor_be(&record, 8);
        if (c.failed || record.failed)
            return err_set(err, ERR_SYNTAX, "unexpected EOF");
        if (has_record(n, number))
            continue;
        assert_true(n->record_count < RECORDS_MAX);
        n->records[n->record_count++] = number;
        ++*ret_changed;
    }
    return true;
}

static const struct channel_ops STATE_OPS = {state_marshal, state_merge};

uint64_t add_record(struct node *n, size_t filling)
{
    uint64_t number = ++n->lab->next_record;
    defer(buf_done) struct buf record = {0};
    put_record(&record, number, filling);
    n->records[n->record_count++] = number;
    channel_broadcast(n->channel, buf_str(&record));
    return number;
}

// ---- nodes ---------------------------------------------------------------------------------

static void on_ready(void *owner)
{
    ((struct node *)owner)->is_ready = true;
}

static void on_members(void *owner)
{
    ((struct node *)owner)->member_events++;
}

void node_on_left(void *owner, const struct err *err)
{
    struct node *n = owner;
    n->is_left = true;
    n->left_code = err->code;
}

struct lab *lab_new(const struct sim_options *opt, size_t count)
{
    struct lab *lab = mem_new(struct lab);
    lab->world = sim_world_new(opt);
    lab->count = count;
    for (size_t i = 0; i < count; i++) {
        struct node *n = &lab->nodes[i];
        char ip[48];
        snprintf(n->name, sizeof(n->name), "%zu", i);
        snprintf(ip, sizeof(ip), "10.0.0.%zu", i + 1);
        n->lab = lab;
        n->machine = sim_node_new(lab->world, n->name, ip);
    }
    return lab;
}

// Everybody is given the addresses of all.
void lab_list_peers(struct lab *lab)
{
    for (size_t i = 0; i < lab->count; i++) {
        snprintf(lab->peer_texts[i], sizeof(lab->peer_texts[i]), "10.0.0.%zu:%d", i + 1, PORT);
        lab->peers[lab->peer_count++] = str_c(lab->peer_texts[i]);
    }
}

void node_start(struct node *n, const char *peer_name)
{
    struct err err = ERR_INIT;
    char bind[32];
    struct addr addr = sim_node_addr(n->machine, PORT);
    defer(buf_done) struct buf text = {0};
    buf_put_addr(&text, &addr);
    snprintf(bind, sizeof(bind), "%.*s", STR(buf_str(&text)));
    struct cluster_options o = cluster_options_default();
    o.bind_addr = str_c(bind);
    o.peers = n->lab->peers;
    o.peer_count = n->lab->peer_count;
    o.peer_name = str_c(peer_name);
    if (n->lab->on_options)
        n->lab->on_options(n, &o);
    n->cluster = cluster_new(sim_node_env(n->machine), &o, &err);
    if (!n->cluster)
        fail_msg("%.*s", STR(err_str(&err)));
    n->channel = cluster_channel(n->cluster, S("sil"), &STATE_OPS, n);
    n->record_count = 0;
    n->is_ready = n->is_left = false;
    n->watch = (struct cluster_watch){.on_ready = on_ready, .on_members = on_members, .owner = n};
    cluster_watch(n->cluster, &n->watch);
    cluster_join(n->cluster);
    cluster_settle(n->cluster);
}

void node_free(struct node *n)
{
    cluster_free(n->cluster);
    n->cluster = NULL;
    n->watch.link = (struct list){0};
}

void node_crash(struct node *n)
{
    sim_node_crash(n->machine);
    node_free(n);
}

struct lab *lab_start(const struct sim_options *opt, size_t count)
{
    struct lab *lab = lab_new(opt, count);
    lab_list_peers(lab);
    for (size_t i = 0; i < count; i++)
        node_start(&lab->nodes[i], lab->nodes[i].name);
    return lab;
}

void lab_free(struct lab *lab)
{
    for (size_t i = 0; i < lab->count; i++) {
        if (lab->nodes[i].cluster)
            node_free(&lab->nodes[i]);
        assert_int_equal(sim_node_open_count(lab->nodes[i].machine), 0);
    }
    sim_world_free(lab->world);
    mem_free(lab);
}

size_t member_count(struct node *n)
{
    size_t count;
    cluster_members(n->cluster, &count);
    return count;
}

size_t suspect_count(struct node *n)
{
    size_t count, suspects = 0;
    const struct cluster_member *m = cluster_members(n->cluster, &count);
    for (size_t i = 0; i < count; i++)
        suspects += m[i].is_suspect;
    return suspects;
}

// ---- waiting -------------------------------------------------------------------------------

static bool is_fulfilled(void *ctx)
{
    const struct wish *wish = ctx;
    for (size_t i = wish->first; i < wish->end; i++) {
        struct node *n = &wish->lab->nodes[i];
        if (!n->cluster)
            continue;
        if (wish->members && member_count(n) != wish->members)
            return false;
        if (wish->record && !has_record(n, wish->record))
            return false;
    }
    return true;
}

bool wait_for(struct lab *lab, struct wish wish, dur_ns dur)
{
    return is_fulfilled(&wish) || sim_run_until(lab->world, is_fulfilled, &wish, dur);
}
