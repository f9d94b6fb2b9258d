// SPDX-License-Identifier: Apache-2.0
// The sections `tracing` and `event_recorder`: read and checked.
#include "alertmanager/config_int.h"

#define OMIT .is_omitted_when_empty = true

// ---- tracing -----------------------------------------------------------------------------------

static void tracing_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    ((struct tracing_conf *)to)->client_type = S("grpc");
}

static bool bind_client_type(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    str type;
    if (!yaml_to_str(node, &type))
        return yaml_problem_type(b, node, "string");
    if (!str_eq(type, S("grpc")) && !str_eq(type, S("http")))
        return yaml_fail(b, "expected tracing client type to be to be http or grpc, but got %.*s",
                         STR(type));
    *(str *)to = type;
    return true;
}

static bool bind_trace_compression(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    str kind;
    if (!yaml_to_str(node, &kind))
        return yaml_problem_type(b, node, "string");
    if (kind.n && !str_eq(kind, S("gzip")))
        return yaml_fail(b, "invalid compression type %.*s provided, valid options: gzip",
                         STR(kind));
    *(str *)to = kind;
    return true;
}

static bool check_tracing(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    return ((const struct tracing_conf *)to)->endpoint.n ||
           yaml_fail(b, "tracing endpoint must be set");
}

#define TRACING(member, name, type, ...)                                                           \
    YAML_FIELD(struct tracing_conf, member, name, type, __VA_ARGS__)
#define CHECKED_TEXT(fn) .bind = fn, .print = yaml_print_text, .is_empty = yaml_text_is_empty

static const struct yaml_field TRACING_FIELDS[] = {
    TRACING(client_type, "client_type", YAML_T_CUSTOM, CHECKED_TEXT(bind_client_type), OMIT),
    TRACING(endpoint, "endpoint", YAML_T_STR, OMIT),
    TRACING(sampling_fraction, "sampling_fraction", YAML_T_FLOAT, OMIT),
    TRACING(insecure, "insecure", YAML_T_BOOL, OMIT),
    TRACING(tls, "tls_config", YAML_T_PTR, .sub = &TLS_CONF_YAML, OMIT),
    TRACING(headers, "headers", YAML_T_CUSTOM, YAML_HEADERS, OMIT),
    TRACING(compression, "compression", YAML_T_CUSTOM, CHECKED_TEXT(bind_trace_compression), OMIT),
    TRACING(timeout, "timeout", YAML_T_CUSTOM, YAML_DUR_PROMETHEUS, OMIT),
    {0},
};
const struct yaml_struct CONFIG_TRACING_YAML = {.type_name = "tracing.plain",
                                                .bytes = sizeof(struct tracing_conf),
                                                .fields = TRACING_FIELDS,
                                                .set_defaults = tracing_defaults,
                                                .check = check_tracing};

// ---- event recorder: files, standard output ----------------------------------------------------

static bool check_file_output(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    return ((const struct event_file_conf *)to)->path.n ||
           yaml_fail(b, "event_recorder file output requires a path");
}

static const struct yaml_field FILE_FIELDS[] = {
    YAML_FIELD(struct event_file_conf, path, "path", YAML_T_STR),
    {0},
};
static const struct yaml_struct FILE_YAML = {.type_name = "eventrecorder.plain",
                                             .bytes = sizeof(struct event_file_conf),
                                             .fields = FILE_FIELDS,
                                             .check = check_file_output};

static const struct yaml_field STDOUT_FIELDS[] = {{0}};
static const struct yaml_struct STDOUT_YAML = {.type_name = "eventrecorder.StdoutOutputConfig",
                                               .bytes = sizeof(struct event_stdout_conf),
                                               .fields = STDOUT_FIELDS};

// ---- event recorder: webhook -------------------------------------------------------------------

static bool check_webhook_output(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    struct event_webhook_conf *w = to;
    if (!w->url.is_set)
        return yaml_fail(b, "event_recorder webhook output requires a url");
    if (w->url.text.n == 0)
        return yaml_fail(b, "event_recorder webhook output requires an absolute http(s) url");
    if (w->batch_max_events < 0 || w->batch_max_bytes < 0 || w->batch_flush_interval < 0)
        return yaml_fail(b, "event_recorder webhook batch settings cannot be negative");
    bool has_settings = w->batch_max_events || w->batch_max_bytes || w->batch_flush_interval;
    if (has_settings && !w->batch)
        return yaml_fail(b, "event_recorder webhook batch settings require batch: true");
    w->timeout = w->timeout > 0 ? w->timeout : DUR_SECONDS(10);
    w->workers = w->workers > 0 ? w->workers : 4;
    w->max_retries = w->max_retries > 0 ? w->max_retries : 3;
    w->retry_backoff = w->retry_backoff > 0 ? w->retry_backoff : DUR_MS(500);
    return true;
}

