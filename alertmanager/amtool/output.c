// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/amtool/output.h"

#include "alertmanager/amtool/table.h"
#include "base/env.h"
#include "base/model/matcher.h"

struct output output_of(const struct amtool *t)
{
    enum output_kind kind = str_eq(t->output, S("json"))       ? OUTPUT_JSON
                            : str_eq(t->output, S("extended")) ? OUTPUT_EXTENDED
                                                               : OUTPUT_SIMPLE;
    return (struct output){kind, t->date_format};
}

struct json_list json_list_of(const json *array, struct arena *mem)
{
    struct json_list list = {.items = arena_array(mem, const json *, json_count(array))};
    json_each (item, array)
        list.items[list.count++] = item;
    return list;
}

static const json *member(const json *v, const char *name)
{
    return json_get_nocase(v, str_c(name));
}

static str text_of(const json *v, const char *name)
{
    return json_str(member(v, name));
}

// ---- order -------------------------------------------------------------------------------------

struct sort_item {
    struct gotime at;
    size_t index; // of equal times the first one stays the first
    const json *value;
};

static int compare_times(const void *a, const void *b)
{
    const struct sort_item *x = a, *y = b;
    int order = gotime_cmp(&x->at, &y->at);
    return order ? order : x->index < y->index ? -1 : 1;
}

static void sort_by_time(struct json_list *list, const char *name)
{
    struct arena mem = {0};
    struct sort_item *items = arena_array(&mem, struct sort_item, list->count);
    for (size_t i = 0; i < list->count; i++) {
        const json *v = list->items[i];
        items[i] = (struct sort_item){model_time(member(v, name)), i, v};
    }
    if (list->count)
        qsort(items, list->count, sizeof(*items), compare_times);
    for (size_t i = 0; i < list->count; i++)
        list->items[i] = items[i].value;
    arena_done(&mem);
}

// ---- cells -------------------------------------------------------------------------------------

static void put_cell(struct buf *text, str cell)
{
    buf_put(text, cell);
    buf_put_c(text, '\t');
}

static void put_time_cell(struct buf *text, const struct output *o, const json *v, const char *name)
{
    struct gotime t = model_time(member(v, name));
    buf_put_gotime(text, &t, o->date_format);
    buf_put_c(text, '\t');
}

// name="value" …, sorted by these texts; values as they are.
static void put_labels_cell(struct buf *text, const json *labels)
{
    struct arena mem = {0};
    size_t count = 0;
    str *items = arena_array(&mem, str, json_count(labels));
    json_each (v, labels) {
        if (json_get(labels, json_key(v)) != v) // of equal names the last one counts
            continue;
        struct buf item = {.mem = &mem};
        buf_put(&item, json_key(v));
        buf_put(&item, S("=\""));
        buf_put(&item, json_str(v));
        buf_put_c(&item, '"');
        items[count++] = buf_str(&item);
    }
    if (count)
        qsort(items, count, sizeof(*items), str_cmp_items);
    for (size_t i = 0; i < count; i++) {
        buf_put(text, i ? S(" ") : S(""));
        buf_put(text, items[i]);
    }
    buf_put_c(text, '\t');
    arena_done(&mem);
}

// Matchers are printed, not compiled: the server has accepted them.
static void put_matchers_cell(struct buf *text, const struct output *o, const json *list)
{
    bool is_set = o->kind == OUTPUT_EXTENDED, is_first = true;
    if (is_set)
        buf_put_c(text, '{');
    json_each (v, list) {
        struct matcher m = {.op = matcher_op_from_json(v),
                            .name = text_of(v, "name"),
                            .value = text_of(v, "value")};
        if (!is_first)
            buf_put_c(text, is_set ? ',' : ' ');
        is_first = false;
        buf_put_matcher(text, &m);
    }
    buf_put(text, is_set ? S("}\t") : S("\t"));
}

static void put_json_list(struct buf *out, const struct model *m, const struct json_list *list)
{
    struct json_writer w = {.out = out};
    json_array_begin(&w);
    for (size_t i = 0; i < list->count; i++)
        model_put(&w, m, list->items[i], NULL, 0);
    json_array_end(&w);
    buf_put_c(out, '\n');
}

static void put_json(struct buf *out, const struct model *m, const json *v)
{
    struct json_writer w = {.out = out};
    model_put(&w, m, v, NULL, 0);
    buf_put_c(out, '\n');
}

// ---- alerts ------------------------------------------------------------------------------------

static void put_alert_row(struct buf *text, const struct output *o, const json *v)
{
    if (o->kind == OUTPUT_EXTENDED) {
        put_labels_cell(text, member(v, "labels"));
        put_labels_cell(text, member(v, "annotations"));
        put_time_cell(text, o, v, "startsAt");
        put_time_cell(text, o, v, "endsAt");
        put_cell(text, text_of(v, "generatorURL"));
    } else {
        put_cell(text, json_str(json_get(member(v, "labels"), S("alertname"))));
        put_time_cell(text, o, v, "startsAt");
        put_cell(text, json_str(json_get(member(v, "annotations"), S("summary"))));
    }
    put_cell(text, text_of(member(v, "status"), "state"));
    buf_put_c(text, '\n');
}

void output_alerts(struct buf *out, const struct output *o, struct json_list *alerts)
{
    if (o->kind == OUTPUT_JSON) {
        put_json_list(out, &MODEL_ALERT, alerts);
        return;
    }
    defer(buf_done) struct buf text = {0};
    sort_by_time(alerts, "startsAt");
    buf_put(&text, o->kind == OUTPUT_EXTENDED
                       ? S("Labels\tAnnotations\tStarts At\tEnds At\tGenerator URL\tState\t\n")
                       : S("Alertname\tStarts At\tSummary\tState\t\n"));
    for (size_t i = 0; i < alerts->count; i++)
        put_alert_row(&text, o, alerts->items[i]);
    table_put(out, buf_str(&text));
}

