/* SPDX-License-Identifier: Apache-2.0 */
/* The public headers, with their functions exported: all else in these libraries is hidden. */
#ifndef DSBIND_SURFACE_EXPORTS_H
#define DSBIND_SURFACE_EXPORTS_H

#pragma GCC visibility push(default)
#include <nvbufsurface.h>
#include <nvbufsurftransform.h>
#pragma GCC visibility pop

#endif
