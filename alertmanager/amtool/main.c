// SPDX-License-Identifier: Apache-2.0
// amtool: the process around amtool.c.
#define BANNED_ALLOW_IMPURE
#include <errno.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alertmanager/amtool/amtool.h"
#include "base/io/env_uv.h"

#define PASSWD_ENTRY_BYTES_MAX 16384

static bool find_file(void *owner, str path, struct err *err)
{
    struct arena mem = {0};
    struct stat st;
    (void)owner;
    int status = stat(arena_c(&mem, path), &st);
    arena_done(&mem);
    if (status != 0)
        return err_set(err, ERR_NOT_FOUND, "path '%.*s' does not exist", STR(path));
    return !S_ISDIR(st.st_mode) || err_set(err, ERR_INVALID, "'%.*s' is a directory", STR(path));
}

static void write_all(void *owner, bool is_error, str text)
{
    FILE *to = is_error ? stderr : stdout;
    int *failure = owner; // errno of the first write that failed
    errno = 0;
    bool ok = fwrite(text.p, 1, text.n, to) == text.n && fflush(to) == 0;
    if (!ok && *failure == 0)
        *failure = errno;
}

// Empty: unknown. The name lives in `room`.
static const char *find_user(char *room, size_t bytes)
{
    struct passwd entry, *found = NULL;
    const char *variable = getenv("USER");
    if (getpwuid_r(getuid(), &entry, room, bytes, &found) == 0 && found)
        return found->pw_name;
    return variable ? variable : "";
}

int main(int argc, char **argv)
{
    static char user_room[PASSWD_ENTRY_BYTES_MAX];
    struct err err = ERR_INIT;
    struct stat st;
    struct log_sink sink;
    int write_failure = 0;
    struct env *env = env_uv_new(&(struct env_uv_options){0}, &err);
    if (!env) {
        fprintf(stderr, "amtool: error: %.*s\n", STR(err_str(&err)));
        return 1;
    }
    env_uv_log_sink_init(&sink, env);
    sink.level = LOG_WARN;
    struct amtool_world world = {
        .env = env,
        .wait = env_uv_run,
        .wake = env_uv_stop,
        .find_file = find_file,
        .write = write_all,
        .owner = &write_failure,
        .user = find_user(user_room, sizeof(user_room)),
        .home = getenv("HOME"),
        .tz = getenv("TZ"),
        .is_stdin_interactive = fstat(0, &st) != 0 || S_ISCHR(st.st_mode),
    };
    struct amtool t = {.world = &world, .env = env};
    bool ok = amtool_run(&t, argc, argv, &err);
    amtool_flush(&t);
    if (write_failure != 0 && write_failure != EPIPE) // a reader that is gone has seen enough
        ok = err_set(&err, ERR_IO, "write: %s", strerror(write_failure));
    if (!ok && err.code != ERR_NONE) // upstream's errors end in an empty line
        fprintf(stderr, "amtool: error: %.*s\n\n", STR(err_str(&err)));
    amtool_done(&t);
    env_uv_free(env);
    return ok ? 0 : 1;
}
