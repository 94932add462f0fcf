// Where this clone and what was built of it are: absolute paths, without a slash at the end.
#ifndef FIELDKMS_TESTS_SUPPORT_PATHS_H_
#define FIELDKMS_TESTS_SUPPORT_PATHS_H_

#include <string>

namespace fieldkms::testing {

std::string SourceDir();
std::string VectorsDir();  // tests/vectors
std::string BinDir();      // build/bin

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_PATHS_H_
