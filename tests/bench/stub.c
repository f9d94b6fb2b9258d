// SPDX-License-Identifier: Apache-2.0
// A datasource and a notifier that cost nothing, so that only vmalert is measured.
//
//   stub [--series 10]
//
// Prints the address it listens on. Every path that ends in /query is answered with a vector of
// that many series, two labels and a large value each; everything else with an empty 200. Runs
// until it is killed. On SIGUSR1 it prints "queries <n> alerts <requests> <bytes>".
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/net.h"

#define EVENTS_MAX      64
#define DESCRIPTORS_MAX 1024

struct connection {
    int fd;
    struct bytes in;
};

static struct connection connections[DESCRIPTORS_MAX]; // by descriptor
static volatile sig_atomic_t must_report;
static unsigned long query_count, other_count, other_bytes;
static long series_count = 10;

static void on_report(int signum)
{
    (void)signum;
    must_report = 1;
}

static void put_vector(struct bytes *b)
{
    long now = (long)time(NULL);
    bytes_printf(b, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[");
    for (long i = 0; i < series_count; i++)
        bytes_printf(b,
                     "%s{\"metric\":{\"__name__\":\"requests\",\"instance\":\"10.0.0.%ld:9100\","
                     "\"job\":\"api\"},\"value\":[%ld,\"%ld\"]}",
                     i ? "," : "", i, now, 1234567 + i);
    bytes_printf(b, "]}}");
}

static void answer(struct connection *c, bool is_query)
{
    struct bytes body = {0}, out = {0};
    if (is_query)
        put_vector(&body);
    bytes_printf(&out,
                 "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                 body.n);
    bytes_reserve(&out, body.n);
    if (body.n)
        memcpy(out.p + out.n, body.p, body.n);
    out.n += body.n;
    for (size_t sent = 0; sent < out.n;) {
        ssize_t n = send(c->fd, out.p + sent, out.n - sent, MSG_NOSIGNAL);
        if (n < 0)
            break; // the peer was killed: its end is noticed when it is read next
        sent += (size_t)n;
    }
    free(out.p);
    free(body.p);
}

// Answers the first whole request in c->in; false: there is none yet.
static bool serve_one(struct connection *c)
{
    size_t head = head_end(c->in.p, c->in.n);
    if (!head)
        return false;
    const char *length = head_find(c->in.p, head, "Content-Length:");
    size_t whole = head + (length ? strtoul(length, NULL, 10) : 0);
    if (c->in.n < whole)
        return false;
    const char *line_end = memchr(c->in.p, '\r', head);
    const char *query = memmem(c->in.p, (size_t)(line_end - c->in.p), "/query", 6);
    if (query) {
        query_count++;
    } else {
        other_count++;
        other_bytes += whole - head;
    }
    answer(c, query != NULL);
    memmove(c->in.p, c->in.p + whole, c->in.n - whole);
    c->in.n -= whole;
    return true;
}

static void read_from(struct connection *c)
{
    bytes_reserve(&c->in, 1 << 16);
    ssize_t got = recv(c->fd, c->in.p + c->in.n, c->in.cap - c->in.n, 0);
    if (got <= 0) {
        close(c->fd);
        c->in.n = 0;
        return;
    }
    c->in.n += (size_t)got;
    while (serve_one(c)) {}
}

static int listen_anywhere(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &length) != 0)
        die("listen");
    printf("127.0.0.1:%u\n", ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

static void accept_on(int poller, int listener)
{
    int one = 1, fd = accept(listener, NULL, NULL);
    if (fd < 0)
        die("accept");
    if (fd >= DESCRIPTORS_MAX)
        die("too many connections");
    connections[fd].fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--series") == 0)
        series_count = strtol(argv[2], NULL, 10);
    int listener = listen_anywhere();
    int poller = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &e);
    signal(SIGUSR1, on_report);
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int count = epoll_wait(poller, events, EVENTS_MAX, -1);
        if (must_report) {
            must_report = 0;
            printf("queries %lu alerts %lu %lu\n", query_count, other_count, other_bytes);
            fflush(stdout);
        }
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                accept_on(poller, listener);
            else
                read_from(&connections[events[i].data.fd]);
        }
    }
}
