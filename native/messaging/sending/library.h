/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the libraries that properties name: adapters and payload makers. */
#ifndef DSBIND_MESSAGING_LIBRARY_H
#define DSBIND_MESSAGING_LIBRARY_H

#include <glib.h>

G_BEGIN_DECLS

/* The property that names a library, for errors. */
#define DSBIND_LIBRARY_ADAPTER "proto-lib"
#define DSBIND_LIBRARY_CONVERTER "msg2p-lib"

/* The library of a path, or of a file name: dsbind's own, or one in a folder of DSBIND_LIBRARY_PATH.
 * A path to nothing, such as into an SDK that is not installed, stands for dsbind's library of that
 * name. Links followed; to be freed. NULL with an error, also where dsbind_runtime_may_load() says
 * no; `config` is the config beside which it may lie, or NULL. */
char *dsbind_library_find(const char *name, const char *property, const char *config,
                          GError **error);

/* Of such a path. Never closed: adapters leave threads behind. */
void *dsbind_library_open(const char *path, const char *property, GError **error);

/* NULL where the library does not export it. */
void *dsbind_library_symbol(void *library, const char *symbol);

G_END_DECLS

#endif
