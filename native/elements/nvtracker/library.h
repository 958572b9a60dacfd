/* SPDX-License-Identifier: Apache-2.0 */
/* A low-level tracker library, ll-lib-file. */
#ifndef DSBIND_NVTRACKER_LIBRARY_H
#define DSBIND_NVTRACKER_LIBRARY_H

#include <string>
#include <vector>

#include "nvdstracker.h"

namespace dsbind::nvtracker {

class Library {
 public:
  /* Loads a library by its absolute path; an empty name is the bundle's. One elsewhere than below
   * the config's folder, in the SDK, in the bundle or in a folder that the program allowed is
   * refused. Throws Error. */
  Library(const std::string &name, const std::string &config_path);

  const std::string &path() const { return path_; }
  /* What the library told this thread beside its status, joined; empty where it has no words. */
  std::vector<std::string> messages() const;

  decltype(&NvMOT_Init) init = nullptr;
  decltype(&NvMOT_DeInit) deinit = nullptr;
  decltype(&NvMOT_Process) process = nullptr;
  /* NULL where the library leaves them out. */
  decltype(&NvMOT_Query) query = nullptr;
  decltype(&NvMOT_RetrieveMiscData) retrieve = nullptr;
  decltype(&NvMOT_RemoveStreams) remove_streams = nullptr;
  NvMOTStatus (*update_params)(NvMOTContextHandle, const std::string &) = nullptr; /* from 8.0 */

 private:
  std::string path_;
  const char *(*message_)() = nullptr;
};

}  // namespace dsbind::nvtracker

#endif
