// SPDX-License-Identifier: Apache-2.0
// cJSON builds the tree; json_scan.c has looked at the text before, because cJSON is laxer than
// Go's decoder in some places and stricter in others. Its allocations go to the arena of the parse
// that this thread is in.
#include "base/text/json.h"

#include <cjson/cJSON.h>

#include "base/core/alloc.h"
#include "base/text/json_scan.h"

// ---- cJSON's memory -----------------------------------------------------------------------------

static _Thread_local struct arena *arena_of_parse; // NULL outside json_parse: the heap

static void *json_alloc(size_t bytes)
{
    return arena_of_parse ? arena_alloc_raw(arena_of_parse, bytes) : mem_alloc(bytes);
}

static void json_free(void *p)
{
    if (!arena_of_parse)
        mem_free(p);
}

// The hooks are global to cJSON, so they are set once, before there are threads.
__attribute__((constructor)) static void json_set_hooks(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = json_alloc, .free_fn = json_free});
}

// ---- texts with NUL bytes -----------------------------------------------------------------------

// cJSON's texts end at a NUL. The scan writes \u0000 as JSON_NUL, and such texts are kept with
// their length in front; bits of `type` that cJSON leaves alone tell which they are.
#define TEXT_IS_COUNTED (1 << 16)
#define KEY_IS_COUNTED  (1 << 17)

static char *counted_from(const char *text, struct arena *mem)
{
    size_t n = strlen(text);
    size_t *counted = arena_alloc_raw(mem, sizeof(size_t) + n + 1);
    char *to = (char *)(counted + 1);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool is_nul = str_starts(str_from(text + i, n - i), JSON_NUL);
        to[kept++] = (char)(is_nul ? '\0' : text[i]);
        i += is_nul;
    }
    to[kept] = '\0';
    *counted = kept;
    return to;
}

static str text_or_counted(const char *text, bool is_counted)
{
    if (!is_counted)
        return str_c(text);
    size_t n;
    memcpy(&n, text - sizeof(n), sizeof(n));
    return str_from(text, n);
}

static void json_count_texts(json *v, struct arena *mem) // recursion: JSON_DEPTH_MAX
{
    for (; v; v = v->next) {
        if (v->string && strstr(v->string, JSON_NUL.p)) {
            v->string = counted_from(v->string, mem);
            v->type |= KEY_IS_COUNTED;
        }
        if (cJSON_IsString(v) && strstr(v->valuestring, JSON_NUL.p)) {
            v->valuestring = counted_from(v->valuestring, mem);
            v->type |= TEXT_IS_COUNTED;
        }
        json_count_texts(v->child, mem);
    }
}

// ---- parsing ------------------------------------------------------------------------------------

static json *json_build(const struct json_scan *scan, struct arena *mem, struct err *err)
{
    str clean = scan->needs_rewrite ? json_rewrite(scan->value, mem) : scan->value;

    struct arena *outer = arena_of_parse;
    arena_of_parse = mem;
    json *v = cJSON_ParseWithLength(clean.p, clean.n);
    arena_of_parse = outer;
    if (!v) {
        err_set(err, ERR_SYNTAX, "invalid JSON");
        return NULL;
    }
    if (scan->has_nul)
        json_count_texts(v, mem);
    return v;
}

json *json_parse(str text, bool rest_is_fine, struct arena *mem, struct err *err)
{
    struct json_scan scan;
    return json_scan(text, rest_is_fine, &scan, err) ? json_build(&scan, mem, err) : NULL;
}

json *json_parse_next(str *text, struct arena *mem, struct err *err)
{
    struct json_scan scan;
    if (!json_scan(*text, true, &scan, err))
        return NULL;
    const char *end = scan.value.p + scan.value.n;
    *text = str_from(end, (size_t)(text->p + text->n - end));
    return json_build(&scan, mem, err);
}

// ---- getters ------------------------------------------------------------------------------------

bool json_is_object(const json *v)
{
    return cJSON_IsObject(v);
}

bool json_is_array(const json *v)
{
    return cJSON_IsArray(v);
}

bool json_is_string(const json *v)
{
    return cJSON_IsString(v);
}

bool json_is_number(const json *v)
{
    return cJSON_IsNumber(v);
}

bool json_is_bool(const json *v)
{
    return cJSON_IsBool(v);
}

bool json_is_null(const json *v)
{
    return !v || cJSON_IsNull(v);
}

str json_str(const json *v)
{
    return json_is_string(v) ? text_or_counted(v->valuestring, v->type & TEXT_IS_COUNTED) : S("");
}

str json_key(const json *v)
{
    return v ? text_or_counted(v->string, v->type & KEY_IS_COUNTED) : S("");
}

double json_number(const json *v)
{
    return json_is_number(v) ? v->valuedouble : 0;
}

bool json_bool(const json *v)
{
    return cJSON_IsTrue(v);
}

size_t json_count(const json *v)
{
    size_t count = 0;
    json_each (item, v)
        count++;
    return count;
}

const json *json_first(const json *container)
{
    return json_is_object(container) || json_is_array(container) ? container->child : NULL;
}

const json *json_next(const json *v)
{
    return v->next;
}

const json *json_get(const json *object, str key)
{
    const json *found = NULL;
    if (!json_is_object(object))
        return NULL;
    json_each (member, object) {
        if (str_eq(json_key(member), key))
            found = member;
    }
    return found;
}

const json *json_get_nocase(const json *object, str key)
{
    const json *found = json_get(object, key);
    if (found || !json_is_object(object))
        return found;
    json_each (member, object) {
        if (str_eq_nocase(json_key(member), key))
            found = member;
    }
    return found;
}
