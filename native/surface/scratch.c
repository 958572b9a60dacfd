/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include <pthread.h>
#include <stdlib.h>

#define ALIGN 64

typedef struct {
  uint8_t *data[SCRATCH_SLOTS];
  size_t size[SCRATCH_SLOTS];
} Scratch;

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool key_made;

static void scratch_free(void *memory) {
  Scratch *scratch = memory;
  for (int i = 0; i < SCRATCH_SLOTS; i++)
    free(scratch->data[i]);
  free(scratch);
}

static void make_key(void) {
  key_made = pthread_key_create(&key, scratch_free) == 0;
}

static Scratch *scratch_of_thread(void) {
  pthread_once(&once, make_key);
  if (!key_made)
    return NULL;
  Scratch *scratch = pthread_getspecific(key);
  if (scratch)
    return scratch;
  scratch = calloc(1, sizeof *scratch);
  if (scratch && pthread_setspecific(key, scratch) != 0) {
    free(scratch);
    return NULL;
  }
  return scratch;
}

uint8_t *scratch_bytes(ScratchSlot slot, size_t size) {
  Scratch *scratch = scratch_of_thread();
  if (!scratch)
    return NULL;
  if (scratch->size[slot] < size) {
    free(scratch->data[slot]);
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    scratch->data[slot] = aligned_alloc(ALIGN, size);
    scratch->size[slot] = scratch->data[slot] ? size : 0;
  }
  return scratch->data[slot];
}

static int aligned(int bytes) {
  return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

bool scratch_image(ScratchSlot slot, PixelFormat format, int width, int height, Image *image) {
  size_t chroma_rows = (size_t)chroma_side(height);
  int luma = aligned(width * pixel_bytes(&format));
  int chroma = 0, chroma_planes = 0;
  if (is_subsampled(&format)) {
    bool semi = format.layout == LAYOUT_SEMI;
    chroma_planes = semi ? 1 : 2;
    chroma = aligned(chroma_side(width) * (semi ? 2 : 1));
  }
  size_t luma_size = (size_t)luma * (size_t)height;
  size_t chroma_size = (size_t)chroma * chroma_rows;
  uint8_t *data = scratch_bytes(slot, luma_size + (size_t)chroma_planes * chroma_size);
  if (!data)
    return false;
  *image = (Image){.format = format, .width = width, .height = height};
  image->plane[0] = data;
  image->stride[0] = luma;
  for (int p = 1; p <= chroma_planes; p++) {
    image->plane[p] = data + luma_size + (size_t)(p - 1) * chroma_size;
    image->stride[p] = chroma;
  }
  return true;
}
