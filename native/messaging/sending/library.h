/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the libraries that properties name: adapters and payload makers. */
#ifndef DSBIND_MESSAGING_LIBRARY_H
#define DSBIND_MESSAGING_LIBRARY_H

#include <glib.h>

G_BEGIN_DECLS

/* A path, or a file name: of dsbind's own libraries, else what the loader finds. A path into an SDK
 * that is not installed stands for dsbind's library of that name. Never closed: adapters leave
 * threads behind. */
void *dsbind_library_open(const char *name, GError **error);

/* NULL where the library does not export it. */
void *dsbind_library_symbol(void *library, const char *symbol);

G_END_DECLS

#endif
