// SPDX-License-Identifier: Apache-2.0
#include "gossip/tls_config.h"

struct tls_file {
    struct tlsconf *server, *client; // NULL: not there
};

static const struct yaml_field FILE_FIELDS[] = {
    YAML_FIELD(struct tls_file, server, "tls_server_config", YAML_T_PTR, .sub = &TLS_SERVER_YAML),
    YAML_FIELD(struct tls_file, client, "tls_client_config", YAML_T_PTR, .sub = &TLS_CLIENT_YAML),
    {0},
};

static const struct yaml_struct FILE_YAML = {.type_name = "cluster.TLSTransportConfig",
                                             .bytes = sizeof(struct tls_file),
                                             .fields = FILE_FIELDS};

bool cluster_tls_parse(str text, str dir, struct arena *mem, struct cluster_tls *ret,
                       struct err *err)
{
    struct yaml_options options = {0};
    struct yaml_binder binder = {.mem = mem};
    struct tls_file file = {.client = arena_new(mem, struct tlsconf)}; // absent: nothing special
    struct yaml_node *doc;
    if (!yaml_parse(text, &options, mem, &doc, err) ||
        !yaml_bind(&binder, doc, &FILE_YAML, &file, err))
        return false;
    if (!file.server)
        return err_set(err, ERR_INVALID,
                       "missing 'tls_server_config' entry in the TLS configuration");
    if (!file.client)
        return err_set(err, ERR_INVALID,
                       "missing 'tls_client_config' entry in the TLS configuration");
    file.server->is_server = true;
    tlsconf_join_dir(file.server, dir, mem);
    tlsconf_join_dir(file.client, dir, mem);
    *ret = (struct cluster_tls){*file.server, *file.client};
    return true;
}

bool cluster_tls_read(struct env *env, str path, struct arena *mem, struct cluster_tls *ret,
                      struct err *err)
{
    defer(buf_done) struct buf text = {0};
    str dir, name;
    if (!env_file_read(env, path, CLUSTER_TLS_BYTES_MAX, &text, err))
        return false;
    if (!str_cut_last(path, '/', &dir, &name))
        dir = S("");
    else if (dir.n == 0)
        dir = S("/");
    // The texts of the tree are borrowed from the input.
    return cluster_tls_parse(arena_str(mem, buf_str(&text)), dir, mem, ret, err);
}
