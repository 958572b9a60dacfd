/* SPDX-License-Identifier: Apache-2.0 */
/* A library that is no tracker. */
extern "C" __attribute__((visibility("default"))) int nothing() { return 0; }
