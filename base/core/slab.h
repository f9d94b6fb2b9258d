// SPDX-License-Identifier: Apache-2.0
// slab.h: many small objects without the heap's overhead for each of them.
//
// Objects of one size (in steps of 8 bytes) share chunks; whoever frees one knows its size. A chunk
// without objects goes back to the system. Saves about 16 bytes an object against malloc; larger
// objects than SLAB_OBJECT_BYTES_MAX are malloc's. Under AddressSanitizer all are, so that it sees
// their lives. One thread per slab.
#pragma once
#include "base/core/list.h"

#define SLAB_OBJECT_BYTES_MAX 512
#define SLAB_STEP             8
#define SLAB_CLASSES          (SLAB_OBJECT_BYTES_MAX / SLAB_STEP)

struct slab_class {
    struct list chunks; // with room; zeroed until the first use
};

struct slab { // zeroed: ready for use
    struct slab_class classes[SLAB_CLASSES];
};

void *slab_alloc(struct slab *s, size_t bytes);        // uninitialised, 8-byte aligned, never NULL
void slab_free(struct slab *s, void *p, size_t bytes); // as many bytes as were asked for
void slab_done(struct slab *s);                        // all objects must have been freed
