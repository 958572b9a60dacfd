/* SPDX-License-Identifier: Apache-2.0 */
/* Which version of the NvDs ABI these headers describe: major * 100 + minor, one of 701, 800, 900
 * and 901. The build for another one (DSBIND_ABI or DEEPSTREAM_ROOT, see CMakeLists.txt) has a
 * header of its own in the place of this. */
#ifndef DSBIND_ABI_H
#define DSBIND_ABI_H

#ifndef DSBIND_ABI
#define DSBIND_ABI 901
#endif

#endif
