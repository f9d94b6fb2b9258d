// SPDX-License-Identifier: Apache-2.0
// What /metrics says about the process itself, besides process_* (spec: vmalert HTTP §10.3).
#include "base/core/alloc.h"
#include "vmalert/app.h"

static struct metric_family *gauges(struct vmalert *v, const char *name, const char *help,
                                    const char *labels)
{
    return metrics_family(v->metrics, METRIC_GAUGE, name, help, labels, NULL, 0);
}

// "v1.150.0" of the version's text: what dashboards compare.
static str short_version(str version)
{
    size_t at = str_find_last(version, 'v');
    return at == STR_NONE ? S("") : str_skip(version, at);
}

static void put_flags(struct vmalert *v)
{
    const struct flags *flags = v->opt->flags;
    struct metric_family *f =
        gauges(v, "flag", "Command-line flags and their values", "name,value,is_set");
    defer(buf_done) struct buf value = {0};
    for (size_t i = 0; flags && i < flags->count; i++) {
        const struct flag *flag = &flags->items[i];
        buf_clear(&value);
        buf_put_flag_value(&value, flag, v->opt);
        bool is_set = flag->is_set && *flag->is_set;
        metric_get(f, (str[]){str_c(flag->name), buf_str(&value), is_set ? S("true") : S("false")})
            ->value = 1;
    }
}

static void collect_uptime(void *owner)
{
    struct vmalert *v = owner;
    dur_ns up = env_mono(v->env) - v->started_at;
    dur_ns up_s = up / DUR_SECONDS(1);
    metric_get(gauges(v, "vm_app_uptime_seconds", "Whole seconds since the start", ""), NULL)
        ->value = (double)up_s;
}

void vmalert_metrics_init_process(struct vmalert *v)
{
    const struct vmalert_options *o = v->opt;
    str version = str_c(VMALERT_VERSION);
    time_ns now_s = env_now(v->env) / DUR_SECONDS(1);
    v->started_at = env_mono(v->env);
    metric_get(gauges(v, "vm_app_version", "Version of this program", "version,short_version"),
               (str[]){version, short_version(version)})
        ->value = 1;
    metrics_gauge(v->metrics, "vm_app_start_timestamp", "When this process started")->value =
        (double)now_s;
    if (o->os_release.n)
        metric_get(gauges(v, "vm_os_info", "The operating system", "os,release"),
                   (str[]){S("linux"), o->os_release})
            ->value = 1;
    if (o->memory_bytes)
        metrics_gauge(v->metrics, "vm_available_memory_bytes", "Memory of this machine")->value =
            (double)o->memory_bytes;
    metrics_gauge(v->metrics, "vm_available_cpu_cores", "Processors of this machine")->value =
        (double)o->cpus;
    put_flags(v);
    metrics_on_collect(v->metrics, collect_uptime, v);
}
