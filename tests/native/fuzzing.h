/* SPDX-License-Identifier: Apache-2.0 */
/* Config files that nobody would write: whole lines, pieces of lines, and bytes changed at random.
 *
 * A program runs them as `program [INPUTS [SEED]]`. */
#ifndef DSBIND_TESTS_FUZZING_H
#define DSBIND_TESTS_FUZZING_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "error.h"

class Fuzzing {
 public:
  Fuzzing(int argc, char **argv, std::vector<std::string> lines, std::vector<std::string> pieces)
      : inputs_(argc > 1 ? strtoul(argv[1], nullptr, 10) : 20000),
        random_(argc > 2 ? strtoull(argv[2], nullptr, 10) : 1),
        lines_(std::move(lines)),
        pieces_(std::move(pieces)) {
    for (const char *piece :
         {"\n", "\n", "=", "=", ": ", ";", ";", "[", "]", "  ", "\t", "0", "1", "9", "-1", "500",
          "1e308", "65536", "nan", "inf", "99999999999999999999", "\xff", "\"", "{", "}", "&a",
          "*a", "!!", "- ", "#", "'"})
      pieces_.push_back(piece);
  }

  size_t below(size_t n) { return random_() % n; }

  /* Calls `read(path)` with every input, as INI and as YAML in turn: it reads and uses the file, or
   * throws infer::Error. Both must happen often enough. */
  template <class Read>
  int run(Read read) {
    int file = memfd_create("config", 0);
    CHECK(file >= 0);
    std::string folder = "/tmp/dsbind-fuzz-XXXXXX";
    CHECK(mkdtemp(folder.data()) != nullptr);
    const std::string memory = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(file);
    const std::string names[] = {folder + "/c.txt", folder + "/c.yml"};
    for (const std::string &name : names) CHECK_INT(symlink(memory.c_str(), name.c_str()), 0);
    unsigned long accepted = 0, refused = 0;
    for (unsigned long i = 0; i < inputs_; i++) {
      const std::string made = text();
      CHECK_INT(ftruncate(file, 0), 0);
      CHECK_INT(pwrite(file, made.data(), made.size(), 0), made.size());
      try {
        read(names[i % 2]);
        accepted++;
      } catch (const dsbind::infer::Error &error) {
        CHECK(error.what()[0] != '\0');
        refused++;
      }
    }
    for (const std::string &name : names) unlink(name.c_str());
    rmdir(folder.c_str());
    close(file);
    printf("%lu read, %lu refused\n", accepted, refused);
    CHECK(accepted > inputs_ / 200 && refused > inputs_ / 200);
    return 0;
  }

 private:
  std::string text() {
    std::string made;
    for (size_t i = below(16); i > 0; i--)
      made += below(3) ? lines_[below(lines_.size())] : pieces_[below(pieces_.size())];
    for (size_t i = below(4); i > 0 && !made.empty(); i--) {
      const size_t at = below(made.size());
      switch (below(3)) {
        case 0: made[at] = static_cast<char>(below(256)); break;
        case 1: made.erase(at, 1 + below(4)); break;
        default: made.insert(at, 1, static_cast<char>(below(256)));
      }
    }
    return made;
  }

  const unsigned long inputs_;
  std::mt19937_64 random_;
  std::vector<std::string> lines_, pieces_;
};

#endif
