// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/amtool/model.h"

#include "alertmanager/schema_time.h"
#include "base/core/alloc.h"
#include "base/model/labels.h"

#define TIME_LAYOUT S("2006-01-02T15:04:05.000Z07:00")

// ---- the objects -------------------------------------------------------------------------------

static const struct model RECEIVER = {"ReceiverReference",
                                      (const struct model_field[]){{"name", MODEL_STR, NULL}, {0}}};

static const struct model ALERT_STATUS = {
    "AlertStatus", (const struct model_field[]){{"inhibitedBy", MODEL_STRS, NULL},
                                                {"mutedBy", MODEL_STRS, NULL},
                                                {"silencedBy", MODEL_STRS, NULL},
                                                {"state", MODEL_STR, NULL},
                                                {0}}};

const struct model MODEL_ALERT = {
    "GettableAlert", (const struct model_field[]){{"annotations", MODEL_LABELS, NULL},
                                                  {"endsAt", MODEL_TIME, NULL},
                                                  {"fingerprint", MODEL_STR, NULL},
                                                  {"receivers", MODEL_LIST, &RECEIVER},
                                                  {"startsAt", MODEL_TIME, NULL},
                                                  {"status", MODEL_OBJECT, &ALERT_STATUS},
                                                  {"updatedAt", MODEL_TIME, NULL},
                                                  {"generatorURL", MODEL_TEXT, NULL},
                                                  {"labels", MODEL_LABELS, NULL},
                                                  {0}}};

static const struct model MATCHER = {"Matcher",
                                     (const struct model_field[]){{"isEqual", MODEL_OPT_BOOL, NULL},
                                                                  {"isRegex", MODEL_BOOL, NULL},
                                                                  {"name", MODEL_STR, NULL},
                                                                  {"value", MODEL_STR, NULL},
                                                                  {0}}};

static const struct model SILENCE_STATUS = {
    "SilenceStatus", (const struct model_field[]){{"state", MODEL_STR, NULL}, {0}}};

#define SILENCE_FIELDS                                                                             \
    {"annotations", MODEL_OPT_LABELS, NULL}, {"comment", MODEL_STR, NULL},                         \
        {"createdBy", MODEL_STR, NULL}, {"endsAt", MODEL_TIME, NULL},                              \
        {"matchers", MODEL_LIST, &MATCHER},                                                        \
    {                                                                                              \
        "startsAt", MODEL_TIME, NULL                                                               \
    }

const struct model MODEL_SILENCE = {
    "GettableSilence", (const struct model_field[]){{"id", MODEL_STR, NULL},
                                                    {"status", MODEL_OBJECT, &SILENCE_STATUS},
                                                    {"updatedAt", MODEL_TIME, NULL},
                                                    SILENCE_FIELDS,
                                                    {0}}};

const struct model MODEL_NEW_SILENCE = {
    "PostableSilence", (const struct model_field[]){{"id", MODEL_TEXT, NULL}, SILENCE_FIELDS, {0}}};

const struct model MODEL_SILENCE_ID = {
    "PostSilencesOKBody", (const struct model_field[]){{"silenceID", MODEL_TEXT, NULL}, {0}}};

static const struct model PEER = {
    "PeerStatus",
    (const struct model_field[]){{"address", MODEL_STR, NULL}, {"name", MODEL_STR, NULL}, {0}}};

const struct model MODEL_CLUSTER = {"ClusterStatus",
                                    (const struct model_field[]){{"name", MODEL_TEXT, NULL},
                                                                 {"peers", MODEL_LIST, &PEER},
                                                                 {"status", MODEL_STR, NULL},
                                                                 {0}}};

static const struct model CONFIG = {
    "AlertmanagerConfig", (const struct model_field[]){{"original", MODEL_STR, NULL}, {0}}};

