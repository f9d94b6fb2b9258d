// SPDX-License-Identifier: Apache-2.0
// digest.h: SHA-256 and HMAC, over libsodium; and HMAC-MD5, which old protocols ask for, over
// GnuTLS.
#pragma once
#include "base/core/str.h"

#define SHA256_BYTES 32
#define MD5_BYTES    16

void sha256(str bytes, uint8_t ret[SHA256_BYTES]);
void hmac_sha256(str key, str bytes, uint8_t ret[SHA256_BYTES]);
bool hmac_md5(str key, str bytes, uint8_t ret[MD5_BYTES]); // false: not on this system (FIPS 140)
