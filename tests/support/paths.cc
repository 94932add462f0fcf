#include "tests/support/paths.h"

namespace fieldkms::testing {

std::string SourceDir() { return FIELDKMS_SOURCE_DIR; }
std::string VectorsDir() { return SourceDir() + "/tests/vectors"; }
std::string BinDir() { return FIELDKMS_BIN_DIR; }

}  // namespace fieldkms::testing
