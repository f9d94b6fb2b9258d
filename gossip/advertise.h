// SPDX-License-Identifier: Apache-2.0
// advertise.h: host:port texts, and the address under which the others can reach us.
#pragma once
#include "gossip/cluster.h"

// Splits "host:port" as Go's net.SplitHostPort, brackets around IPv6 removed, and reads the port.
// Errors (ERR_INVALID): "address x: missing port in address", "address x: too many colons in
// address", "address x: invalid port: …".
bool hostport_split(str text, str *ret_host, uint16_t *ret_port, struct err *err);

// The first private address of interfaces that are up: the one with the default route first, IPv4
// before IPv6, shorter prefixes first. `is_public`: the first that is not private. False: none.
bool advertise_discover(const struct cluster_interface *interfaces, size_t count, bool is_public,
                        struct addr *ret);
