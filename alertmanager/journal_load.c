// SPDX-License-Identifier: Apache-2.0
// Start-up: the snapshot, then both journals. Their order doesn't matter: each record is merged.
#include "alertmanager/journal_file.h"
#include "alertmanager/journal_priv.h"
#include "alertmanager/snapshot.h"

static bool load_snapshot_record(void *owner, str record, struct err *err)
{
    struct journal *j = owner;
    return j->hooks.load(j->hooks.owner, FROM_SNAPSHOT, record, err);
}

static bool load_journal_record(void *owner, str record, struct err *err)
{
    struct journal *j = owner;
    return j->hooks.load(j->hooks.owner, FROM_JOURNAL, record, err);
}

// Keeps the bytes for a copy beside the file. The file itself stays until a fold has made it
// superfluous, so a crash before that loses nothing of what is still good in it.
static void set_aside(struct journal *j, const char *path, struct buf *takes)
{
    assert(j->aside_count < ARRAY_LEN(j->asides));
    struct journal_aside *a = &j->asides[j->aside_count++];
    snapshot_corrupt_path(str_c(path), env_now(j->env), &a->path);
    a->bytes = *takes;
    *takes = (struct buf){0};
}

// A missing file is empty.
static bool read_file(struct journal *j, const char *path, struct buf *out, struct err *err)
{
    struct err why = ERR_INIT;
    if (env_file_read(j->env, str_c(path), SNAPSHOT_BYTES_MAX, out, &why))
        return true;
    if (why.code == ERR_NOT_FOUND)
        return true;
    return err_set(err, why.code, "%.*s", STR(err_str(&why)));
}

static void report_damage(struct journal_report *report, const char *path, const struct err *damage)
{
    if (report->damage.code == ERR_NONE)
        err_set(&report->damage, damage->code, "%s: %.*s", path, STR(err_str(damage)));
}

// A snapshot replaces its predecessor whole, so one that ends early is damaged.
static void scan_framed(struct journal *j, str file, struct snapshot_report *ret)
{
    struct journal_scan scan;
    journal_scan(file, str_c(j->kind), load_snapshot_record, j, &scan);
    *ret = (struct snapshot_report){
        .records = scan.records,
        .bad_records = scan.bad_records,
        .skipped_bytes = scan.skipped_bytes + scan.torn_bytes,
        .damage = scan.damage,
    };
    if (scan.torn_bytes > 0 && !snapshot_is_damaged(ret))
        err_set(&ret->damage, ERR_SYNTAX, "unexpected end");
}

static bool load_snapshot(struct journal *j, struct journal_report *report, struct err *err)
{
    defer(buf_done) struct buf file = {.max = SNAPSHOT_BYTES_MAX};
    if (!read_file(j, j->path, &file, err))
        return false;
    struct snapshot_report r;
    if (j->is_framed)
        scan_framed(j, buf_str(&file), &r);
    else
        snapshot_load(buf_str(&file), load_snapshot_record, j, &r);
    j->stats.snapshot_bytes = file.n;
    report->snapshot_records = r.records;
    report->bad_records += r.bad_records;
    report->skipped_bytes += r.skipped_bytes;
    report->is_snapshot_damaged = snapshot_is_damaged(&r);
    if (report->is_snapshot_damaged) {
        report_damage(report, j->path, &r.damage);
        set_aside(j, j->path, &file);
    }
    return true;
}

// ret_cut: where it can be appended to; 0: it has to be begun anew, which its is_live may forbid.
static void load_journal(struct journal *j, struct journal_file *f, struct buf *file,
                         uint64_t *ret_cut, struct journal_report *report)
{
    struct journal_scan scan;
    journal_scan(buf_str(file), str_c(j->kind), load_journal_record, j, &scan);
    bool is_damaged = scan.damage.code != ERR_NONE;
    f->generation = scan.generation;
    f->bytes = file->n;
    f->is_live = scan.records > 0 || is_damaged;
    *ret_cut = is_damaged ? 0 : scan.good_bytes;
    report->journal_records += scan.records;
    report->bad_records += scan.bad_records;
    report->skipped_bytes += scan.skipped_bytes;
    report->torn_bytes += scan.torn_bytes;
    if (is_damaged) {
        report->is_journal_damaged = true;
        report_damage(report, f->path, &scan.damage);
        set_aside(j, f->path, file);
    }
}

// Appends go on in the younger journal; where that is damaged, in the other one if it is empty.
// Neither: the journal starts broken, and the fold that follows repairs it.
static void choose_file(struct journal *j, const uint64_t cut[JOURNAL_FILES], struct err *err)
{
    unsigned younger = j->files[1].generation > j->files[0].generation;
    for (unsigned i = 0; i < JOURNAL_FILES; i++) {
        unsigned which = i == 0 ? younger : 1 - younger;
        struct journal_file *f = &j->files[which];
        if (f->is_live && (cut[which] == 0 || which != younger))
            continue; // can't be appended to, and can't be emptied either
        if (journal_begin_file(j, which, which == younger ? cut[which] : 0, err))
            return;
        break;
    }
    j->current = younger;
    j->is_broken = j->stats.is_broken = true;
}

bool journal_load(struct journal *j, struct journal_report *report, struct err *err)
{
    if (!load_snapshot(j, report, err))
        return false;
    struct buf files[JOURNAL_FILES] = {{.max = SNAPSHOT_BYTES_MAX}, {.max = SNAPSHOT_BYTES_MAX}};
    uint64_t cut[JOURNAL_FILES] = {0};
    bool is_read = true;
    for (unsigned i = 0; i < JOURNAL_FILES && is_read; i++)
        is_read = read_file(j, j->files[i].path, &files[i], err);
    for (unsigned i = 0; i < JOURNAL_FILES; i++) {
        if (is_read)
            load_journal(j, &j->files[i], &files[i], &cut[i], report);
        buf_done(&files[i]);
    }
    if (!is_read)
        return false;
    choose_file(j, cut, &report->write);
    return true;
}
