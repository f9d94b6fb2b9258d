// SPDX-License-Identifier: Apache-2.0
// Listening addresses as text, with the error texts of Go's net.Listen.
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/io/http_server.h"

// An open, bound, listening socket or -1 with errno.
static int listen_on(const struct addr *a)
{
    struct sockaddr_storage sa;
    socklen_t sa_bytes = addr_to_os(a, &sa);
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int yes = 1;
    int no = 0;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (a->ip_bytes == 16) // [::] means IPv4 as well
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
    if (bind(fd, (struct sockaddr *)&sa, sa_bytes) == 0 &&
        listen(fd, HTTP_SERVER_LISTEN_BACKLOG) == 0)
        return fd;
    int errnum = errno;
    close(fd);
    errno = errnum;
    return -1;
}

// A name is looked up by libc: this happens at start-up only.
static bool resolve_host(str host, bool is_ipv4_only, struct addr *ret, struct err *err)
{
    if (addr_parse_ip(host, ret))
        return !is_ipv4_only || ret->ip_bytes == 4 ||
               err_set(err, ERR_INVALID, "listen tcp4: address %.*s: no suitable address found",
                       STR(host));
    char name[256];
    if (host.n >= sizeof(name))
        return err_set(err, ERR_NOT_FOUND, "listen tcp: lookup %.*s: no such host", STR(host));
    snprintf(name, sizeof(name), "%.*s", STR(host));
    struct addrinfo hints = {.ai_family = is_ipv4_only ? AF_INET : AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    if (getaddrinfo(name, NULL, &hints, &list) != 0 || !list)
        return err_set(err, ERR_NOT_FOUND, "listen tcp: lookup %s: no such host", name);
    const struct addrinfo *chosen = list; // Go prefers an IPv4 address to listen on
    for (const struct addrinfo *i = list; i; i = i->ai_next) {
        if (i->ai_family == AF_INET) {
            chosen = i;
            break;
        }
    }
    bool is_fine = addr_from_os(chosen->ai_addr, ret);
    freeaddrinfo(list);
    return is_fine || err_set(err, ERR_NOT_FOUND, "listen tcp: lookup %s: no such host", name);
}

// "http": 80, as the system's table of services says.
static bool find_service(str name, uint64_t *ret)
{
    char text[64];
    struct addrinfo hints = {
        .ai_flags = AI_PASSIVE, .ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    struct addr found;
    if (name.n >= sizeof(text))
        return false;
    snprintf(text, sizeof(text), "%.*s", STR(name));
    if (getaddrinfo(NULL, text, &hints, &list) != 0)
        return false;
    bool is_found = list && addr_from_os(list->ai_addr, &found);
    freeaddrinfo(list);
    if (is_found)
        *ret = found.port;
    return is_found;
}

static bool parse_port(str text, uint64_t *ret, struct err *err)
{
    if (text.n == 0 || str_to_u64(text, ret))
        return *ret <= UINT16_MAX ||
               err_set(err, ERR_INVALID, "listen tcp: address %.*s: invalid port", STR(text));
    return find_service(text, ret) ||
           err_set(err, ERR_INVALID, "listen tcp: lookup tcp/%.*s: unknown port", STR(text));
}

static bool listen_parse(str listen, bool is_ipv4_only, struct addr *ret, bool *ret_is_any,
                         struct err *err)
{
    str host, port_text;
    uint64_t port = 0;
    if (listen.n == 0)
        listen = S(":0"); // as Go: everywhere, at any port
    if (!str_cut_last(listen, ':', &host, &port_text))
        return err_set(err, ERR_INVALID, "listen tcp: address %.*s: missing port in address",
                       STR(listen));
    if (!parse_port(port_text, &port, err))
        return false;
    if (str_starts(host, S("[")) && str_ends(host, S("]")))
        host = str_slice(host, 1, host.n - 1);
    else if (str_find(host, ':') != STR_NONE)
        return err_set(err, ERR_INVALID, "listen tcp: address %.*s: too many colons in address",
                       STR(listen));
    *ret_is_any = host.n == 0;
    *ret = (struct addr){.ip_bytes = is_ipv4_only ? 4 : 16};
    if (host.n && !resolve_host(host, is_ipv4_only, ret, err))
        return false;
    ret->port = (uint16_t)port;
    return true;
}

int http_listen_socket(str listen, bool is_ipv4_only, struct addr *ret_bound, struct err *err)
{
    struct addr a = {0};
    bool is_any = false;
    if (!listen_parse(listen, is_ipv4_only, &a, &is_any, err))
        return -1;
    int fd = listen_on(&a);
    if (fd < 0 && is_any && errno == EAFNOSUPPORT) { // a kernel without IPv6
        a = (struct addr){.ip_bytes = 4, .port = a.port};
        fd = listen_on(&a);
    }
    if (fd < 0) {
        err_os(err, ERR_NETWORK, errno, "listen %s %.*s: bind", is_ipv4_only ? "tcp4" : "tcp",
               STR(listen));
        return -1;
    }
    struct sockaddr_storage sa;
    socklen_t sa_bytes = sizeof(sa);
    if (ret_bound && getsockname(fd, (struct sockaddr *)&sa, &sa_bytes) == 0)
        addr_from_os((struct sockaddr *)&sa, ret_bound);
    return fd;
}
