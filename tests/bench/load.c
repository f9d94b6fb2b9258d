// SPDX-License-Identifier: Apache-2.0
// A load generator for an alertmanager: keep-alive connections over raw sockets, so that it costs
// little beside the server that is measured.
//
//   load post 127.0.0.1:9093 --alerts 10000 --per-request 64 --rounds 5 --connections 4
//   load get  127.0.0.1:9093 --path /api/v2/alerts --rounds 5
//
// `post` sends every one of the distinct alerts once per round, with an end four minutes ahead as
// Prometheus and vmalert do, and prints "posted <alerts> <seconds>". `get` reads a page and prints
// one line "got <bytes> <seconds>" per round. Anything but status 200 ends it with 1.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/net.h"

#define CONNECTIONS_MAX 64

struct options {
    struct sockaddr_in server;
    const char *host, *path;
    long alerts, per_request, rounds, connections;
};

static const char *const USAGE =
    "usage: load post|get <ip:port> [--path P] [--alerts N] [--per-request N] [--rounds N] "
    "[--connections N]\n";

// ---- one connection ----------------------------------------------------------------------------

static int dial(const struct options *o)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int one = 1;
    if (fd < 0 || connect(fd, (const struct sockaddr *)&o->server, sizeof(o->server)) != 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

static void send_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent < 0)
            die("send");
        p += sent;
        n -= (size_t)sent;
    }
}

static void receive_some(int fd, struct bytes *in)
{
    bytes_reserve(in, 1 << 18);
    ssize_t got = recv(fd, in->p + in->n, in->cap - in->n, 0);
    if (got == 0) {
        errno = ECONNRESET;
        die("receive");
    }
    if (got < 0)
        die("receive");
    in->n += (size_t)got;
}

// Reads one whole answer; only its size matters, so what was read of the body is dropped but for
// the end, which shows whether a chunked one is complete. Returns the bytes of the body, framing
// included.
static size_t receive_answer(int fd, struct bytes *in)
{
    static const char last_chunk[] = "\r\n0\r\n\r\n";
    const size_t end = sizeof(last_chunk) - 1;
    in->n = 0;
    size_t head = 0;
    while (!(head = head_end(in->p, in->n)))
        receive_some(fd, in);
    if (in->n < 12 || memcmp(in->p + 9, "200", 3) != 0) {
        fprintf(stderr, "answer: %.*s\n", (int)(in->n < 500 ? in->n : 500), in->p);
        exit(1);
    }
    const char *length = head_find(in->p, head, "Content-Length:");
    size_t expected = length ? strtoul(length, NULL, 10) : SIZE_MAX;
    size_t dropped = 0;
    for (;;) {
        size_t body = dropped + in->n - head;
        // Nothing follows an answer: the last chunk ends what there is.
        bool is_last = in->n >= head + end && memcmp(in->p + in->n - end, last_chunk, end) == 0;
        if (length ? body >= expected : is_last)
            return body;
        if (in->n > head + end) {
            size_t drop = in->n - head - end;
            memmove(in->p + head, in->p + head + drop, end);
            in->n -= drop;
            dropped += drop;
        }
        receive_some(fd, in);
    }
}

// ---- posting -----------------------------------------------------------------------------------

