// SPDX-License-Identifier: Apache-2.0
// target_url.h: where a discovered target is, from its labels.
#pragma once
#include "base/model/label_list.h"

// Takes "https://host:1/path" apart: a scheme in front and a path behind are put into *scheme and
// *path, which stay as they are where there is none. *address is what remains.
void target_take_apart(str *address, str *scheme, str *path);

// With :443 or :80 where there is no colon (IPv6 addresses come in brackets with their port).
str target_with_port(str address, bool is_tls, struct arena *mem);

// The URL to scrape, from __scheme__, __address__, __metrics_path__ and __param_<name>, and the
// address with its port. Both are empty when __address__ is.
void target_scrape_url(const struct label_list *labels, struct arena *mem, str *ret_url,
                       str *ret_address);