#define WEBHOOK(member, type, ...)                                                                 \
    YAML_FIELD(struct event_webhook_conf, member, #member, type, OMIT, ##__VA_ARGS__)

static const struct yaml_field WEBHOOK_FIELDS[] = {
    WEBHOOK(url, YAML_T_CUSTOM, YAML_SECRET_URL),
    YAML_FIELD(struct event_webhook_conf, http, "http_config", YAML_T_PTR, .sub = &HTTP_CONF_YAML,
               OMIT),
    WEBHOOK(timeout, YAML_T_CUSTOM, YAML_DUR_PROMETHEUS),
    WEBHOOK(workers, YAML_T_INT),
    WEBHOOK(max_retries, YAML_T_INT),
    WEBHOOK(retry_backoff, YAML_T_CUSTOM, YAML_DUR_PROMETHEUS),
    WEBHOOK(batch, YAML_T_BOOL),
    WEBHOOK(batch_max_events, YAML_T_INT),
    WEBHOOK(batch_max_bytes, YAML_T_INT),
    WEBHOOK(batch_flush_interval, YAML_T_CUSTOM, YAML_DUR_PROMETHEUS),
    {0},
};
static const struct yaml_struct WEBHOOK_YAML = {.type_name = "eventrecorder.plain",
                                                .bytes = sizeof(struct event_webhook_conf),
                                                .fields = WEBHOOK_FIELDS,
                                                .check = check_webhook_output};

// ---- event recorder: kafka ---------------------------------------------------------------------

static bool is_one_of(str s, const char *words) // words: separated by spaces
{
    str rest = str_c(words), word;
    while (str_cut(rest, ' ', &word, &rest)) {
        if (str_eq(word, s))
            return true;
    }
    return str_eq(word, s);
}

static void kafka_defaults(struct yaml_binder *b, void *to)
{
    (void)b;
    struct event_kafka_conf *k = to;
    k->client_id = S("alertmanager");
    k->format = S("json");
    k->acks = S("leader");
}

static bool check_kafka_output(struct yaml_binder *b, const struct yaml_node *node, void *to)
{
    (void)node;
    struct event_kafka_conf *k = to;
    if (k->brokers.count == 0)
        return yaml_fail(b, "event_recorder kafka: at least one broker is required");
    for (size_t i = 0; i < k->brokers.count; i++) {
        if (k->brokers.items[i].n == 0)
            return yaml_fail(b, "event_recorder kafka: broker entries must be non-empty");
    }
    if (k->topic.n == 0)
        return yaml_fail(b, "event_recorder kafka output requires a topic");
    if (!is_one_of(k->acks, "none leader all"))
        return yaml_fail(b,
                         "event_recorder kafka: unknown acks %.*s, must be \"none\", \"leader\", "
                         "or \"all\"",
                         STR(quoted(b->mem, k->acks)));
    if (k->compression.n && !is_one_of(k->compression, "none gzip snappy lz4 zstd"))
        return yaml_fail(b, "event_recorder kafka: unknown compression %.*s",
                         STR(quoted(b->mem, k->compression)));
    if (!is_one_of(k->format, "json protobuf"))
        return yaml_fail(
            b, "event_recorder kafka: unknown format %.*s, must be \"json\" or \"protobuf\"",
            STR(quoted(b->mem, k->format)));
    k->buffer_size = k->buffer_size > 0 ? k->buffer_size : 1024;
    return true;
}

#define KAFKA(member, type, ...)                                                                   \
    YAML_FIELD(struct event_kafka_conf, member, #member, type, OMIT, ##__VA_ARGS__)

static const struct yaml_field KAFKA_FIELDS[] = {
    KAFKA(brokers, YAML_T_STRS),
    KAFKA(topic, YAML_T_STR),
    KAFKA(client_id, YAML_T_STR),
    KAFKA(format, YAML_T_STR),
    KAFKA(acks, YAML_T_STR),
    KAFKA(compression, YAML_T_STR),
    KAFKA(buffer_size, YAML_T_INT),
    YAML_FIELD(struct event_kafka_conf, tls, "tls_config", YAML_T_PTR, .sub = &TLS_CONF_YAML, OMIT),
    {0},
};
static const struct yaml_struct KAFKA_YAML = {.type_name = "eventrecorder.plain",
                                              .bytes = sizeof(struct event_kafka_conf),
                                              .fields = KAFKA_FIELDS,
                                              .set_defaults = kafka_defaults,
                                              .check = check_kafka_output};

// ---- event recorder: the section ---------------------------------------------------------------

#define OUTPUTS(member, name, table)                                                               \
    YAML_FIELD(struct event_recorder_conf, member, name, YAML_T_LIST, .sub = &(table), OMIT)

static const struct yaml_field RECORDER_FIELDS[] = {
    OUTPUTS(files, "file_outputs", FILE_YAML),
    OUTPUTS(stdouts, "stdout_outputs", STDOUT_YAML),
    OUTPUTS(webhooks, "webhook_outputs", WEBHOOK_YAML),
    OUTPUTS(kafkas, "kafka_outputs", KAFKA_YAML),
    {0},
};
const struct yaml_struct CONFIG_RECORDER_YAML = {.type_name = "eventrecorder.Config",
                                                 .bytes = sizeof(struct event_recorder_conf),
                                                 .fields = RECORDER_FIELDS};

// tracing.tls_config is relative to the working directory, as upstream has it.
void config_outputs_join_dir(struct config *c, str dir)
{
    struct event_recorder_conf *r = c->recorder;
    if (!r)
        return;
    for (size_t i = 0; i < r->files.count; i++) {
        struct event_file_conf *f = YAML_LIST_AT(&r->files, struct event_file_conf, i);
        f->path = path_join(dir, f->path, &c->mem);
    }
    for (size_t i = 0; i < r->webhooks.count; i++) {
        struct event_webhook_conf *w = YAML_LIST_AT(&r->webhooks, struct event_webhook_conf, i);
        if (w->http)
            http_conf_join_dir(w->http, dir, &c->mem);
    }
    for (size_t i = 0; i < r->kafkas.count; i++)
        tls_conf_join_dir(YAML_LIST_AT(&r->kafkas, struct event_kafka_conf, i)->tls, dir, &c->mem);
}
