// SPDX-License-Identifier: Apache-2.0
#include "alertmanager/silence_wire.h"

#include "alertmanager/silence.pb-c.h"
#include "base/core/alloc.h"
#include "base/core/utf8.h"
#include "base/text/pb.h"

#define STORED_BLOCK_BYTES 512 // most silences are this small

// ---- validity of texts --------------------------------------------------------------------------

static bool texts_are_utf8(const ProtobufCBinaryData *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!utf8_is_valid(pb_str(*texts[i])))
            return false;
    }
    return true;
}

static bool matchers_are_utf8(Silencepb__Matcher *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const ProtobufCBinaryData *texts[] = {&items[i]->name, &items[i]->pattern};
        if (!texts_are_utf8(texts, ARRAY_LEN(texts)))
            return false;
    }
    return true;
}

static bool sets_are_utf8(Silencepb__MatcherSet *const *sets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!matchers_are_utf8(sets[i]->matchers, sets[i]->n_matchers))
            return false;
    }
    return true;
}

static str annotation_key(const Silencepb__AnnotationEntry *a)
{
    bool is_set = a->has_key_case == SILENCEPB__ANNOTATION_ENTRY__HAS_KEY_KEY;
    return is_set ? pb_str(a->key) : S("");
}

static str annotation_value(const Silencepb__AnnotationEntry *a)
{
    bool is_set = a->has_value_case == SILENCEPB__ANNOTATION_ENTRY__HAS_VALUE_VALUE;
    return is_set ? pb_str(a->value) : S("");
}

static bool silence_is_utf8(const Silencepb__Silence *s)
{
    const ProtobufCBinaryData *texts[] = {&s->id, &s->created_by, &s->comment};
    if (!texts_are_utf8(texts, ARRAY_LEN(texts)))
        return false;
    for (size_t i = 0; i < s->n_comments; i++) {
        const ProtobufCBinaryData *both[] = {&s->comments[i]->author, &s->comments[i]->comment};
        if (!texts_are_utf8(both, ARRAY_LEN(both)))
            return false;
    }
    for (size_t i = 0; i < s->n_annotations; i++) {
        if (!utf8_is_valid(annotation_key(s->annotations[i])) ||
            !utf8_is_valid(annotation_value(s->annotations[i])))
            return false;
    }
    return matchers_are_utf8(s->matchers, s->n_matchers) &&
           sets_are_utf8(s->matcher_sets, s->n_matcher_sets) &&
           sets_are_utf8(s->receiver_matcher_sets, s->n_receiver_matcher_sets);
}

// ---- reading ------------------------------------------------------------------------------------

// Brings old forms into today's: one list of matchers becomes the only set, the list of comments
// becomes comment and author. The first set is written once more for peers that know no sets.
static void modernise(Silencepb__Silence *s, struct arena *mem)
{
    if (s->n_matcher_sets == 0 && s->n_matchers > 0) {
        Silencepb__MatcherSet *set = arena_new(mem, Silencepb__MatcherSet);
        silencepb__matcher_set__init(set);
        set->matchers = s->matchers;
        set->n_matchers = s->n_matchers;
        s->matcher_sets = arena_new(mem, Silencepb__MatcherSet *);
        s->matcher_sets[0] = set;
        s->n_matcher_sets = 1;
    }
    s->n_matchers = s->n_matcher_sets > 0 ? s->matcher_sets[0]->n_matchers : 0;
    s->matchers = s->n_matcher_sets > 0 ? s->matcher_sets[0]->matchers : NULL;
    if (s->n_comments > 0) {
        s->created_by = s->comments[0]->author;
        s->comment = s->comments[0]->comment;
        s->n_comments = 0;
    }
}

static bool op_read(Silencepb__Matcher__Type type, enum matcher_op *ret)
{
    *ret = MATCH_EQ;
    switch (type) {
    case SILENCEPB__MATCHER__TYPE__EQUAL:
        return true;
    case SILENCEPB__MATCHER__TYPE__REGEXP:
        *ret = MATCH_RE;
        return true;
    case SILENCEPB__MATCHER__TYPE__NOT_EQUAL:
        *ret = MATCH_NE;
        return true;
    case SILENCEPB__MATCHER__TYPE__NOT_REGEXP:
        *ret = MATCH_NRE;
        return true;
    case _SILENCEPB__MATCHER__TYPE_IS_INT_SIZE:
        break;
    }
    return false;
}

static void make_inert(struct silence *s, const char *why)
{
    s->is_inert = true;
    s->inert_why = s->inert_why ? s->inert_why : why;
}

// A matcher that doesn't compile keeps its texts, without a regular expression.
static void matcher_read(struct silence_stored *s, const Silencepb__Matcher *in,
                         struct matcher *ret)
{
    enum matcher_op op;
    str name = pb_str(in->name), value = pb_str(in->pattern);
    if (!op_read(in->type, &op))
        make_inert(&s->pub, "invalid matcher");
    if (!s->pub.is_inert && matcher_init(ret, op, name, value, &s->mem, NULL))
        return;
    make_inert(&s->pub, "invalid matcher");
    *ret = (struct matcher){op, arena_str(&s->mem, name), arena_str(&s->mem, value), NULL};
}

