// SPDX-License-Identifier: Apache-2.0
#include "vmalert/loader.h"

#include "base/core/hash.h"
#include "base/env.h"
#include "base/text/unicode.h"
#include "rules/expr_check.h"
#include "rules/template.h"
#include "vmalert/file_glob.h"
#include "vmalert/rule_urls.h"

struct checker {
    const struct tpl_set *templates;
    bool validates_expressions;
};

// A LogsQL expression is looked at in any case: what it results in decides how it is asked.
static bool check_expr(void *owner, enum rule_type type, str expr, struct err *err)
{
    const struct checker *c = owner;
    return (!c->validates_expressions && type != RULE_VLOGS) || rule_expr_check(type, expr, err);
}

static bool check_template(void *owner, str text, struct err *err)
{
    const struct checker *c = owner;
    return rule_template_check(c->templates, text, err);
}

bool rule_source_parse(str source, struct rule_source *ret, struct err *err)
{
    size_t at = str_find_str(source, S("://"));
    str scheme = at == STR_NONE ? S("fs") : str_slice(source, 0, at);
    str path = at == STR_NONE ? source : str_skip(source, at + 3);
    *ret = (struct rule_source){source, path, rule_url_is_one(source)};
    if (path.n == 0)
        return err_set(err, ERR_INVALID, "error while parsing path \"%.*s\": path cannot be empty",
                       STR(source));
    if (!ret->is_url && !str_eq(scheme, S("fs")))
        return err_set(err, ERR_UNSUPPORTED,
                       "error while parsing path \"%.*s\": unsupported scheme \"%.*s\"",
                       STR(source), STR(scheme));
    return true;
}

void buf_put_rule_source(struct buf *b, const struct rule_source *source)
{
    defer(buf_done) struct buf path = {0};
    if (source->is_url)
        buf_put_rule_url(&path, source->text);
    else
        buf_put(&path, source->pattern);
    buf_put(b, source->is_url ? S("URL {Path: ") : S("Local FS{MatchPattern: "));
    buf_put_quoted(b, buf_str(&path));
    buf_put_c(b, '}');
}

struct file_list {
    struct arena *mem;
    struct rule_file_text *items;
    size_t count, cap;
};

static bool has_file(const struct file_list *l, str name)
{
    for (size_t i = 0; i < l->count; i++) {
        if (str_eq(l->items[i].name, name))
            return true;
    }
    return false;
}

static void add_file(struct file_list *l, str name, str text)
{
    if (l->count == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 16;
        struct rule_file_text *grown = arena_array(l->mem, struct rule_file_text, l->cap);
        if (l->count)
            memcpy(grown, l->items, l->count * sizeof(*grown));
        l->items = grown;
    }
    l->items[l->count++] = (struct rule_file_text){name, text};
}

static bool read_file(struct env *env, str path, const struct vmalert_options *opt,
                      struct file_list *l, struct err *err)
{
    struct buf raw = {0}, text = {.max = RULE_FILE_BYTES_MAX};
    bool ok = env_file_read(env, path, RULE_FILE_BYTES_MAX, &raw, err);
    if (ok) {
        buf_put_expanded(&text, buf_str(&raw), opt);
        add_file(l, path, arena_str(l->mem, buf_str(&text)));
    }
    buf_done(&raw);
    buf_done(&text);
    return ok || err_wrap(err, "error while reading file \"%.*s\"", STR(path));
}

static bool read_url(const struct rule_urls *urls, str url, const struct vmalert_options *opt,
                     struct file_list *l, struct err *err)
{
    str raw;
    struct buf text = {.max = RULE_FILE_BYTES_MAX};
    if (!rule_urls_text(urls, url, &raw, err))
        return false;
    buf_put_expanded(&text, raw, opt);
    add_file(l, url, arena_str(l->mem, buf_str(&text)));
    buf_done(&text);
    return true;
}

static void note_end(struct env *env, size_t count, mono_ns began, str source)
{
    defer(buf_done) struct buf took = {0};
    buf_put_dur_go(&took, env_mono(env) - began);
    log_printf(&env->log, LOG_INFO, LOG_WHERE, "finished reading %zu files in %.*s from %.*s",
               count, STR(buf_str(&took)), STR(source));
}

