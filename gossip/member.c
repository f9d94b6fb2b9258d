// SPDX-License-Identifier: Apache-2.0
#include "gossip/member.h"

#include "base/core/alloc.h"
#include "base/core/hash.h"

static bool member_has_name(const void *item, const void *key)
{
    return str_eq(((const struct member *)item)->name, *(const str *)key);
}

void members_init(struct members *m, uint64_t seed)
{
    *m = (struct members){.seed = seed};
}

static void member_free(struct member *m)
{
    suspicion_clear(&m->suspicion);
    mem_free((char *)m->name.p);
    mem_free((char *)m->meta.p);
    mem_free(m);
}

void members_done(struct members *m)
{
    for (size_t i = 0; i < m->count; i++)
        member_free(m->items[i]);
    mem_free(m->items);
    map_done(&m->by_name);
    map_done(&m->by_addr);
    *m = (struct members){0};
}

struct member *members_find(const struct members *m, str name)
{
    return map_find(&m->by_name, hash_seeded(m->seed, name), member_has_name, &name);
}

struct place {
    const struct addr *addr;
    enum member_state state;
};

static bool member_is_at(const void *item, const void *key)
{
    const struct member *member = item;
    const struct place *place = key;
    struct addr have = addr_normal(member->addr);
    return member->state == place->state && addr_eq(&have, place->addr);
}

static struct member *members_find_place(const struct members *m, struct place place)
{
    return map_find(&m->by_addr, addr_hash(m->seed, place.addr), member_is_at, &place);
}

struct member *members_find_addr(const struct members *m, const struct addr *addr)
{
    struct member *alive = members_find_place(m, (struct place){addr, MEMBER_ALIVE});
    return alive ? alive : members_find_place(m, (struct place){addr, MEMBER_SUSPECT});
}

static void members_forget_addr(struct members *m, struct member *member)
{
    struct addr normal = addr_normal(member->addr);
    if (normal.ip_bytes)
        map_remove_item(&m->by_addr, addr_hash(m->seed, &normal), member);
}

void members_set_addr(struct members *m, struct member *member, const struct addr *addr)
{
    struct addr normal = addr_normal(*addr);
    members_forget_addr(m, member);
    member->addr = *addr;
    map_insert(&m->by_addr, addr_hash(m->seed, &normal), member);
}

static void members_put_at(struct members *m, size_t index, struct member *member)
{
    m->items[index] = member;
    member->index = (uint32_t)index;
}

static void members_swap(struct members *m, size_t a, size_t b)
{
    struct member *first = m->items[a];
    members_put_at(m, a, m->items[b]);
    members_put_at(m, b, first);
}

struct member *members_add(struct members *m, struct env *env, str name)
{
    if (m->count >= MEMBERS_MAX)
        return NULL;
    if (m->count == m->cap) {
        m->cap = MAX(16, m->cap * 2);
        m->items = mem_resize(m->items, m->cap, sizeof(struct member *));
    }
    struct member *member = mem_new(struct member);
    member->name = str_from(mem_dup(name), name.n);
    member->meta = str_from(mem_dup(S("")), 0);
    member->state = MEMBER_DEAD;
    member->state_change = env_mono(env);
    member->stats.name = member->name;
    member->bit = ~m->bits_used & (m->bits_used + 1); // the lowest free one, or 0
    m->bits_used |= member->bit;
    map_insert(&m->by_name, hash_seeded(m->seed, name), member);
    members_put_at(m, m->count++, member);
    members_swap(m, env_random_below(env, m->count), m->count - 1);
    return member;
}

void members_remove(struct members *m, struct member *member)
{
    members_swap(m, member->index, m->count - 1);
    m->count--;
    m->live_count -= member_is_live(member);
    m->bits_used &= ~member->bit;
    members_forget_addr(m, member);
    map_remove_item(&m->by_name, hash_seeded(m->seed, member->name), member);
    member_free(member);
}

void members_set_state(struct members *m, struct member *member, enum member_state state)
{
    m->live_count -= member_is_live(member);
    member->state = state;
    m->live_count += member_is_live(member);
}

void members_shuffle(struct members *m, struct env *env)
{
    for (size_t i = m->count; i > 1; i--)
        members_swap(m, i - 1, env_random_below(env, i));
}

size_t members_move_dead(struct member **items, size_t count, mono_ns now, dur_ns age)
{
    size_t kept = count;
    for (size_t i = 0; i < kept;) {
        if (member_is_live(items[i]) || now - items[i]->state_change <= age) {
            i++;
            continue;
        }
        struct member *dead = items[i];
        items[i] = items[--kept];
        items[kept] = dead;
    }
    return kept;
}

uint64_t members_live_bits(const struct members *m, const struct member *except)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < m->count; i++) {
        if (member_is_live(m->items[i]) && m->items[i] != except)
            bits |= m->items[i]->bit;
    }
    return bits;
}

void member_set_meta(struct member *m, str meta)
{
    char *copy = mem_dup(meta);
    mem_free((char *)m->meta.p);
    m->meta = str_from(copy, meta.n);
}

struct addr addr_normal(struct addr a)
{
    static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff}; // RFC 4291 §2.5.5.2
    if (a.ip_bytes != 16 || memcmp(a.ip, MAPPED, sizeof(MAPPED)) != 0)
        return a;
    struct addr v4 = {.ip_bytes = 4, .port = a.port};
    memcpy(v4.ip, a.ip + sizeof(MAPPED), 4);
    return v4;
}

bool addr_from_bytes(str bytes, uint16_t port, struct addr *ret)
{
    if (bytes.n != 4 && bytes.n != 16)
        return false;
    struct addr a = {.ip_bytes = (uint8_t)bytes.n, .port = port};
    memcpy(a.ip, bytes.p, bytes.n);
    *ret = a;
    return true;
}

str addr_bytes(const struct addr *a)
{
    return str_from(a->ip, a->ip_bytes);
}
