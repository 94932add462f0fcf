// The assertion of fuzz targets: on in every build.
#ifndef FIELDKMS_TESTS_FUZZ_REQUIRE_H_
#define FIELDKMS_TESTS_FUZZ_REQUIRE_H_

#include <cstdio>
#include <cstdlib>

namespace fieldkms {

// Require ends the process if `holds` is false, which a fuzzer reports with the
// input that did it. (clang-14 lacks std::source_location.)
inline void Require(bool holds, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: a property does not hold\n", file, line);
  std::abort();
}

}  // namespace fieldkms

#endif  // FIELDKMS_TESTS_FUZZ_REQUIRE_H_
