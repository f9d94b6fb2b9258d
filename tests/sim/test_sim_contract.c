// SPDX-License-Identifier: Apache-2.0
// A breach of the contract of env.h ends the process, and the runner of seeds notices every death.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/core/alloc.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim_env.h"
#include "tests/support/check.h"

// ---- breaches ------------------------------------------------------------------------------

struct box {
    struct sim_world *w;
    struct sim_node *a, *b;
    struct env *e;
};

static void nothing(void *owner)
{
    (void)owner;
}

static void on_data(void *owner, str data)
{
    (void)owner;
    (void)data;
}

static void on_close(void *owner, const struct err *why)
{
    (void)owner;
    (void)why;
}

static const struct stream_events EVENTS = {nothing, on_data, on_close};

static void ignore_stream(void *owner, struct stream *s, const struct addr *from)
{
    (void)owner;
    (void)s;
    (void)from;
}

static void answer_twice(void *owner, struct http_exchange *x)
{
    (void)owner;
    x->reply(x, &(struct http_reply){.status = 200});
    x->reply(x, &(struct http_reply){.status = 200});
}

static void on_response(void *owner, const struct http_response *response, const struct err *err)
{
    (void)owner;
    (void)response;
    (void)err;
}

static void breach_double_reply(struct box *b)
{
    struct http_server_options opt = {.listen = S(":80"), .handle = answer_twice};
    assert_non_null(env_http_listen(sim_node_env(b->b), &opt, NULL, NULL));
    env_http(b->e, &(struct http_request){.url = S("http://10.0.0.2/")}, on_response, NULL);
    sim_run(b->w, DUR_SECONDS(1));
}

static void breach_stream_without_events(struct box *b)
{
    struct addr to = sim_node_addr(b->b, 1);
    env_listen(sim_node_env(b->b), &to, ignore_stream, NULL, NULL, NULL);
    env_dial(b->e, &to, &EVENTS, NULL);
    sim_run(b->w, DUR_SECONDS(1));
}

static void breach_double_close(struct box *b)
{
    struct addr to = sim_node_addr(b->b, 1);
    env_listen(sim_node_env(b->b), &to, ignore_stream, NULL, NULL, NULL);
    sim_node_freeze(b->b);
    struct stream *s = env_dial(b->e, &to, &EVENTS, NULL);
    sim_run(b->w, DUR_SECONDS(1));
    env_stream_close(b->e, s);
    env_stream_close(b->e, s);
}

static void breach_append_after_close(struct box *b)
{
    struct appender *f = env_append_open(b->e, S("x"), 0, NULL);
    env_append_close(b->e, f, NULL, NULL);
    struct buf bytes = {0};
    env_append(b->e, f, &bytes, NULL, NULL);
}

static void breach_restart_with_a_socket(struct box *b)
{
    struct addr bind = sim_node_addr(b->a, 1);
    env_listen(b->e, &bind, ignore_stream, NULL, NULL, NULL);
    sim_node_restart(b->a);
}

static void breach_timer_without_function(struct box *b)
{
    struct timer t = {0};
    env_timer_set(b->e, &t, 1);
}

static void breach_large_datagram(struct box *b)
{
    struct addr bind = sim_node_addr(b->a, 1);
    struct udp *u = env_udp_open(b->e, &bind, NULL, NULL, NULL, NULL);
    char *big = mem_zalloc(65508);
    env_udp_send(b->e, u, &bind, str_from(big, 65508));
}

// Runs it in a child and returns how that ended; what it says is not for the test's log.
static int status_of(void (*fn)(void *ctx), void *ctx)
{
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int silence = open("/dev/null", O_WRONLY);
        dup2(silence, STDERR_FILENO);
        dup2(silence, STDOUT_FILENO);
        fn(ctx);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

struct breach {
    const char *name;
    void (*fn)(struct box *b);
};

static void commit(void *ctx)
{
    const struct breach *breach = ctx;
    struct box b = {.w = sim_world_new(&(struct sim_options){.seed = 1})};
    b.a = sim_node_new(b.w, "a", "10.0.0.1");
    b.b = sim_node_new(b.w, "b", "10.0.0.2");
    b.e = sim_node_env(b.a);
    breach->fn(&b);
}

static void breaches_end_the_process(void **state)
{
    (void)state;
    static struct breach BREACHES[] = {
        {"double reply", breach_double_reply},
        {"stream without events", breach_stream_without_events},
        {"double close", breach_double_close},
        {"append after close", breach_append_after_close},
        {"restart with a socket", breach_restart_with_a_socket},
        {"timer without function", breach_timer_without_function},
        {"large datagram", breach_large_datagram},
    };
    for (size_t i = 0; i < ARRAY_LEN(BREACHES); i++) {
        int status = status_of(commit, &BREACHES[i]);
        if (status == 0)
            print_error("%s went unnoticed\n", BREACHES[i].name);
        assert_true(status != 0);
    }
}

// ---- the runner of seeds -------------------------------------------------------------------

// Shared with the children.
struct tally {
    uint64_t bad;
    uint64_t runs;
};

static void scenario(uint64_t seed, void *ctx)
{
    struct tally *t = ctx;
    __atomic_add_fetch(&t->runs, 1, __ATOMIC_RELAXED);
    struct sim_world *w = sim_world_new(&(struct sim_options){.seed = seed});
    sim_run(w, DUR_SECONDS(1));
    if (seed == t->bad)
        abort();
    sim_world_free(w);
}

static void run_seeds(void *ctx)
{
    char *argv[] = {"seeds", "--seeds", "20", "--first", "5", NULL};
    _exit(seeds_main(5, argv, &(struct seeds){.run = scenario, .ctx = ctx, .count = 3}));
}

static void run_one_seed(void *ctx)
{
    char *argv[] = {"seeds", "--seed", "7", NULL};
    _exit(seeds_main(3, argv, &(struct seeds){.run = scenario, .ctx = ctx, .count = 3}));
}

static void run_with_a_bad_option(void *ctx)
{
    char *argv[] = {"seeds", "--sed", "7", NULL};
    _exit(seeds_main(3, argv, &(struct seeds){.run = scenario, .ctx = ctx, .count = 3}));
}

static void the_runner_notices_a_failing_seed(void **state)
{
    (void)state;
    struct tally *t =
        mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(t != MAP_FAILED);
    *t = (struct tally){.bad = 0};
    assert_int_equal(status_of(run_seeds, t), 0); // 5 to 24
    assert_int_equal(t->runs, 20);
    for (uint64_t bad = 5; bad <= 24; bad += 19) {
        *t = (struct tally){.bad = bad};
        assert_int_equal(WEXITSTATUS(status_of(run_seeds, t)), 1);
        assert_int_equal(t->runs, 20); // the others run all the same
    }
    *t = (struct tally){.bad = 25};
    assert_int_equal(status_of(run_seeds, t), 0);
    *t = (struct tally){.bad = 8};
    assert_int_equal(status_of(run_one_seed, t), 0);
    *t = (struct tally){.bad = 7};
    assert_true(status_of(run_one_seed, t) != 0);
    assert_int_equal(WEXITSTATUS(status_of(run_with_a_bad_option, t)), 2);
    munmap(t, sizeof(*t));
}

int test_sim_contract(void);
int test_sim_contract(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(breaches_end_the_process),
        cmocka_unit_test(the_runner_notices_a_failing_seed),
    };
    return run_group("sim_contract", tests);
}
