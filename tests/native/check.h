/* SPDX-License-Identifier: Apache-2.0 */
/* Checks for native test programs: the first one that fails names its place and ends the program.
 *
 * A program prints one line per group of checks with the values it saw, so that runs on different
 * libraries can be compared. */
#ifndef DSBIND_TESTS_CHECK_H
#define DSBIND_TESTS_CHECK_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noreturn, format(printf, 3, 4))) static inline void check_failed(
    const char *file, int line, const char *format, ...) {
  va_list args;
  fflush(stdout);
  fprintf(stderr, "%s:%d: check failed: ", file, line);
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
  exit(1);
}

#define CHECK(cond)                                            \
  do {                                                         \
    if (!(cond)) check_failed(__FILE__, __LINE__, "%s", #cond); \
  } while (0)

#define CHECK_INT(actual, expected)                                                            \
  do {                                                                                         \
    long long check_a = (long long)(actual), check_e = (long long)(expected);                  \
    if (check_a != check_e)                                                                    \
      check_failed(__FILE__, __LINE__, "%s is %lld, expected %lld", #actual, check_a, check_e); \
  } while (0)

#define CHECK_STR(actual, expected)                                                          \
  do {                                                                                       \
    const char *check_a = (actual), *check_e = (expected);                                   \
    if (!check_a || strcmp(check_a, check_e) != 0)                                           \
      check_failed(__FILE__, __LINE__, "%s is \"%s\", expected \"%s\"", #actual,              \
                   check_a ? check_a : "(null)", check_e);                                   \
  } while (0)

#define CHECK_NEAR(actual, expected, tolerance)                                            \
  do {                                                                                     \
    double check_a = (double)(actual), check_e = (double)(expected);                       \
    if (!(check_a - check_e <= (tolerance) && check_e - check_a <= (tolerance)))           \
      check_failed(__FILE__, __LINE__, "%s is %g, expected %g", #actual, check_a, check_e); \
  } while (0)

#endif
