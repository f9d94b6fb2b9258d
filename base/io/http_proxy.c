// SPDX-License-Identifier: Apache-2.0
// Which proxy a call goes through, by the rules of Go's httpproxy package.
//
// Without an exclusion list a configured proxy takes everything; with a list, or from the
// environment, this machine itself is never asked through a proxy.
#define BANNED_ALLOW_IMPURE // the environment is read here, once per client
#include "base/core/alloc.h"
#include "base/io/http_auth.h"
#include "base/text/url.h"

#define SOCKS_PORT 1080

// ---- the environment ---------------------------------------------------------------------------

struct http_proxy_env {
    char *http, *https, *none; // "" where there is nothing
};

static char *env_dup(const char *upper, const char *lower)
{
    const char *value = getenv(upper);
    if (!value || !*value)
        value = getenv(lower);
    return mem_dup(str_c(value));
}

struct http_proxy_env *http_proxy_env_new(void)
{
    struct http_proxy_env *e = mem_new(struct http_proxy_env);
    e->http = env_dup("HTTP_PROXY", "http_proxy");
    e->https = env_dup("HTTPS_PROXY", "https_proxy");
    e->none = env_dup("NO_PROXY", "no_proxy");
    return e;
}

void http_proxy_env_free(struct http_proxy_env *e)
{
    mem_free(e->http);
    mem_free(e->https);
    mem_free(e->none);
    mem_free(e);
}

// ---- exclusions --------------------------------------------------------------------------------

static bool is_in_network(const struct addr *a, const struct addr *network, uint64_t bits)
{
    if (a->ip_bytes != network->ip_bytes || bits > a->ip_bytes * 8ULL)
        return false;
    size_t whole = bits / 8;
    if (memcmp(a->ip, network->ip, whole) != 0)
        return false;
    unsigned rest = bits % 8;
    return rest == 0 || ((a->ip[whole] ^ network->ip[whole]) >> (8 - rest)) == 0;
}

// "10.0.0.0/8". False: it is no network.
static bool parse_network(str text, struct addr *ret, uint64_t *ret_bits)
{
    str ip, bits;
    return str_cut(text, '/', &ip, &bits) && addr_parse_ip(ip, ret) && str_to_u64(bits, ret_bits);
}

// "host", "host:80", "::1", "[::1]:80" → host and port; the port may be empty.
static str split_port(str text, str *ret_port)
{
    str host = text, port = {0};
    size_t colon = str_find_last(text, ':');
    bool is_bracketed = str_starts(text, S("["));
    if (colon != STR_NONE &&
        (is_bracketed ? colon > 0 && text.p[colon - 1] == ']' : str_find(text, ':') == colon)) {
        host = str_slice(text, 0, colon);
        port = str_skip(text, colon + 1);
    }
    if (str_starts(host, S("[")) && str_ends(host, S("]")))
        host = str_slice(host, 1, host.n - 1);
    *ret_port = port;
    return host;
}

static bool ends_nocase(str s, str suffix)
{
    return s.n >= suffix.n && str_eq_nocase(str_skip(s, s.n - suffix.n), suffix);
}

static bool matches(str rule, str host, const struct addr *ip, uint16_t port)
{
    struct addr rule_ip;
    uint64_t number;
    str port_text;
    if (str_eq(rule, S("*")))
        return true;
    if (parse_network(rule, &rule_ip, &number))
        return ip && is_in_network(ip, &rule_ip, number);
    str name = split_port(rule, &port_text);
    if (port_text.n && !(str_to_u64(port_text, &number) && number == port))
        return false;
    if (addr_parse_ip(name, &rule_ip))
        return ip && is_in_network(ip, &rule_ip, rule_ip.ip_bytes * 8ULL);
    if (str_starts(name, S("*.")))
        name = str_skip(name, 1);
    if (name.n == 0)
        return false;
    if (name.p[0] == '.') // sub-domains only
        return ends_nocase(host, name);
    if (str_eq_nocase(host, name))
        return true;
    return host.n > name.n && host.p[host.n - name.n - 1] == '.' && ends_nocase(host, name);
}