static void put_time(struct bytes *b, time_t t)
{
    struct tm tm;
    char text[32];
    gmtime_r(&t, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    bytes_printf(b, "%s", text);
}

// About 410 bytes: six labels, two annotations.
static void put_alert(struct bytes *b, long id, time_t start, time_t end)
{
    bytes_printf(b,
                 "{\"labels\":{\"alertname\":\"HighErrorRate%ld\",\"cluster\":\"eu-west-1\","
                 "\"instance\":\"10.%ld.%ld.%ld:9100\",\"job\":\"node-exporter\","
                 "\"severity\":\"critical\",\"team\":\"storage-%ld\"},\"annotations\":{"
                 "\"summary\":\"error rate of 10.%ld.%ld.%ld is above 5%%\",\"runbook\":"
                 "\"https://runbooks.example.org/high-error-rate\"},\"startsAt\":\"",
                 id % 50, id >> 16 & 255, id >> 8 & 255, id & 255, id % 20, id >> 16 & 255,
                 id >> 8 & 255, id & 255);
    put_time(b, start);
    bytes_printf(b, "\",\"endsAt\":\"");
    put_time(b, end);
    bytes_printf(b, "\",\"generatorURL\":\"http://vmalert.example.org/alert?id=%ld\"}", id);
}

// The request with alerts first … first + count - 1.
static void put_request(struct bytes *b, const struct options *o, long first, long count,
                        time_t start)
{
    struct bytes body = {0};
    time_t end = time(NULL) + 240;
    for (long i = 0; i < count; i++) {
        bytes_printf(&body, i ? "," : "[");
        put_alert(&body, first + i, start, end);
    }
    bytes_printf(&body, "]");
    bytes_printf(b,
                 "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
                 "Content-Length: %zu\r\n\r\n",
                 o->path, o->host, body.n);
    bytes_reserve(b, body.n);
    memcpy(b->p + b->n, body.p, body.n);
    b->n += body.n;
    free(body.p);
}

struct posting {
    const struct options *o;
    struct bytes *requests; // one round
    size_t request_count;
    long next, total; // requests handed out, and to hand out
};

static void send_next(struct posting *w, struct pollfd *slot)
{
    if (w->next == w->total) {
        close(slot->fd);
        slot->fd = -1;
        return;
    }
    const struct bytes *r = &w->requests[(size_t)w->next++ % w->request_count];
    send_all(slot->fd, r->p, r->n);
}

static void post(const struct options *o)
{
    struct posting w = {
        .o = o, .request_count = (size_t)((o->alerts + o->per_request - 1) / o->per_request)};
    w.requests = calloc(w.request_count, sizeof(*w.requests));
    if (!w.requests)
        die("memory");
    time_t start = time(NULL) - 60;
    for (size_t i = 0; i < w.request_count; i++) {
        long first = (long)i * o->per_request;
        long left = o->alerts - first;
        put_request(&w.requests[i], o, first, left < o->per_request ? left : o->per_request, start);
    }
    w.total = (long)w.request_count * o->rounds;

    struct pollfd slots[CONNECTIONS_MAX];
    struct bytes in = {0};
    double began = seconds_now();
    for (long i = 0; i < o->connections; i++) {
        slots[i] = (struct pollfd){.fd = dial(o), .events = POLLIN};
        send_next(&w, &slots[i]);
    }
    for (long done = 0; done < w.total;) {
        if (poll(slots, (nfds_t)o->connections, 30000) <= 0)
            die("no answer");
        for (long i = 0; i < o->connections; i++) {
            if (slots[i].fd < 0 || !slots[i].revents)
                continue;
            receive_answer(slots[i].fd, &in);
            done++;
            send_next(&w, &slots[i]);
        }
    }
    printf("posted %ld %.6f\n", o->alerts * o->rounds, seconds_now() - began);
}

// ---- getting -----------------------------------------------------------------------------------

static void get(const struct options *o)
{
    struct bytes request = {0}, in = {0};
    bytes_printf(&request, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", o->path, o->host);
    int fd = dial(o);
    for (long i = 0; i < o->rounds; i++) {
        double began = seconds_now();
        send_all(fd, request.p, request.n);
        size_t size = receive_answer(fd, &in);
        printf("got %zu %.6f\n", size, seconds_now() - began);
    }
    close(fd);
}

// ---- command line ------------------------------------------------------------------------------

static void read_address(struct options *o, const char *text)
{
    char ip[64];
    const char *colon = strrchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof(ip))
        die("the address must be ip:port");
    memcpy(ip, text, (size_t)(colon - text));
    ip[colon - text] = '\0';
    o->host = text;
    o->server.sin_family = AF_INET;
    o->server.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    if (inet_pton(AF_INET, ip, &o->server.sin_addr) != 1)
        die("the address must be ip:port");
}

static bool read_option(struct options *o, const char *name, const char *value)
{
    const struct {
        const char *name;
        long *to;
    } numbers[] = {{"--alerts", &o->alerts},
                   {"--per-request", &o->per_request},
                   {"--rounds", &o->rounds},
                   {"--connections", &o->connections}};
    if (strcmp(name, "--path") == 0) {
        o->path = value;
        return true;
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].to = strtol(value, NULL, 10);
            return *numbers[i].to > 0;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    struct options o = {.path = "/api/v2/alerts",
                        .alerts = 10000,
                        .per_request = 64,
                        .rounds = 1,
                        .connections = 4};
    if (argc < 3 || argc % 2 == 0) {
        fputs(USAGE, stderr);
        return 2;
    }
    read_address(&o, argv[2]);
    for (int i = 3; i < argc; i += 2) {
        if (!read_option(&o, argv[i], argv[i + 1])) {
            fputs(USAGE, stderr);
            return 2;
        }
    }
    if (o.connections > CONNECTIONS_MAX)
        o.connections = CONNECTIONS_MAX;
    if (strcmp(argv[1], "post") == 0)
        post(&o);
    else if (strcmp(argv[1], "get") == 0)
        get(&o);
    else
        fputs(USAGE, stderr);
    return 0;
}