static void sets_read(struct silence_stored *s, const Silencepb__Silence *in)
{
    struct matchers *sets = arena_array(&s->mem, struct matchers, in->n_matcher_sets);
    s->pub.sets = sets;
    s->pub.set_count = in->n_matcher_sets;
    size_t total = 0;
    for (size_t i = 0; i < in->n_matcher_sets; i++) {
        total += in->matcher_sets[i]->n_matchers;
        if (in->matcher_sets[i]->n_matchers == 0)
            make_inert(&s->pub, "no matchers");
    }
    if (total == 0)
        make_inert(&s->pub, "no matchers");
    if (total > SILENCE_MATCHERS_MAX)
        make_inert(&s->pub, "too many matchers");
    for (size_t i = 0; i < in->n_matcher_sets; i++) {
        const Silencepb__MatcherSet *set = in->matcher_sets[i];
        sets[i].items = arena_array(&s->mem, struct matcher, set->n_matchers);
        sets[i].count = set->n_matchers;
        for (size_t k = 0; k < set->n_matchers; k++)
            matcher_read(s, set->matchers[k], &sets[i].items[k]);
    }
}

// The text where it stands in our record: protobuf-c's copies go with the scratch arena.
static str text_in_record(const struct silence_stored *s, str text)
{
    size_t at = str_find_str(s->record, text);
    assert(at != STR_NONE);
    return str_slice(s->record, at, at + text.n);
}

struct annotation_at {
    struct silence_annotation pair;
    size_t at;
};

static int annotation_cmp(const void *a, const void *b)
{
    const struct annotation_at *x = a, *y = b;
    int order = str_cmp(x->pair.key, y->pair.key);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

static void annotations_read(struct silence_stored *s, const Silencepb__Silence *in,
                             struct arena *scratch)
{
    size_t given = in->n_annotations, count = 0;
    if (given == 0)
        return;
    struct annotation_at *sorted = arena_array(scratch, struct annotation_at, given);
    for (size_t i = 0; i < given; i++) {
        const Silencepb__AnnotationEntry *a = in->annotations[i];
        sorted[i] = (struct annotation_at){{annotation_key(a), annotation_value(a)}, i};
    }
    qsort(sorted, given, sizeof(*sorted), annotation_cmp);
    struct silence_annotation *out = arena_array(&s->mem, struct silence_annotation, given);
    for (size_t i = 0; i < given; i++) { // of equal keys the last one counts
        if (i + 1 < given && str_eq(sorted[i].pair.key, sorted[i + 1].pair.key))
            continue;
        out[count++] = (struct silence_annotation){text_in_record(s, sorted[i].pair.key),
                                                   text_in_record(s, sorted[i].pair.value)};
    }
    s->pub.annotations = out;
    s->pub.annotation_count = count;
}

// Absent: 1970, as upstream reads it.
static time_ns timestamp_read(const Silencepb__Timestamp *t)
{
    return t ? pb_time(t->seconds, t->nanos) : 0;
}

static struct silence_stored *stored_make(const Silencepb__MeshSilence *m, struct arena *scratch)
{
    const Silencepb__Silence *in = m->silence;
    struct silence_stored *s = mem_new(struct silence_stored);
    s->mem.block_bytes = STORED_BLOCK_BYTES;
    size_t bytes = pb_packed_bytes(m);
    struct buf record = {.p = arena_alloc_raw(&s->mem, bytes), .cap = bytes, .max = bytes};
    pb_pack(m, &record);
    s->record = buf_str(&record);
    s->pub.id = text_in_record(s, pb_str(in->id));
    s->pub.created_by = text_in_record(s, pb_str(in->created_by));
    s->pub.comment = text_in_record(s, pb_str(in->comment));
    s->pub.starts_at = timestamp_read(in->starts_at);
    s->pub.ends_at = timestamp_read(in->ends_at);
    s->pub.updated_at = timestamp_read(in->updated_at);
    s->pub.expires_at = m->expires_at ? timestamp_read(m->expires_at) : TIME_UNSET;
    annotations_read(s, in, scratch);
    sets_read(s, in);
    return s;
}

struct silence_stored *silence_decode(str record, struct arena *scratch, struct err *err)
{
    Silencepb__MeshSilence *m =
        pb_unpack(&silencepb__mesh_silence__descriptor, record, scratch, err);
    if (!m)
        return NULL;
    if (!m->silence) {
        err_set(err, ERR_SYNTAX, "invalid state");
        return NULL;
    }
    if (!silence_is_utf8(m->silence)) {
        err_set(err, ERR_SYNTAX, "string field contains invalid UTF-8");
        return NULL;
    }
    modernise(m->silence, scratch);
    size_t bytes = pb_packed_bytes(m);
    if (bytes > SILENCE_RECORD_BYTES_MAX) {
        err_set(err, ERR_LIMIT, "silence of %zu bytes exceeds the limit of %zu bytes", bytes,
                SILENCE_RECORD_BYTES_MAX);
        return NULL;
    }
    return stored_make(m, scratch);
}

void silence_stored_free(struct silence_stored *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->pub.set_count; i++) {
        for (size_t k = 0; k < s->pub.sets[i].count; k++)
            matcher_done(&s->pub.sets[i].items[k]);
    }
    arena_done(&s->mem);
    mem_free(s);
}