bool http_proxy_is_excluded(str no_proxy, str host, uint16_t port)
{
    struct addr ip;
    bool is_ip = addr_parse_ip(host, &ip);
    if (str_eq_nocase(host, S("localhost")) || (is_ip && addr_is_loopback(&ip)))
        return true;
    while (no_proxy.n) {
        str rule, rest;
        str_cut(no_proxy, ',', &rule, &rest);
        no_proxy = rest;
        rule = str_trim(rule);
        if (rule.n && matches(rule, host, is_ip ? &ip : NULL, port))
            return true;
    }
    return false;
}

// ---- the choice --------------------------------------------------------------------------------

static bool parse_proxy(struct http_call *call, str text)
{
    struct call_proxy *p = &call->proxy;
    struct url url;
    uint64_t port = 80;
    if (str_find_str(text, S("://")) == STR_NONE)
        text = arena_printf(&call->mem, "http://%.*s", STR(text));
    // Errors do not show the URL: a password may be in it.
    if (!url_parse(arena_str(&call->mem, text), &call->mem, &url, NULL) || url.host.n == 0)
        return err_set(&call->err, ERR_INVALID, "invalid proxy address");
    p->is_socks = str_eq(url.scheme, S("socks5")) || str_eq(url.scheme, S("socks5h"));
    p->is_https = str_eq(url.scheme, S("https"));
    if (!p->is_socks && !p->is_https && !str_eq(url.scheme, S("http")))
        return err_set(&call->err, ERR_INVALID, "unsupported proxy scheme \"%.*s\"",
                       STR(url.scheme));
    port = p->is_socks ? SOCKS_PORT : p->is_https ? 443 : 80;
    str port_text = url_port(&url);
    if (port_text.n && (!str_to_u64(port_text, &port) || port > UINT16_MAX))
        return err_set(&call->err, ERR_INVALID, "invalid proxy address");
    p->is_used = true;
    p->host = arena_str(&call->mem, url_hostname(&url));
    p->port = (uint16_t)port;
    p->has_user = url.has_user;
    p->user = arena_str(&call->mem, url.user);
    p->password = arena_str(&call->mem, url.password);
    return true;
}

bool http_proxy_choose(struct http_call *call, bool is_https)
{
    call->proxy = (struct call_proxy){0};
    if (!call->conf)
        return true;
    const struct httpconf_proxy *conf = &call->conf->proxy;
    if (conf->from_environment) {
        const struct http_proxy_env *e = http_client_auth(call->client)->proxy_env;
        str url = str_c(is_https ? e->https : e->http);
        if (url.n == 0 || http_proxy_is_excluded(str_c(e->none), call->hostname, call->port))
            return true;
        return parse_proxy(call, url);
    }
    if (conf->url.n == 0 ||
        (conf->no_proxy.n && http_proxy_is_excluded(conf->no_proxy, call->hostname, call->port)))
        return true;
    return parse_proxy(call, conf->url);
}

void http_proxy_setup(struct http_call *call)
{
    CURL *easy = call->easy;
    const struct call_proxy *p = &call->proxy;
    if (!p->is_used) {
        curl_easy_setopt(easy, CURLOPT_PROXY, ""); // the environment is not curl's to read
        return;
    }
    bool is_ipv6 = str_find(p->host, ':') != STR_NONE;
    str url = arena_printf(&call->mem, "%s://%s%.*s%s:%u",
                           p->is_socks   ? "socks5h"
                           : p->is_https ? "https"
                                         : "http",
                           is_ipv6 ? "[" : "", STR(p->host), is_ipv6 ? "]" : "", p->port);
    curl_easy_setopt(easy, CURLOPT_PROXY, url.p);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    if (p->has_user) {
        curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, p->user.p);
        curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, p->password.p);
    }
    http_list_add(&call->proxy_list, "Proxy-Connection:"); // curl's own, which Go does not send
    for (size_t i = 0; call->is_https && i < call->conf->proxy.connect_header_count; i++) {
        const struct httpconf_header *h = &call->conf->proxy.connect_headers[i];
        if (http_header_is_fine(h->name, h->value.text, NULL))
            http_list_add(
                &call->proxy_list,
                arena_printf(&call->mem, "%.*s: %.*s", STR(h->name), STR(h->value.text)).p);
    }
    curl_easy_setopt(easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    curl_easy_setopt(easy, CURLOPT_PROXYHEADER, call->proxy_list);
}
