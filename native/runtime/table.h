/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of native symbols. Filled by runtime.c, used by the generated forwarders. */
#ifndef DSBIND_TABLE_H
#define DSBIND_TABLE_H

#include <glib.h>

#define DSBIND_FORWARD __attribute__((visibility("default")))

typedef struct {
  const char *name;
  unsigned library; /* index into dsbind_library_names */
  void *address;    /* NULL until the libraries are open, or where the origin lacks it */
} DsbindSymbol;

extern const char *const dsbind_library_names[];
extern const unsigned dsbind_library_count;
extern DsbindSymbol dsbind_symbols[];
extern const unsigned dsbind_symbol_count;

/* Slow path: opens the libraries, or ends the process with the name of a symbol they lack. */
void *dsbind_symbol_resolve(unsigned index);

static inline void *dsbind_symbol_address(unsigned index) {
  void *address = g_atomic_pointer_get(&dsbind_symbols[index].address);
  return G_LIKELY(address != NULL) ? address : dsbind_symbol_resolve(index);
}

#endif