// ---- silences ----------------------------------------------------------------------------------

static void put_silence_row(struct buf *text, const struct output *o, const json *v)
{
    put_cell(text, text_of(v, "id"));
    put_matchers_cell(text, o, member(v, "matchers"));
    if (o->kind == OUTPUT_EXTENDED)
        put_time_cell(text, o, v, "startsAt");
    put_time_cell(text, o, v, "endsAt");
    if (o->kind == OUTPUT_EXTENDED)
        put_time_cell(text, o, v, "updatedAt");
    put_cell(text, text_of(v, "createdBy"));
    put_cell(text, text_of(v, "comment"));
    buf_put_c(text, '\n');
}

void output_silences(struct buf *out, const struct output *o, struct json_list *silences)
{
    if (o->kind == OUTPUT_JSON) {
        put_json_list(out, &MODEL_SILENCE, silences);
        return;
    }
    defer(buf_done) struct buf text = {0};
    sort_by_time(silences, "endsAt");
    buf_put(&text, o->kind == OUTPUT_EXTENDED
                       ? S("ID\tMatchers\tStarts At\tEnds At\tUpdated At\tCreated By\tComment\t\n")
                       : S("ID\tMatchers\tEnds At\tCreated By\tComment\t\n"));
    for (size_t i = 0; i < silences->count; i++)
        put_silence_row(&text, o, silences->items[i]);
    table_put(out, buf_str(&text));
}

// ---- configuration and cluster -----------------------------------------------------------------

void output_status(struct buf *out, const struct output *o, const json *status)
{
    static const char *const INFOS[] = {"buildUser", "goVersion", "revision",
                                        "version",   "branch",    "buildDate"};
    if (o->kind == OUTPUT_JSON) {
        put_json(out, &MODEL_STATUS, status);
        return;
    }
    buf_put(out, text_of(member(status, "config"), "original"));
    buf_put_c(out, '\n');
    if (o->kind == OUTPUT_SIMPLE)
        return;
    const json *info = member(status, "versionInfo");
    for (size_t i = 0; i < ARRAY_LEN(INFOS); i++) {
        buf_printf(out, "%s ", INFOS[i]);
        buf_put(out, text_of(info, INFOS[i]));
        buf_put_c(out, '\n');
    }
    struct arena mem = {0};
    str uptime = model_time_text(model_time(member(status, "uptime")), &mem);
    buf_printf(out, "uptime %.*s\n", STR(uptime));
    arena_done(&mem);
}

struct peer {
    str host, address, name;
    struct addr ip; // of no IP address: none, which comes first
    int64_t port;
    size_t index;
};

static struct peer read_peer(const json *v, size_t index)
{
    struct peer p = {.address = text_of(v, "address"), .name = text_of(v, "name"), .index = index};
    str port;
    if (!str_cut_last(p.address, ':', &p.host, &port) || !str_to_i64(port, &p.port))
        p.port = 0;
    if (str_starts(p.host, S("[")) && str_ends(p.host, S("]")))
        p.host = str_slice(p.host, 1, p.host.n - 1);
    if (!addr_parse_ip(p.host, &p.ip))
        p.ip.ip_bytes = 0;
    return p;
}

// An IPv4 address is ordered as ::ffff:a.b.c.d.
static str ip_key(const struct addr *a, uint8_t room[16])
{
    if (a->ip_bytes != 4)
        return str_from(a->ip, a->ip_bytes);
    memset(room, 0, 10);
    memset(room + 10, 0xff, 2);
    memcpy(room + 12, a->ip, 4);
    return str_from(room, 16);
}

static int compare_peers(const void *a, const void *b)
{
    const struct peer *x = a, *y = b;
    uint8_t room_x[16], room_y[16];
    int order = str_cmp(ip_key(&x->ip, room_x), ip_key(&y->ip, room_y));
    if (order == 0 && str_eq(x->host, y->host) && x->port != y->port)
        order = x->port < y->port ? -1 : 1;
    return order ? order : x->index < y->index ? -1 : 1;
}

static void put_peers(struct buf *text, const json *list)
{
    struct arena mem = {0};
    size_t count = 0;
    struct peer *peers = arena_array(&mem, struct peer, json_count(list));
    json_each (v, list) {
        peers[count] = read_peer(v, count);
        count++;
    }
    if (count)
        qsort(peers, count, sizeof(*peers), compare_peers);
    for (size_t i = 0; i < count; i++) {
        put_cell(text, peers[i].address);
        put_cell(text, peers[i].name);
        buf_put_c(text, '\n');
    }
    arena_done(&mem);
}

void output_cluster(struct buf *out, const struct output *o, const json *cluster)
{
    if (o->kind == OUTPUT_JSON) {
        put_json(out, &MODEL_CLUSTER, cluster);
        return;
    }
    defer(buf_done) struct buf text = {0};
    buf_put(&text, S("Cluster Status:\t"));
    buf_put(&text, text_of(cluster, "status"));
    buf_put(&text, S("\nNode Name:\t"));
    buf_put(&text, text_of(cluster, "name"));
    buf_put_c(&text, '\n');
    if (o->kind == OUTPUT_EXTENDED) {
        buf_put(&text, S("\nAddress\tName\n"));
        put_peers(&text, member(cluster, "peers"));
    }
    table_put(out, buf_str(&text));
}