static const struct model VERSION = {"VersionInfo",
                                     (const struct model_field[]){{"branch", MODEL_STR, NULL},
                                                                  {"buildDate", MODEL_STR, NULL},
                                                                  {"buildUser", MODEL_STR, NULL},
                                                                  {"goVersion", MODEL_STR, NULL},
                                                                  {"revision", MODEL_STR, NULL},
                                                                  {"version", MODEL_STR, NULL},
                                                                  {0}}};

const struct model MODEL_STATUS = {
    "AlertmanagerStatus", (const struct model_field[]){{"cluster", MODEL_OBJECT, &MODEL_CLUSTER},
                                                       {"config", MODEL_OBJECT, &CONFIG},
                                                       {"uptime", MODEL_TIME, NULL},
                                                       {"versionInfo", MODEL_OBJECT, &VERSION},
                                                       {0}}};

// ---- times -------------------------------------------------------------------------------------

struct gotime model_time(const json *v)
{
    struct gotime t;
    return json_is_string(v) && schema_time_parse(json_str(v), &t, NULL) ? t : gotime_zero();
}

str model_time_text(struct gotime t, struct arena *mem)
{
    struct buf text = {.mem = mem};
    buf_put_gotime(&text, &t, TIME_LAYOUT);
    return buf_str(&text);
}

void model_put_time(struct json_writer *w, struct gotime t)
{
    defer(buf_done) struct buf text = {0};
    buf_put_gotime(&text, &t, TIME_LAYOUT);
    json_put_str(w, buf_str(&text));
}

// ---- checking ----------------------------------------------------------------------------------

static const char *json_kind(const json *v)
{
    return json_is_object(v)   ? "object"
           : json_is_array(v)  ? "array"
           : json_is_string(v) ? "string"
           : json_is_number(v) ? "number"
           : json_is_bool(v)   ? "bool"
                               : "null";
}

struct place {
    const struct model *model;
    const struct model_field *field;
};

static bool mismatch(const struct place *p, const json *v, const char *type, struct err *err)
{
    return err_set(err, ERR_INVALID,
                   "json: cannot unmarshal %s into Go struct field %s.%s of type %s", json_kind(v),
                   p->model->name, p->field->name, type);
}

static bool check_strs(const struct place *p, const json *v, bool is_map, struct err *err)
{
    const char *type = is_map ? "map[string]string" : "[]string";
    if (is_map ? !json_is_object(v) : !json_is_array(v))
        return mismatch(p, v, type, err);
    json_each (item, v) {
        if (!json_is_string(item) && !json_is_null(item))
            return mismatch(p, item, "string", err);
    }
    return true;
}

static bool check_field(const struct place *p, const json *v, struct err *err)
{
    struct gotime t;
    switch (p->field->kind) {
    case MODEL_STR:
    case MODEL_TEXT:
        return json_is_string(v) || mismatch(p, v, "string", err);
    case MODEL_BOOL:
    case MODEL_OPT_BOOL:
        return json_is_bool(v) || mismatch(p, v, "bool", err);
    case MODEL_TIME:
        return json_is_string(v) ? schema_time_parse(json_str(v), &t, err)
                                 : mismatch(p, v, "string", err);
    case MODEL_STRS:
        return check_strs(p, v, false, err);
    case MODEL_LABELS:
    case MODEL_OPT_LABELS:
        return check_strs(p, v, true, err);
    case MODEL_OBJECT:
        return model_check(p->field->sub, v, err);
    case MODEL_LIST:
        return model_check_list(p->field->sub, v, err);
    }
    return true;
}

bool model_check(const struct model *m, const json *v, struct err *err)
{
    if (json_is_null(v))
        return true;
    if (!json_is_object(v))
        return err_set(err, ERR_INVALID,
                       "json: cannot unmarshal %s into Go value of type models.%s", json_kind(v),
                       m->name);
    for (const struct model_field *f = m->fields; f->name; f++) {
        const json *member = json_get_nocase(v, str_c(f->name));
        if (!json_is_null(member) && !check_field(&(struct place){m, f}, member, err))
            return false;
    }
    return true;
}

