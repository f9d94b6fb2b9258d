// SPDX-License-Identifier: Apache-2.0
#include "vmalert/options.h"

#define ENV_NAME_BYTES_MAX 256

static int compare_names(const void *a, const void *b)
{
    const struct flag *x = a, *y = b;
    return strcmp(x->name, y->name);
}

struct flags vmalert_flags(struct vmalert_options *o, struct arena *mem)
{
    const struct flag items[] = {
#define F(name_, type_, member, default_, help_, ...)                                              \
    {.name = (name_),                                                                              \
     .type = (type_),                                                                              \
     .to = &o->member,                                                                             \
     .default_text = (default_),                                                                   \
     .help = (help_),                                                                              \
     __VA_ARGS__}
        F("configCheckInterval", FLAG_DUR, config_check_interval, "0",
          "Interval for checking for changes in '-rule' files; 0 disables it. SIGHUP and /-/reload "
          "reload at any time"),
        F("datasource.appendTypePrefix", FLAG_BOOL, datasource_append_type_prefix, "false",
          "Whether to add /prometheus or /graphite in front of the API path of -datasource.url"),
        F("datasource.disableKeepAlive", FLAG_BOOL, datasource_disable_keep_alive, "false",
          "Whether to use each connection to -datasource.url for one request only"),
        F("datasource.disableStepParam", FLAG_BOOL, datasource_disable_step_param, "false",
          "Whether to leave out the 'step' parameter of instant queries"),
        F("datasource.headers", FLAG_STR, datasource_headers, "",
          "HTTP headers of every request to -datasource.url: 'name:value', several separated by "
          "'^^'",
          .is_secret = true),
        F("datasource.queryStep", FLAG_DUR, datasource_query_step, "5m0s",
          "The 'step' parameter of instant queries; 0: the group's interval"),
        F("datasource.roundDigits", FLAG_INT, datasource_round_digits, "0",
          "Adds the 'round_digits' parameter to queries, which rounds results to so many digits"),
        F("datasource.showURL", FLAG_BOOL, datasource_show_url, "false",
          "Whether to show -datasource.url in logs, metrics and pages"),
        F("datasource.url", FLAG_STR, datasource_url, "",
          "URL of a datasource that serves Prometheus' /api/v1/query: VictoriaMetrics, Prometheus "
          "and others. Required"),
        F("disableAlertgroupLabel", FLAG_BOOL, disable_alertgroup_label, "false",
          "Whether to leave out the label 'alertgroup' of alerts and their series"),
        F("dryRun", FLAG_BOOL, dry_run, "false",
          "Check the files of -rule and -rule.templates and exit"),
        F("envflag.enable", FLAG_BOOL, envflag_enable, "false",
          "Whether to read flags from environment variables as well; the command line wins"),
        F("envflag.prefix", FLAG_STR, envflag_prefix, "",
          "Prefix of the environment variables that -envflag.enable reads"),
        F("evaluationInterval", FLAG_DUR, evaluation_interval, "1m0s",
          "How often to evaluate groups that have no interval of their own"),
        F("external.alert.source", FLAG_STR, external_alert_source, "",
          "Template of the path behind -external.url that alerts link to"),
        F("external.label", FLAG_STRS, external_label, NULL,
          "Label 'name=value' added to every rule's results and alerts; repeatable"),
        F("external.url", FLAG_STR, external_url, "",
          "URL under which people reach this vmalert; default: http://<hostname>:<port>"),
        F("group.maxStartDelay", FLAG_DUR, group_max_start_delay, "5m0s",
          "Groups start spread over their interval, but not later than this"),
        F("loggerDisableTimestamps", FLAG_BOOL, logger_disable_timestamps, "false",
          "Whether to leave out the time of log lines"),
        F("loggerErrorsPerSecondLimit", FLAG_INT, logger_errors_per_second_limit, "0",
          "Most error lines per second from one place of the program; 0: any number"),
        F("loggerFormat", FLAG_STR, logger_format, "default", "Log format: default or json"),
        F("loggerJSONFields", FLAG_STR, logger_json_fields, "",
          "Other names for the fields of JSON lines, as in 'ts:timestamp,msg:message'; fields are "
          "ts, level, caller and msg"),
        F("loggerLevel", FLAG_STR, logger_level, "INFO",
          "Least level of messages to log: INFO, WARN, ERROR, FATAL or PANIC"),
        F("loggerOutput", FLAG_STR, logger_output, "stderr", "Where to log: stderr or stdout"),
        F("loggerTimezone", FLAG_STR, logger_timezone, "UTC",
          "Time zone of log lines: a name of the zone database, or Local"),
        F("loggerWarnsPerSecondLimit", FLAG_INT, logger_warns_per_second_limit, "0",
          "Most warning lines per second from one place of the program; 0: any number"),
        F("metrics.exposeMetadata", FLAG_BOOL, metrics_expose_metadata, "false",
          "Whether to write HELP and TYPE lines at /metrics"),
        F("notifier.blackhole", FLAG_BOOL, notifier_blackhole, "false",
          "Evaluate alerting rules and tell nobody"),
        F("notifier.config", FLAG_STR, notifier_config, "",
          "File with Alertmanagers: static ones and those to be found by DNS or Consul, with "
          "relabeling; read again on reload"),
        F("notifier.headers", FLAG_STRS, notifier_headers, NULL,
          "HTTP headers of requests to the corresponding -notifier.url: 'name:value', several "
          "separated by '^^'",
          .is_secret = true),
        F("notifier.sendTimeout", FLAG_STRS, notifier_send_timeout, NULL,
          "Timeout of requests to the corresponding -notifier.url; default 10s"),
        F("notifier.showURL", FLAG_BOOL, notifier_show_url, "false",
          "Whether to show passwords of -notifier.url"),
        F("notifier.suppressDuplicateTargetErrors", FLAG_BOOL,
          notifier_suppress_duplicate_target_errors, "false",
          "Whether to say nothing when discovery finds one Alertmanager twice"),
        F("notifier.url", FLAG_STRS, notifier_url, NULL,
          "URL of an Alertmanager; repeat it, or separate by commas, to name every member of a "
          "cluster"),
        F("promscrape.consul.waitTime", FLAG_DUR, consul_wait_time, "0",
          "How long Consul may hold a question back while nothing changes; 0: the default"),
        F("promscrape.consulSDCheckInterval", FLAG_DUR, consul_sd_check_interval, "30s",
          "How often to ask Consul for Alertmanagers; changes come sooner"),
        F("promscrape.dnsSDCheckInterval", FLAG_DUR, dns_sd_check_interval, "30s",
          "How often to look Alertmanagers up in DNS"),
        F("remoteRead.disablePathAppend", FLAG_BOOL, remote_read_disable_path_append, "false",
          "Whether -datasource.url and -remoteRead.url are complete and no API path is appended"),
        F("remoteRead.headers", FLAG_STR, remote_read_headers, "",
          "HTTP headers of every request to -remoteRead.url: 'name:value', several separated by "
          "'^^'",
          .is_secret = true),
        F("remoteRead.lookback", FLAG_DUR, remote_read_lookback, "1h0m0s",
          "How far back to look for the states of alerts after a start"),
        F("remoteRead.showURL", FLAG_BOOL, remote_read_show_url, "false",
          "Whether to show -remoteRead.url in logs and pages"),
        F("remoteRead.url", FLAG_STR, remote_read_url, "",
          "URL that holds what an earlier vmalert wrote: pending alerts are restored from it"),
        F("remoteWrite.concurrency", FLAG_INT, remote_write_concurrency, "0",
          "Requests to -remoteWrite.url at the same time; 0: 2 per CPU"),
        F("remoteWrite.disablePathAppend", FLAG_BOOL, remote_write_disable_path_append, "false",
          "Whether -remoteWrite.url is complete and /api/v1/write is not appended"),
        F("remoteWrite.flushInterval", FLAG_DUR, remote_write_flush_interval, "2s",
          "How often queued series are sent to -remoteWrite.url"),
        F("remoteWrite.headers", FLAG_STR, remote_write_headers, "",
          "HTTP headers of every request to -remoteWrite.url: 'name:value', several separated by "
          "'^^'",
          .is_secret = true),
        F("remoteWrite.maxBatchSize", FLAG_INT, remote_write_max_batch_size, "10000",
          "Most series in one request to -remoteWrite.url"),
        F("remoteWrite.maxQueueSize", FLAG_INT, remote_write_max_queue_size, "100000",
          "Most series that wait for -remoteWrite.url"),
        F("remoteWrite.retryMaxTime", FLAG_DUR, remote_write_retry_max_time, "30s",
          "How long a failed request to -remoteWrite.url is tried again"),
        F("remoteWrite.retryMinInterval", FLAG_DUR, remote_write_retry_min_interval, "1s",
          "First pause before a failed request is tried again; it doubles each time"),
        F("remoteWrite.sendTimeout", FLAG_DUR, remote_write_send_timeout, "30s",
          "Timeout of requests to -remoteWrite.url"),
        F("remoteWrite.showURL", FLAG_BOOL, remote_write_show_url, "false",
          "Whether to show -remoteWrite.url in logs and pages"),
        F("remoteWrite.url", FLAG_STR, remote_write_url, "",
          "URL that results of recording rules and states of alerts are written to, by Prometheus' "
          "remote write protocol"),
        F("replay.continueWithExecutionErr", FLAG_BOOL, replay_continue_with_errors, "false",
          "Whether replay leaves out what the datasource refuses with 400 or 422, and goes on"),
        F("replay.disableProgressBar", FLAG_BOOL, replay_disable_progress_bar, "false",
          "Taken for compatibility: replay shows no progress bar"),
        F("replay.maxDatapointsPerQuery", FLAG_INT, replay_max_datapoints, "1000",
          "Most points that replay asks for in one query"),
        F("replay.ruleEvaluationConcurrency", FLAG_INT, replay_rule_concurrency, "1",
          "Queries at the same time for one rule that is replayed; alerts with `for`: 1"),
        F("replay.ruleRetryAttempts", FLAG_INT, replay_retry_attempts, "5",
          "How often replay tries a query"),
        F("replay.rulesDelay", FLAG_DUR, replay_rules_delay, "1s",
          "Pause behind each rule that is replayed, so that the next one finds its results; 0: "
          "rules of a group are replayed at the same time"),
        F("replay.timeFrom", FLAG_STR, replay_from, "",
          "Replays the rules from this instant on (2020-01-01T20:07:00Z), then ends"),
        F("replay.timeTo", FLAG_STR, replay_to, "", "Where replay ends; empty: now"),
        F("rule", FLAG_STRS, rule, NULL,
          "File with rules, or a pattern (*, ?, **) of files; repeatable"),
        F("rule.defaultRuleType", FLAG_STR, rule_default_rule_type, "prometheus",
          "Type of groups that name none: prometheus, graphite or vlogs"),
        F("rule.evalDelay", FLAG_DUR, rule_eval_delay, "30s",
          "How far in the past queries ask, so that slow samples are there"),
        F("rule.maxResolveDuration", FLAG_DUR, rule_max_resolve_duration, "0",
          "Upper limit of the time after which Alertmanager resolves an alert by itself; 0: 4 "
          "times "
          "the interval"),
        F("rule.resendDelay", FLAG_DUR, rule_resend_delay, "0",
          "Least time between two messages about one alert; 0: every evaluation"),
        F("rule.resultsLimit", FLAG_INT, rule_results_limit, "0",
          "Most results a rule may have, for groups that set no limit; 0: any number"),
        F("rule.stripFilePath", FLAG_BOOL, rule_strip_file_path, "false",
          "Whether to show only the base name of rule files"),
        F("rule.templates", FLAG_STRS, rule_templates, NULL,
          "File, or pattern of files, with templates that rules may use; repeatable"),
        F("rule.updateEntriesLimit", FLAG_INT, rule_update_entries_limit, "20",
          "How many past evaluations of each rule to keep for its page"),
        F("rule.validateExpressions", FLAG_BOOL, rule_validate_expressions, "true",
          "Whether to refuse files with expressions that cannot be parsed"),
        F("rule.validateTemplates", FLAG_BOOL, rule_validate_templates, "true",
          "Whether to refuse files with templates that cannot be parsed"),
        F("secret.flags", FLAG_STRS, secret_flags, NULL,
          "Names of flags whose values are shown nowhere, besides those of passwords and keys"),
        F("version", FLAG_BOOL, version, "false", "Show the version and exit"),
#undef F
    };
    const struct {
        const char *prefix;
        struct client_flags *values;
    } clients[] = {{"datasource", &o->datasource_auth},
                   {"remoteRead", &o->remote_read_auth},
                   {"remoteWrite", &o->remote_write_auth}};
    size_t count = ARRAY_LEN(items), client_count = (ARRAY_LEN(clients) + 1) * CLIENT_FLAG_COUNT;
    struct flag *copy = arena_array(mem, struct flag,
                                    count + client_count + server_flags_count() +
                                        ignored_flags_count() + push_flags_count());
    memcpy(copy, items, sizeof(items));
    for (size_t i = 0; i < ARRAY_LEN(clients); i++, count += CLIENT_FLAG_COUNT)
        client_flags_put(&copy[count], clients[i].prefix, clients[i].values, mem);
    client_flag_lists_put(&copy[count], "notifier", &o->notifier_auth, mem);
    count += CLIENT_FLAG_COUNT;
    server_flags_put(&copy[count], &o->server);
    count += server_flags_count();
    push_flags_put(&copy[count], &o->push);
    count += push_flags_count();
    ignored_flags_put(&copy[count], &o->ignored);
    count += ignored_flags_count();
    qsort(copy, count, sizeof(*copy), compare_names);
    bool *is_set = arena_array(mem, bool, count);
    for (size_t i = 0; i < count; i++)
        copy[i].is_set = &is_set[i];
    return (struct flags){
        .style = FLAGS_GO,
        .program = "vmalert",
        .about = "vmalert evaluates alerting and recording rules against a datasource and sends "
                 "firing alerts to every Alertmanager",
        .items = copy,
        .count = count,
        .env_find = o->env_find,
        .env_owner = o->env_owner,
    };
}

