/* SPDX-License-Identifier: Apache-2.0 */
/* Opening libraries whose own needs the loader does not find by itself. Private to the runtime. */
#ifndef DSBIND_OPENING_H
#define DSBIND_OPENING_H

#include <glib.h>

/* Opens the library at `path`. What it needs of CUDA is opened before it, where the loader does not
 * find it: from the folders of Python's packages, ':' between them, or from a toolkit. NULL and
 * `why` set on failure; it says how to get what is missing. */
void *dsbind_open_library(const char *path, const char *packages, char **why);

/* Opens a library that is asked for by its name later, where the loader does not find it. */
void dsbind_open_beside(const char *name, const char *packages);

/* Folder of the SDK, whether it is there or not: DEEPSTREAM_ROOT, or where it installs itself. To be
 * freed. */
char *dsbind_sdk_root(void);

/* Whether this machine offers a GPU to the program. Starts nothing: the driver, once started, does
 * not work in forked processes. `why` says how one can tell that there is none. */
gboolean dsbind_has_gpu(char **why);

#endif