static bool read_source(struct env *env, str text, const struct vmalert_options *opt, bool is_quiet,
                        const struct rule_urls *urls, struct file_list *l, struct err *err)
{
    struct rule_source source;
    mono_ns began = env_mono(env);
    str *paths = &source.text;
    size_t count = 1;
    if (!rule_source_parse(text, &source, err))
        return false;
    if (!source.is_url && !file_glob(env, source.pattern, l->mem, &paths, &count, err))
        return err_wrap(err, "error while initializing path \"%.*s\"", STR(text));
    if (l->count + count > LOADER_FILES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d rule files", LOADER_FILES_MAX);
    defer(buf_done) struct buf name = {0}, quoted = {0};
    buf_put_rule_source(&name, &source);
    buf_put_quoted(&quoted, buf_str(&name));
    if (!is_quiet)
        log_printf(&env->log, LOG_INFO, LOG_WHERE, "found %zu files to read from %.*s", count,
                   STR(buf_str(&quoted)));
    for (size_t i = 0; i < count; i++) {
        if (has_file(l, paths[i]))
            return err_set(err, ERR_EXISTS,
                           "duplicate found for file name \"%.*s\": file names must be unique",
                           STR(paths[i]));
        bool ok = source.is_url ? read_url(urls, paths[i], opt, l, err)
                                : read_file(env, paths[i], opt, l, err);
        if (!ok)
            return err_wrap(err, "error while reading files from %.*s", STR(buf_str(&quoted)));
    }
    if (!is_quiet)
        note_end(env, count, began, buf_str(&quoted));
    return true;
}

static void warn_of_no_groups(struct env *env, const struct vmalert_options *opt)
{
    struct buf names = {0};
    for (size_t i = 0; i < opt->rule.count; i++) {
        buf_put(&names, i ? S(";") : S(""));
        buf_put_rule_url(&names, opt->rule.items[i]);
    }
    log_printf(&env->log, LOG_WARN, LOG_WHERE, "no groups found in %.*s", STR(buf_str(&names)));
    buf_done(&names);
}

static void wrap_with_sources(const struct vmalert_options *opt, struct err *err)
{
    struct buf names = {.max = ERR_TEXT_BYTES};
    for (size_t i = 0; i < opt->rule.count; i++) {
        buf_put(&names, i ? S(" ") : S(""));
        buf_put_rule_url(&names, opt->rule.items[i]);
    }
    err_wrap(err, "failed to parse [%.*s]", STR(buf_str(&names)));
    buf_done(&names);
}

struct rule_files *load_rules(struct env *env, const struct vmalert_options *opt,
                              const struct tpl_set *templates, bool is_quiet,
                              const struct rule_urls *urls, struct err *err)
{
    struct arena mem = {0};
    struct file_list files = {.mem = &mem};
    struct checker checker = {
        .templates = templates,
        .validates_expressions = opt->rule_validate_expressions || opt->dry_run,
    };
    struct rule_file_options options = {
        .default_interval = opt->evaluation_interval,
        .default_limit = opt->rule_results_limit,
        .check_expr = check_expr,
        .check_template = opt->rule_validate_templates || opt->dry_run ? check_template : NULL,
        .owner = &checker,
    };
    struct rule_files *parsed = NULL;
    bool ok = rule_type_parse(opt->rule_default_rule_type, &options.default_type) ||
              err_set(err, ERR_INVALID,
                      "unknown datasource type=\"%.*s\", want prometheus, graphite or vlogs",
                      STR(opt->rule_default_rule_type));
    for (size_t i = 0; i < opt->rule.count && ok; i++)
        ok = read_source(env, opt->rule.items[i], opt, is_quiet, urls, &files, err) ||
             err_wrap(err, "failed to read from the config");
    if (ok) {
        parsed = rule_files_parse(files.items, files.count, &options, err);
        if (!parsed)
            wrap_with_sources(opt, err);
        else if (parsed->group_count == 0)
            warn_of_no_groups(env, opt);
    }
    arena_done(&mem);
    return parsed;
}

// ---- templates ---------------------------------------------------------------------------------

static str base_name(str path)
{
    str folder, base;
    return str_cut_last(path, '/', &folder, &base) ? base : path;
}

static bool parse_template_file(struct env *env, str path, struct tpl_set *set, struct xxh64 *sum,
                                struct err *err)
{
    struct buf text = {0};
    bool ok = env_file_read(env, path, TPL_TEXT_BYTES_MAX, &text, err) &&
              tpl_parse(set, base_name(path), buf_str(&text), err);
    xxh64_update(sum, path);
    xxh64_update(sum, buf_str(&text));
    buf_done(&text);
    return ok;
}

struct tpl_set *load_templates(struct env *env, const struct vmalert_options *opt,
                               uint64_t *ret_sum, struct err *err)
{
    struct tpl_set *set = rule_template_set_new();
    struct arena mem = {0};
    struct xxh64 sum;
    bool ok = true;
    xxh64_init(&sum);
    for (size_t i = 0; i < opt->rule_templates.count && ok; i++) {
        str pattern = opt->rule_templates.items[i], *paths;
        size_t count = 0;
        ok = file_glob(env, pattern, &mem, &paths, &count, err) ||
             err_wrap(err, "failed to retrieve a template glob \"%.*s\"", STR(pattern));
        for (size_t j = 0; j < count && ok; j++)
            ok = parse_template_file(env, paths[j], set, &sum, err) ||
                 err_wrap(err, "failed to parse template glob \"%.*s\"", STR(pattern));
    }
    arena_done(&mem);
    *ret_sum = xxh64_digest(&sum);
    if (ok)
        return set;
    tpl_set_free(set);
    return NULL;
}