// A secret by its name, as upstream decides it, or because the table or -secret.flags says so.
static bool is_secret(const struct flag *flag, const struct vmalert_options *o)
{
    static const char *const WORDS[] = {"pass", "key", "secret", "token"};
    const struct {
        const char *name;
        bool is_shown;
    } urls[] = {{"datasource.url", o->datasource_show_url},
                {"remoteRead.url", o->remote_read_show_url},
                {"remoteWrite.url", o->remote_write_show_url},
                {"notifier.url", o->notifier_show_url}};
    bool is_secret = flag->is_secret;
    defer(buf_done) struct buf lower = {0};
    buf_put_lower(&lower, str_c(flag->name));
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
        is_secret |= str_find_str(buf_str(&lower), str_c(WORDS[i])) != STR_NONE;
    for (size_t i = 0; i < ARRAY_LEN(urls); i++)
        is_secret |= strcmp(flag->name, urls[i].name) == 0 && !urls[i].is_shown;
    for (size_t i = 0; i < o->secret_flags.count; i++)
        is_secret |= str_eq_nocase(o->secret_flags.items[i], str_c(flag->name));
    return is_secret;
}

void buf_put_flag_value(struct buf *b, const struct flag *flag, const struct vmalert_options *opt)
{
    if (is_secret(flag, opt))
        buf_put(b, S("secret"));
    else
        flag_value_text(flag, b);
}

void buf_put_expanded(struct buf *b, str text, const struct vmalert_options *opt)
{
    for (;;) {
        size_t at = str_find_str(text, S("%{"));
        size_t end = at == STR_NONE ? STR_NONE : str_find(str_skip(text, at), '}');
        if (end == STR_NONE || !opt->env_find) {
            buf_put(b, text);
            return;
        }
        str name = str_slice(text, at + 2, at + end);
        char c[ENV_NAME_BYTES_MAX];
        const char *value = NULL;
        if (name.n < sizeof(c)) {
            memcpy(c, name.p, name.n);
            c[name.n] = '\0';
            value = opt->env_find(opt->env_owner, c);
        }
        buf_put(b, str_slice(text, 0, at));
        buf_put(b, value ? str_c(value) : str_slice(text, at, at + end + 1));
        text = str_skip(text, at + end + 1);
    }
}
