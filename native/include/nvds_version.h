/* SPDX-License-Identifier: Apache-2.0 */
/* The version of the API.
 *
 * DeepStream 9.1 ABI: names, order and values are checked against native/abi/. */
#ifndef DSBIND_NVDS_VERSION_H
#define DSBIND_NVDS_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

#define NVDS_VERSION_MAJOR 9
#define NVDS_VERSION_MINOR 1
#define NVDS_VERSION_MICRO 0

void nvds_version(unsigned int *major, unsigned int *minor);
void nvds_version_print(void);
void nvds_dependencies_version_print(void);

#ifdef __cplusplus
}
#endif

#endif