// ---- writing ------------------------------------------------------------------------------------

static Silencepb__Timestamp *timestamp_write(time_ns t, struct arena *mem)
{
    Silencepb__Timestamp *out = arena_new(mem, Silencepb__Timestamp);
    silencepb__timestamp__init(out);
    pb_time_split(t, &out->seconds, &out->nanos);
    return out;
}

static Silencepb__Matcher__Type op_write(enum matcher_op op)
{
    switch (op) {
    case MATCH_EQ:
        return SILENCEPB__MATCHER__TYPE__EQUAL;
    case MATCH_NE:
        return SILENCEPB__MATCHER__TYPE__NOT_EQUAL;
    case MATCH_RE:
        return SILENCEPB__MATCHER__TYPE__REGEXP;
    case MATCH_NRE:
        return SILENCEPB__MATCHER__TYPE__NOT_REGEXP;
    }
    return SILENCEPB__MATCHER__TYPE__EQUAL;
}

static Silencepb__MatcherSet *set_write(const struct silence_matcher_set *in, struct arena *mem)
{
    Silencepb__MatcherSet *set = arena_new(mem, Silencepb__MatcherSet);
    silencepb__matcher_set__init(set);
    set->n_matchers = in->count;
    set->matchers = arena_array(mem, Silencepb__Matcher *, in->count);
    for (size_t i = 0; i < in->count; i++) {
        Silencepb__Matcher *m = set->matchers[i] = arena_new(mem, Silencepb__Matcher);
        silencepb__matcher__init(m);
        m->type = op_write(in->items[i].op);
        m->name = pb_bytes(in->items[i].name);
        m->pattern = pb_bytes(in->items[i].value);
    }
    return set;
}

static Silencepb__AnnotationEntry *annotation_write(const struct silence_annotation *in,
                                                    struct arena *mem)
{
    Silencepb__AnnotationEntry *a = arena_new(mem, Silencepb__AnnotationEntry);
    silencepb__annotation_entry__init(a);
    a->has_key_case = SILENCEPB__ANNOTATION_ENTRY__HAS_KEY_KEY;
    a->key = pb_bytes(in->key);
    a->has_value_case = SILENCEPB__ANNOTATION_ENTRY__HAS_VALUE_VALUE;
    a->value = pb_bytes(in->value);
    return a;
}

static void times_write(Silencepb__MeshSilence *m, const struct silence_times *times,
                        struct arena *mem)
{
    m->silence->starts_at = timestamp_write(times->starts_at, mem);
    m->silence->ends_at = timestamp_write(times->ends_at, mem);
    m->silence->updated_at = timestamp_write(times->updated_at, mem);
    m->expires_at = timestamp_write(times->expires_at, mem);
}

// Without the copy of the first set.
static Silencepb__MeshSilence *message_make(const struct silence_input *in, str id,
                                            const struct silence_times *times, struct arena *mem)
{
    Silencepb__MeshSilence *m = arena_new(mem, Silencepb__MeshSilence);
    silencepb__mesh_silence__init(m);
    Silencepb__Silence *s = m->silence = arena_new(mem, Silencepb__Silence);
    silencepb__silence__init(s);
    s->id = pb_bytes(id);
    s->created_by = pb_bytes(in->created_by);
    s->comment = pb_bytes(in->comment);
    s->n_matcher_sets = in->set_count;
    s->matcher_sets = arena_array(mem, Silencepb__MatcherSet *, in->set_count);
    for (size_t i = 0; i < in->set_count; i++)
        s->matcher_sets[i] = set_write(&in->sets[i], mem);
    s->n_annotations = in->annotation_count;
    s->annotations = arena_array(mem, Silencepb__AnnotationEntry *, in->annotation_count);
    for (size_t i = 0; i < in->annotation_count; i++)
        s->annotations[i] = annotation_write(&in->annotations[i], mem);
    times_write(m, times, mem);
    return m;
}

void silence_encode(const struct silence_input *in, str id, const struct silence_times *times,
                    struct arena *scratch, struct buf *out)
{
    Silencepb__MeshSilence *m = message_make(in, id, times, scratch);
    modernise(m->silence, scratch);
    pb_pack(m, out);
}

size_t silence_limited_bytes(const struct silence_input *in, str id,
                             const struct silence_times *times, struct arena *scratch)
{
    return pb_packed_bytes(message_make(in, id, times, scratch));
}

void silence_encode_times(const struct silence_stored *s, const struct silence_times *times,
                          struct arena *scratch, struct buf *out)
{
    Silencepb__MeshSilence *m =
        pb_unpack(&silencepb__mesh_silence__descriptor, s->record, scratch, NULL);
    assert(m && m->silence); // it was decoded once
    times_write(m, times, scratch);
    pb_pack(m, out);
}
