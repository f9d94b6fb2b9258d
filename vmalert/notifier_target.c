// SPDX-License-Identifier: Apache-2.0
#include "vmalert/notifier_target.h"

#include "base/model/target_url.h"
#include "base/text/url.h"

#define ALERTS_PATH "api/v2/alerts"

// "/" and the pieces of the prefix, without empty ones, "." and what ".." takes back (Go's
// path.Join).
static str joined_path(str prefix, struct arena *mem)
{
    struct buf path = {0};
    for (bool more = true; more;) {
        str piece;
        more = str_cut(prefix, '/', &piece, &prefix);
        size_t slash = str_find_last(buf_str(&path), '/');
        if (str_eq(piece, S("..")))
            path.n = slash == STR_NONE ? 0 : slash;
        else if (piece.n && !str_eq(piece, S(".")))
            buf_printf(&path, "/%.*s", STR(piece));
    }
    buf_put(&path, S("/" ALERTS_PATH));
    str s = arena_str(mem, buf_str(&path));
    buf_done(&path);
    return s;
}

static void merge_labels(const struct notifier_target_rules *rules, str target,
                         const struct label_list *meta, struct label_list *to)
{
    str address = target, scheme = rules->scheme, path = joined_path(rules->path_prefix, to->mem);
    target_take_apart(&address, &scheme, &path);
    if (meta)
        label_list_copy(to, meta);
    label_list_set_given(to, S("__address__"), address);
    label_list_set_given(to, S("__scheme__"), scheme);
    label_list_set_given(to, S("__alerts_path__"), path);
}

bool notifier_target_make(const struct notifier_target_rules *rules, str target,
                          const struct label_list *meta, struct arena *mem,
                          struct notifier_target *ret, struct err *err)
{
    struct label_list *labels = &ret->labels;
    *ret = (struct notifier_target){.labels.mem = mem};
    merge_labels(rules, target, meta, labels);
    relabel_apply(rules->relabel, labels);
    label_list_remove_meta(labels);
    label_list_sort(labels);
    str address = label_list_get(labels, S("__address__"));
    str scheme = label_list_get(labels, S("__scheme__"));
    str path = label_list_get(labels, S("__alerts_path__"));
    if (address.n == 0)
        return true;
    if (scheme.n == 0)
        scheme = S("http");
    struct url parsed;
    str url = arena_printf(mem, "%.*s://%.*s%s%.*s", STR(scheme),
                           STR(target_with_port(address, str_eq(scheme, S("https")), mem)),
                           str_starts(path, S("/")) ? "" : "/", STR(path));
    if (!url_parse(url, mem, &parsed, err))
        return err_wrap(err,
                        "invalid url \"%.*s\" for scheme=\"%.*s\" (\"%.*s\"), target=\"%.*s\", "
                        "metrics_path=\"%.*s\" (\"%.*s\")",
                        STR(url), STR(rules->scheme), STR(scheme), STR(target), STR(address),
                        STR(path));
    ret->url = url;
    return true;
}
