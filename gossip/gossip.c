// SPDX-License-Identifier: Apache-2.0
// Packets that go out, each filled up with the news that its receiver needs; and the tick that
// spreads news when nothing else is sent.
#include "gossip/swim.h"

#define MEMBER_NEWS_OVERHEAD 2 // of a message in a compound one: its length
#define USER_NEWS_OVERHEAD   3 // and its type

// ---- packets out ---------------------------------------------------------------------------

// All others have to get every message while they are few.
static struct broadcast_target broadcast_target_of(const struct swim *s, const struct member *m)
{
    struct broadcast_target to = {.burst = s->burst};
    if (m && m->bit && members_live_count(&s->members) <= FAIR_MEMBERS_MAX) {
        to.bit = m->bit;
        to.required = members_live_bits(&s->members, s->self);
    }
    return to;
}

// Transmissions of a message. Where all members are served it is twice for each, since one packet
// may be lost, unless much is waiting. Never less than upstream's number, on which the speed of
// agreement rests.
static unsigned transmit_limit(const struct broadcast_queue *q, unsigned multiplier, size_t nodes,
                               struct broadcast_target to)
{
    unsigned repeats = q->count <= BACKLOG_LONG ? 2 : 1;
    unsigned receivers = (unsigned)__builtin_popcountll(to.required);
    return MAX(broadcast_limit(multiplier, nodes), repeats * receivers);
}

static size_t take_member_news(struct swim *s, struct parts *parts, size_t bytes_max,
                               struct broadcast_target to)
{
    unsigned limit = transmit_limit(&s->queue, MEMBER_MULTIPLIER, s->members.count, to);
    return broadcast_take(&s->queue, parts, S(""), MEMBER_NEWS_OVERHEAD, bytes_max, limit, to);
}

static size_t take_user_news(struct swim *s, struct parts *parts, size_t bytes_max,
                             struct broadcast_target to)
{
    size_t before = parts->count;
    unsigned limit = transmit_limit(&s->user_queue, s->options.user_multiplier,
                                    members_live_count(&s->members), to);
    size_t bytes =
        broadcast_take(&s->user_queue, parts, S("\x08"), USER_NEWS_OVERHEAD, bytes_max, limit, to);
    s->user_sent += parts->count - before;
    s->user_sent_bytes += bytes - USER_NEWS_OVERHEAD * (parts->count - before);
    return bytes;
}

// Adds queued news to a packet with room for bytes_max: about members, then the application's.
static size_t take_broadcasts(struct swim *s, struct parts *parts, size_t bytes_max,
                              struct broadcast_target to)
{
    size_t used = take_member_news(s, parts, bytes_max, to);
    return used + take_user_news(s, parts, bytes_max - used, to);
}

// The same, but one message of the application has a place. On bad links members are suspected all
// the time, and what is said about that would fill every packet (upstream: it does).
static void take_broadcasts_fairly(struct swim *s, struct parts *parts, size_t bytes_max,
                                   struct broadcast_target to)
{
    size_t kept = 0, used = 0;
    if (s->user_queue.count > 0)
        kept = broadcast_message_at(&s->user_queue, 0).n + USER_NEWS_OVERHEAD;
    if (kept > 0 && kept < bytes_max) {
        used = take_member_news(s, parts, bytes_max - kept, to);
        used += take_user_news(s, parts, bytes_max - used, to);
    }
    take_broadcasts(s, parts, bytes_max - used, to);
}

size_t swim_packet_overhead(const struct swim *s)
{
    return label_overhead(s->options.label) + (s->keyring ? SEALED_OVERHEAD : 0);
}

void swim_send_packet(struct swim *s, const struct addr *to, str message, bool has_crc)
{
    defer(buf_done) struct buf packet = {0};
    struct addr normal = addr_normal(*to);
    if (s->keyring) {
        defer(buf_done) struct buf open = {0};
        packet_seal(&open, message, has_crc, S(""));
        label_put(&packet, s->options.label);
        keyring_seal_packet(s->keyring, s->env, buf_str(&open), s->options.label, &packet);
    } else {
        packet_seal(&packet, message, has_crc, s->options.label);
    }
    if (s->transport)
        transport_send(s->transport, &normal, buf_str(&packet));
}

