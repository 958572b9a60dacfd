/* SPDX-License-Identifier: Apache-2.0 */
/* The version of the API.
 *
 * DeepStream 7.1 to 9.1 ABI: names, order and values are checked against native/abi/. */
#ifndef DSBIND_NVDS_VERSION_H
#define DSBIND_NVDS_VERSION_H

#include <dsbind_abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NVDS_VERSION_MAJOR (DSBIND_ABI / 100)
#define NVDS_VERSION_MINOR (DSBIND_ABI % 100)
#define NVDS_VERSION_MICRO 0

void nvds_version(unsigned int *major, unsigned int *minor);
void nvds_version_print(void);
void nvds_dependencies_version_print(void);

#ifdef __cplusplus
}
#endif

#endif
