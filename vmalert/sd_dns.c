// SPDX-License-Identifier: Apache-2.0
// Discovery by DNS (spec: vmalert notifier §7).
//
// A name whose look-up fails keeps what it had: a DNS server that is down for a while costs no
// notifier. A name that does not exist has none.
#include "base/core/alloc.h"
#include "vmalert/sd.h"

#define INTERVAL_MIN    DUR_MS(10)
#define MX_PORT_DEFAULT 25

static const struct yaml_field FIELDS[] = {
    YAML_FIELD(struct dns_sd_conf, names, "names", YAML_T_STRS),
    YAML_FIELD(struct dns_sd_conf, type, "type", YAML_T_STR),
    YAML_FIELD(struct dns_sd_conf, port, "port", YAML_T_INT,
               YAML_SEEN(struct dns_sd_conf, has_port)),
    YAML_FIELD(struct dns_sd_conf, relabel.confs, "alert_relabel_configs", YAML_T_LIST,
               .sub = &RELABEL_CONF_YAML),
    {0},
};

const struct yaml_struct DNS_SD_YAML = {
    .type_name = "notifier.DNSSDConfigs", .bytes = sizeof(struct dns_sd_conf), .fields = FIELDS};

bool dns_sd_check(struct dns_sd_conf *c, struct err *err)
{
    static const struct {
        const char *name;
        enum dns_kind kind;
    } KINDS[] = {{"SRV", DNS_SRV}, {"A", DNS_A}, {"AAAA", DNS_AAAA}, {"MX", DNS_MX}};
    if (c->names.count == 0)
        return err_set(err, ERR_INVALID, "`names` cannot be empty in `dns_sd_config`");
    str type = c->type.n ? c->type : S("SRV");
    size_t i = 0;
    while (i < ARRAY_LEN(KINDS) && !str_eq_nocase(type, str_c(KINDS[i].name)))
        i++;
    if (i == ARRAY_LEN(KINDS))
        return err_set(err, ERR_INVALID,
                       "unexpected `type` in `dns_sd_config`: \"%.*s\"; supported values: SRV, A, "
                       "AAAA",
                       STR(type));
    c->kind = KINDS[i].kind;
    if ((c->kind == DNS_A || c->kind == DNS_AAAA) && !c->has_port)
        return err_set(err, ERR_INVALID, "missing `port` in `dns_sd_config` for `type: %s`",
                       KINDS[i].name);
    return true;
}

// ---- look-ups ----------------------------------------------------------------------------------

struct dns_name { // one name of one item
    struct sd_dns *owner;
    const struct dns_sd_conf *conf;
    size_t conf_index;
    str name;
    struct dns_query *query;
    struct dns_record *records; // the last good answer; heap, with its texts behind it
    size_t record_count;
};

struct sd_dns {
    struct env *env;
    struct dns_name *names;
    size_t count, open_count;
    dur_ns interval;
    mono_ns started; // of the round
    struct timer timer;
    bool is_ready;
    sd_round_fn *on_round;
    void *owner;
};

static void keep_records(struct dns_name *n, const struct dns_record *records, size_t count)
{
    count = MIN(count, SD_TARGETS_MAX);
    size_t bytes = count * sizeof(*records);
    for (size_t i = 0; i < count; i++)
        bytes += records[i].target.n;
    mem_free(n->records);
    n->records = mem_alloc(MAX(bytes, 1));
    n->record_count = count;
    char *text = (char *)(n->records + count);
    for (size_t i = 0; i < count; i++) {
        str target = records[i].target;
        n->records[i] = records[i];
        if (target.n)
            memcpy(text, target.p, target.n);
        n->records[i].target = str_trim_right(str_from(text, target.n), '.');
        text += target.n;
    }
}

static void log_failure(const struct dns_name *n, const struct err *err)
{
    const struct log *log = &n->owner->env->log;
    if (n->conf->kind == DNS_SRV || n->conf->kind == DNS_MX)
        log_printf(log, LOG_ERROR, LOG_WHERE,
                   "dns_sd_config: skipping %s lookup for \"%.*s\" because of error: %.*s",
                   n->conf->kind == DNS_SRV ? "SRV" : "MX", STR(n->name), STR(err_str(err)));
    else
        log_printf(log, LOG_ERROR, LOG_WHERE, "error in %s lookup for \"%.*s\": %.*s",
                   n->conf->kind == DNS_A ? "A" : "AAAA", STR(n->name), STR(err_str(err)));
}