void swim_send(struct swim *s, const struct addr *to, struct member *target, str message)
{
    defer(parts_done) struct parts parts = {0};
    defer(buf_done) struct buf compound = {0};
    size_t overhead = message.n + 2 + swim_packet_overhead(s);
    parts_add(&parts, message, S(""));
    s->burst++;
    if (overhead < PACKET_BYTES_MAX)
        take_broadcasts(s, &parts, PACKET_BYTES_MAX - overhead, broadcast_target_of(s, target));
    parts_put_compound(&parts, &compound);
    swim_send_packet(s, to, buf_str(&compound), false);
}

bool member_speaks_crc(const struct member *m)
{
    return m->vsn[VSN_PMAX] >= 5;
}

void swim_broadcast_user(struct swim *s, str message, uint64_t known_to)
{
    broadcast_add(&s->user_queue, S(""), message, known_to);
}

// ---- gossip --------------------------------------------------------------------------------

static bool gets_gossip(const struct swim *s, const struct member *m)
{
    if (m == s->self || m->state == MEMBER_LEFT)
        return false;
    return m->state != MEMBER_DEAD || env_mono(s->env) - m->state_change <= GOSSIP_TO_DEAD;
}

static bool has_news(const struct swim *s)
{
    return s->queue.count + s->user_queue.count > 0;
}

// The one of turn[i] … whose turn it is, which moves to turn[i]. Few are taken of many: cheaper
// than putting all of them in order.
static struct member *turn_take(struct member **turn, size_t count, size_t i)
{
    size_t first = i;
    for (size_t k = i + 1; k < count; k++) {
        if (turn[k]->gossip_order < turn[first]->gossip_order)
            first = k;
    }
    struct member *m = turn[first];
    turn[first] = turn[i];
    return turn[i] = m;
}

// One packet of news; returns its bytes before compression, 0: there was nothing.
static size_t gossip_packet_to(struct swim *s, struct member *m)
{
    defer(parts_done) struct parts parts = {0};
    defer(buf_done) struct buf compound = {0};
    take_broadcasts_fairly(s, &parts, PACKET_BYTES_MAX - 2 - swim_packet_overhead(s),
                           broadcast_target_of(s, m));
    if (parts.count == 0)
        return 0;
    parts_put_compound(&parts, &compound);
    swim_send_packet(s, &m->addr, buf_str(&compound), member_speaks_crc(m));
    return compound.n;
}

// Full packets mean that more is waiting: a storm of updates must not take minutes to pass.
static bool gossip_to(struct swim *s, struct member *m)
{
    size_t packets = 0;
    s->burst++;
    for (size_t bytes; packets < GOSSIP_BURST_MAX; packets++) {
        bytes = gossip_packet_to(s, m);
        if (bytes == 0)
            break;
        if (bytes < PACKET_BYTES_MAX / 2) {
            packets++;
            break;
        }
    }
    if (packets == 0)
        return false;
    s->gossip_round = MAX(s->gossip_round, (uint32_t)(m->gossip_order >> 32));
    m->gossip_order = ((m->gossip_order >> 32) + 1) << 32 | (uint32_t)env_random(s->env);
    return true;
}

// Members take turns in rounds of random order, so that none is left out by chance; who has nothing
// to get does not use up a turn.
void gossip_tick(void *owner)
{
    struct swim *s = owner;
    env_timer_after(s->env, &s->gossip_timer, s->options.gossip_interval);
    if (!has_news(s))
        return;
    arena_clear(&s->scratch);
    struct member **turn = arena_array(&s->scratch, struct member *, s->members.count);
    size_t count = 0;
    for (size_t i = 0; i < s->members.count; i++) {
        if (gets_gossip(s, s->members.items[i]))
            turn[count++] = s->members.items[i];
    }
    size_t sent = 0;
    for (size_t i = 0; i < count && sent < s->options.gossip_nodes && has_news(s); i++)
        sent += gossip_to(s, turn_take(turn, count, i));
}
