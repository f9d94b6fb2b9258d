// SPDX-License-Identifier: Apache-2.0
// digest.h: SHA-256 and HMAC, over libsodium.
#pragma once
#include "base/core/str.h"

#define SHA256_BYTES 32

void sha256(str bytes, uint8_t ret[SHA256_BYTES]);
void hmac_sha256(str key, str bytes, uint8_t ret[SHA256_BYTES]);
