/* SPDX-License-Identifier: Apache-2.0 */
/* What can go wrong with a tracker library, in words for the user. */
#ifndef DSBIND_NVTRACKER_ERROR_H
#define DSBIND_NVTRACKER_ERROR_H

#include "../../infer/error.h"

namespace dsbind::nvtracker {

using infer::Error;
using infer::ErrorKind;

}  // namespace dsbind::nvtracker

#endif