bool model_check_list(const struct model *m, const json *v, struct err *err)
{
    if (json_is_null(v))
        return true;
    if (!json_is_array(v))
        return err_set(err, ERR_INVALID,
                       "json: cannot unmarshal %s into Go value of type models.%ss", json_kind(v),
                       m->name);
    json_each (item, v) {
        if (!model_check(m, item, err))
            return false;
    }
    return true;
}

void model_word_error(struct err *err)
{
    struct err why = *err;
    size_t offset = str_find_str(err_str(&why), S(" at byte "));
    if (str_eq(err_str(&why), S("unexpected end of JSON input")))
        err_set(err, ERR_SYNTAX, "unexpected EOF");
    else if (offset != STR_NONE)
        err_set(err, ERR_SYNTAX, "%.*s", STR(str_slice(err_str(&why), 0, offset)));
}

// ---- writing -----------------------------------------------------------------------------------

static void put_strs(struct json_writer *w, const json *v)
{
    json_array_begin(w);
    json_each (item, v)
        json_put_str(w, json_str(item));
    json_array_end(w);
}

static void put_labels(struct json_writer *w, const json *v)
{
    struct arena mem = {0};
    struct label *labels = arena_array(&mem, struct label, json_count(v));
    size_t count = 0;
    json_each (item, v)
        labels[count++] = (struct label){json_key(item), json_str(item)};
    count = label_sort_unique(labels, count);
    json_object_begin(w);
    for (size_t i = 0; i < count; i++) {
        json_put_key(w, labels[i].name);
        json_put_str(w, labels[i].value);
    }
    json_object_end(w);
    arena_done(&mem);
}

static void put_list(struct json_writer *w, const struct model *m, const json *v)
{
    json_array_begin(w);
    json_each (item, v)
        model_put(w, m, item, NULL, 0);
    json_array_end(w);
}

static void put_field(struct json_writer *w, const struct model_field *f, const json *v)
{
    if (json_is_null(v)) {
        json_put_null(w);
        return;
    }
    switch (f->kind) {
    case MODEL_STR:
    case MODEL_TEXT:
        json_put_str(w, json_str(v));
        return;
    case MODEL_BOOL:
    case MODEL_OPT_BOOL:
        json_put_bool(w, json_bool(v));
        return;
    case MODEL_TIME:
        model_put_time(w, model_time(v));
        return;
    case MODEL_STRS:
        put_strs(w, v);
        return;
    case MODEL_LABELS:
    case MODEL_OPT_LABELS:
        put_labels(w, v);
        return;
    case MODEL_OBJECT:
        model_put(w, f->sub, v, NULL, 0);
        return;
    case MODEL_LIST:
        put_list(w, f->sub, v);
        return;
    }
}

static bool is_left_out(const struct model_field *f, const json *v)
{
    return (f->kind == MODEL_TEXT && json_str(v).n == 0) ||
           (f->kind == MODEL_OPT_BOOL && json_is_null(v)) ||
           (f->kind == MODEL_OPT_LABELS && json_count(v) == 0);
}

static const struct model_change *find_change(const struct model_change *changes, size_t count,
                                              const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(changes[i].name, str_c(name)))
            return &changes[i];
    }
    return NULL;
}

void model_put(struct json_writer *w, const struct model *m, const json *v,
               const struct model_change *changes, size_t change_count)
{
    if (json_is_null(v)) {
        json_put_null(w);
        return;
    }
    json_object_begin(w);
    for (const struct model_field *f = m->fields; f->name; f++) {
        const json *member = json_get_nocase(v, str_c(f->name));
        const struct model_change *change = find_change(changes, change_count, f->name);
        if (!change && is_left_out(f, member))
            continue;
        if (change && str_eq(change->text, S("\"\"")) && f->kind == MODEL_TEXT)
            continue;
        json_put_key(w, str_c(f->name));
        if (change)
            json_put_raw(w, change->text);
        else
            put_field(w, f, member);
    }
    json_object_end(w);
}