static void end_round(struct sd_dns *d)
{
    mono_ns next = add_saturated(d->started, d->interval);
    env_timer_set(d->env, &d->timer, MAX(next, env_mono(d->env)));
    d->is_ready = true;
    d->on_round(d->owner);
}

static void on_answer(void *owner, const struct dns_record *records, size_t count,
                      const struct err *err)
{
    struct dns_name *n = owner;
    n->query = NULL;
    if (err->code == ERR_NONE || err->code == ERR_NOT_FOUND)
        keep_records(n, records, err->code == ERR_NONE ? count : 0);
    if (err->code != ERR_NONE)
        log_failure(n, err);
    if (--n->owner->open_count == 0)
        end_round(n->owner);
}

static void on_timer(void *owner)
{
    struct sd_dns *d = owner;
    d->started = env_mono(d->env);
    d->open_count = d->count;
    for (size_t i = 0; i < d->count; i++) {
        struct dns_name *n = &d->names[i];
        bool is_addr = n->conf->kind == DNS_A || n->conf->kind == DNS_AAAA;
        // Both families are asked for, and a failure of either is one of the name (upstream).
        enum dns_kind kind = is_addr ? DNS_ADDR : n->conf->kind;
        n->query = env_resolve(d->env, n->name, kind, SD_DNS_TIMEOUT, on_answer, n);
    }
}

struct sd_dns *sd_dns_new(struct env *env, const struct yaml_list *confs, dur_ns interval,
                          sd_round_fn *on_round, void *owner)
{
    struct sd_dns *d = mem_new(struct sd_dns);
    *d = (struct sd_dns){
        .env = env, .interval = MAX(interval, INTERVAL_MIN), .on_round = on_round, .owner = owner};
    for (size_t i = 0; i < confs->count; i++)
        d->count += YAML_LIST_AT(confs, struct dns_sd_conf, i)->names.count;
    d->names = mem_zalloc((d->count + 1) * sizeof(*d->names));
    size_t at = 0;
    for (size_t i = 0; i < confs->count; i++) {
        const struct dns_sd_conf *c = YAML_LIST_AT(confs, struct dns_sd_conf, i);
        for (size_t j = 0; j < c->names.count; j++)
            d->names[at++] = (struct dns_name){
                .owner = d, .conf = c, .conf_index = i, .name = c->names.items[j]};
    }
    timer_init(&d->timer, on_timer, d);
    on_timer(d);
    return d;
}

void sd_dns_free(struct sd_dns *d)
{
    if (!d)
        return;
    env_timer_cancel(d->env, &d->timer);
    for (size_t i = 0; i < d->count; i++) {
        env_resolve_cancel(d->env, d->names[i].query);
        mem_free(d->names[i].records);
    }
    mem_free(d->names);
    mem_free(d);
}

bool sd_dns_is_ready(const struct sd_dns *d)
{
    return d->is_ready;
}

// ---- targets -----------------------------------------------------------------------------------

static str ip_text(const struct addr *a, struct arena *mem)
{
    struct buf text = {0};
    buf_put_ip(&text, a);
    str s = arena_str(mem, buf_str(&text));
    buf_done(&text);
    return s;
}

static void add_target(const struct dns_name *n, const struct dns_record *r, struct sd_targets *out)
{
    struct arena *mem = &out->mem;
    bool is_mx = n->conf->kind == DNS_MX, is_srv = n->conf->kind == DNS_SRV;
    int64_t port = is_srv ? r->port : is_mx && !n->conf->has_port ? MX_PORT_DEFAULT : n->conf->port;
    str host = is_mx || is_srv ? arena_str(mem, r->target) : ip_text(&r->addr, mem);
    struct label_list *l = sd_targets_add(out);
    label_list_add(l, S("__address__"), sd_join_port(host, port, mem));
    label_list_add(l, S("__meta_dns_name"), n->name);
    if (is_mx) {
        label_list_add(l, S("__meta_dns_mx_record_target"), host);
        return;
    }
    label_list_add(l, S("__meta_dns_srv_record_target"), host);
    label_list_add(l, S("__meta_dns_srv_record_port"), arena_printf(mem, "%lld", (long long)port));
}

void sd_dns_targets(const struct sd_dns *d, size_t conf_index, struct sd_targets *out)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct dns_name *n = &d->names[i];
        uint8_t unwanted = n->conf->kind == DNS_A ? 16 : n->conf->kind == DNS_AAAA ? 4 : UINT8_MAX;
        if (n->conf_index != conf_index)
            continue;
        for (size_t j = 0; j < n->record_count; j++) {
            if (n->records[j].addr.ip_bytes != unwanted)
                add_target(n, &n->records[j], out);
        }
    }
}
