/* SPDX-License-Identifier: Apache-2.0 */
/* Words for the caller, beside the status that the NvMOT API returns. */
#ifndef DSBIND_TRACKER_MESSAGES_H
#define DSBIND_TRACKER_MESSAGES_H

#include <string>

namespace dsbind::tracker {

/* Keeps a text for dsbind_tracker_message(), on this thread. */
void tell(const std::string &text) noexcept;

}  // namespace dsbind::tracker

/* The next text for the caller's thread, valid until the next call; NULL when there is none. Not
 * part of the NvMOT API: nvtracker asks for it where a library has it. */
extern "C" const char *dsbind_tracker_message();

#endif
