// SPDX-License-Identifier: Apache-2.0
#include "vmalert/logging.h"

#include "tests/support/check.h"
#include "tests/support/fake_env.h"

struct lab {
    struct fake_env f;
    struct log_sink sink;
    struct logging logging;
    struct vmalert_options opt;
    struct arena mem;
    struct buf out;
};

static time_ns lab_now(void *owner)
{
    return ((struct lab *)owner)->f.now;
}

static void lab_write(void *owner, enum log_level level, str line)
{
    (void)level;
    buf_put(&((struct lab *)owner)->out, line);
}

static bool lab_init(struct lab *lab, const char *const *args, int count, struct err *err)
{
    char *argv[8] = {(char *)(uintptr_t) "vmalert"};
    *lab = (struct lab){0};
    fake_env_init(&lab->f);
    lab->sink = (struct log_sink){.now = lab_now, .write = lab_write, .owner = lab};
    for (int i = 0; i < count; i++)
        argv[i + 1] = (char *)(uintptr_t)args[i];
    struct flags flags = vmalert_flags(&lab->opt, &lab->mem);
    assert_true(flags_parse(&flags, count + 1, argv, &lab->mem, NULL, err));
    lab->f.env.log = log_root(&lab->sink);
    return logging_init(&lab->logging, &lab->f.env, &lab->sink, &lab->opt, err);
}

static void lab_done(struct lab *lab)
{
    logging_done(&lab->logging);
    buf_done(&lab->out);
    arena_done(&lab->mem);
    fake_env_done(&lab->f);
}

static void expect(struct lab *lab, const char *want)
{
    check_str(buf_str(&lab->out), str_c(want));
    buf_clear(&lab->out);
}

static void lines_have_the_form_that_is_asked_for(void **state)
{
    (void)state;
    static const char *const ARGS[] = {"-loggerFormat=json", "-loggerLevel=WARN",
                                       "-loggerJSONFields=ts:time, msg:message"};
    struct lab lab;
    struct err err = ERR_INIT;
    assert_true(lab_init(&lab, ARGS, 3, &err));
    log_printf(&lab.f.env.log, LOG_INFO, "x.c:1", "unseen");
    log_printf(&lab.f.env.log, LOG_WARN, "x.c:2", "seen\n");
    expect(&lab, "{\"time\":\"2026-01-05T00:00:00.000Z\",\"level\":\"warn\",\"caller\":\"x.c:2\","
                 "\"message\":\"seen\"}\n");
    lab_done(&lab);
    static const char *const BARE[] = {"-loggerDisableTimestamps"};
    assert_true(lab_init(&lab, BARE, 1, &err));
    log_printf(&lab.f.env.log, LOG_INFO, "x.c:1", "seen");
    expect(&lab, "info\tx.c:1\tseen\n");
    lab_done(&lab);
}

static int32_t east(struct env *e, time_ns t)
{
    (void)e;
    (void)t;
    return 2 * 3600;
}

static void the_zone_is_named(void **state)
{
    (void)state;
    static const char *const ARGS[] = {"-loggerTimezone=Local"};
    struct lab lab;
    struct err err = ERR_INIT;
    assert_true(lab_init(&lab, ARGS, 1, &err));
    struct env_ops ops = *lab.f.env.ops;
    ops.utc_offset_s = east;
    lab.f.env.ops = &ops;
    log_printf(&lab.f.env.log, LOG_INFO, "x.c:1", "seen");
    expect(&lab, "2026-01-05T02:00:00.000+0200\tinfo\tx.c:1\tseen\n");
    lab_done(&lab);
}

static void one_place_cannot_fill_the_log(void **state)
{
    (void)state;
    static const char *const ARGS[] = {"-loggerErrorsPerSecondLimit=2", "-loggerDisableTimestamps"};
    static const char HERE[] = "x.c:1", THERE[] = "x.c:2";
    struct lab lab;
    struct err err = ERR_INIT;
    assert_true(lab_init(&lab, ARGS, 2, &err));
    for (int i = 0; i < 5; i++)
        log_printf(&lab.f.env.log, LOG_ERROR, HERE, "%d", i);
    log_printf(&lab.f.env.log, LOG_ERROR, THERE, "other");
    expect(&lab, "error\tx.c:1\t0\nerror\tx.c:1\t1\n"
                 "error\tx.c:1\tsuppressing log message with rate limit=2: 2\n"
                 "error\tx.c:2\tother\n");
    fake_env_advance(&lab.f, DUR_SECONDS(1));
    log_printf(&lab.f.env.log, LOG_ERROR, HERE, "again");
    expect(&lab, "error\tx.c:1\tagain\n");

    struct metrics *m = metrics_new();
    defer(buf_done) struct buf text = {0};
    logging_expose(&lab.logging, m);
    metrics_expose_vm(m, false, &text);
    str dropped = S("level=\"error\", location=\"x.c:1\", is_printed=\"false\"} 2\n");
    str written = S("level=\"error\", location=\"x.c:1\", is_printed=\"true\"} 4\n");
    if (str_find_str(buf_str(&text), dropped) == STR_NONE ||
        str_find_str(buf_str(&text), written) == STR_NONE)
        check_str(buf_str(&text), written);
    metrics_free(m);
    lab_done(&lab);
}

static void bad_settings_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *arg, *error;
    } CASES[] = {
        {"-loggerLevel=info", "FATAL: unsupported `-loggerLevel` value: \"info\"; supported values "
                              "are: INFO, WARN, ERROR, FATAL, PANIC"},
        {"-loggerFormat=xml",
         "FATAL: unsupported `-loggerFormat` value: \"xml\"; supported values are: default, json"},
        {"-loggerJSONFields=ts", "missing ':' delimiter in -loggerJSONFields=\"ts\" for \"ts\" "
                                 "item"},
        {"-loggerJSONFields=a:b", "unexpected json field name in -loggerJSONFields=\"a:b\": \"a\"; "
                                  "supported values: ts, level, caller, msg"},
        {"-loggerTimezone=No/Where", "cannot load timezone \"No/Where\": unknown time zone "
                                     "No/Where"},
        {"-loggerTimezone=../etc/passwd", "cannot load timezone \"../etc/passwd\": unknown time "
                                          "zone ../etc/passwd"},
    };
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        struct lab lab;
        struct err err = ERR_INIT;
        assert_false(lab_init(&lab, &CASES[i].arg, 1, &err));
        check_err(&err, CASES[i].error);
        lab_done(&lab);
    }
}

int test_logging(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_the_form_that_is_asked_for),
        cmocka_unit_test(the_zone_is_named),
        cmocka_unit_test(one_place_cannot_fill_the_log),
        cmocka_unit_test(bad_settings_are_refused),
    };
    return run_group("logging", tests);
}
