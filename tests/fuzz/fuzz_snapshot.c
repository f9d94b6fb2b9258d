// SPDX-License-Identifier: Apache-2.0
// Any bytes as snapshot and journals: the program starts, repairs the files, and the next start
// finds the same entries and no damage. The first two bytes say where the input is cut into three
// files.
#include "alertmanager/nflog.h"
#include "tests/support/fake_env.h"

static void check(bool claim)
{
    if (!claim)
        abort();
}

static struct nflog *start(struct fake_env *fake, struct journal_report *report)
{
    struct nflog_options opt = {.path = S("nflog"), .retention = DUR_HOURS(120)};
    struct nflog *log = nflog_new(&fake->env, &opt, report, NULL);
    check(log != NULL);
    return log;
}

static void stop(struct fake_env *fake, struct nflog *log)
{
    nflog_free(log);
    fake_env_reboot(fake);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n < 2)
        return 0;
    str input = str_from(bytes + 2, n - 2);
    size_t first = input.n * bytes[0] / 255, second = first + (input.n - first) * bytes[1] / 255;
    struct fake_env fake;
    fake_env_init(&fake);
    fake_file_set(&fake, "nflog", str_slice(input, 0, first));
    fake_file_set(&fake, "nflog.journal", str_slice(input, first, second));
    fake_file_set(&fake, "nflog.journal.1", str_slice(input, second, input.n));
    struct journal_report report;
    struct nflog *log = start(&fake, &report);
    size_t entries = nflog_stats(log)->entries;
    nflog_record(log, &(struct nflog_write){.group_key = S("one more")}, NULL, NULL, NULL);
    bool is_new = nflog_stats(log)->entries > entries;
    fake_env_settle(&fake);
    stop(&fake, log);
    log = start(&fake, &report);
    check(report.damage.code == ERR_NONE);
    check(nflog_stats(log)->entries == entries + is_new);
    stop(&fake, log);
    fake_env_done(&fake);
    return 0;
}
