// SPDX-License-Identifier: Apache-2.0
// wire.h: the transport of a member, with a counter and a plug.
#pragma once
#include "tests/sim/lab/fleet.h"

// Takes the place of the plain transport that the cluster opened.
void wire_install(struct fleet_member *m, struct swim *swim);
void wire_block(struct wire *w);
void wire_unblock(struct wire *w);
