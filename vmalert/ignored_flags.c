// SPDX-License-Identifier: Apache-2.0
#include "vmalert/ignored_flags.h"

#define NO_CACHE   "Accepted for compatibility: there is no such cache"
#define NO_STORAGE "Accepted for compatibility: nothing is stored in files"
#define NO_LIMIT   "Accepted for compatibility: memory is bounded by limits of each part"
#define NO_POOL    "Accepted for compatibility: idle connections are kept as long as they are good"
#define NO_SLOTS   "Accepted for compatibility: requests of discovery do not wait for each other"
#define NO_LICENSE "Accepted for compatibility: no licence is needed"

#define F(name_, type_, member, default_, help_)                                                   \
    {                                                                                              \
        {.name = (name_), .type = (type_), .default_text = (default_), .help = (help_)},           \
            offsetof(struct ignored_flags, member)                                                 \
    }

static const struct ignored_flag {
    struct flag flag;
    size_t offset; // in struct ignored_flags
} FLAGS[] = {
    F("blockcache.missesBeforeCaching", FLAG_INT, numbers[0], "2", NO_CACHE),
    F("datasource.idleConnTimeout", FLAG_DUR, durations[0], "50s", NO_POOL),
    F("datasource.maxIdleConnections", FLAG_INT, numbers[1], "100", NO_POOL),
    F("eula", FLAG_BOOL, switches[0], "false", NO_LICENSE),
    F("filestream.disableFadvise", FLAG_BOOL, switches[1], "false", NO_STORAGE),
    F("fs.disableMincore", FLAG_BOOL, switches[2], "false", NO_STORAGE),
    F("fs.disableMmap", FLAG_BOOL, switches[3], "false", NO_STORAGE),
    F("fs.maxConcurrency", FLAG_INT, numbers[2], "0", NO_STORAGE),
    F("internStringCacheExpireDuration", FLAG_DUR, durations[1], "6m0s", NO_CACHE),
    F("internStringDisableCache", FLAG_BOOL, switches[4], "false", NO_CACHE),
    F("internStringMaxLen", FLAG_INT, numbers[3], "500", NO_CACHE),
    F("license", FLAG_STR, texts[0], "", NO_LICENSE),
    F("license.forceOffline", FLAG_BOOL, switches[5], "false", NO_LICENSE),
    F("licenseFile", FLAG_STR, texts[1], "", NO_LICENSE),
    F("licenseFile.reloadInterval", FLAG_DUR, durations[2], "1h0m0s", NO_LICENSE),
    F("loggerMaxArgLen", FLAG_INT, numbers[6], "5000",
      "Accepted for compatibility: a line of the log has 4 KiB at most"),
    F("memory.allowedBytes", FLAG_BYTES, numbers[4], "0", NO_LIMIT),
    F("memory.allowedPercent", FLAG_FLOAT, percent, "60", NO_LIMIT),
    F("promscrape.discovery.concurrency", FLAG_INT, numbers[7], "100", NO_SLOTS),
    F("promscrape.discovery.concurrentWaitTime", FLAG_DUR, durations[5], "1m0s", NO_SLOTS),
    F("remoteRead.idleConnTimeout", FLAG_DUR, durations[3], "50s", NO_POOL),
    F("remoteWrite.idleConnTimeout", FLAG_DUR, durations[4], "50s", NO_POOL),
    F("remoteWrite.maxIdleConnections", FLAG_INT, numbers[5], "100", NO_POOL),
};

#undef F

size_t ignored_flags_count(void)
{
    return ARRAY_LEN(FLAGS);
}

void ignored_flags_put(struct flag *to, struct ignored_flags *f)
{
    for (size_t i = 0; i < ARRAY_LEN(FLAGS); i++) {
        to[i] = FLAGS[i].flag;
        to[i].to = (char *)f + FLAGS[i].offset;
    }
}

void ignored_flags_warn(const struct flags *flags, const struct log *log)
{
    for (size_t i = 0; i < flags->count; i++) {
        const struct flag *f = &flags->items[i];
        if (f->is_set && *f->is_set && str_eq(str_c(f->help), S(NO_LICENSE)))
            log_printf(log, LOG_WARN, LOG_WHERE, "-%s is ignored: no licence is needed", f->name);
    }
}
