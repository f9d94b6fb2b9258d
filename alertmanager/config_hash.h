// SPDX-License-Identifier: Apache-2.0
// config_hash.h: the number that tells configurations apart in metrics: the first 48 bits of the
// MD5 of the file's bytes (upstream: alertmanager_config_hash). Identity only, nothing is secured
// by it.
#pragma once
#include "base/core/str.h"

double config_hash(str text);
