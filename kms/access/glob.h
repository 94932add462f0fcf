// Glob: a pattern in which `*` stands for any run of bytes, also the empty one,
// and everything else for itself.
#ifndef FIELDKMS_KMS_ACCESS_GLOB_H_
#define FIELDKMS_KMS_ACCESS_GLOB_H_

#include <string_view>

namespace fieldkms {

// Takes time linear in the text for one star, and never worse than pattern × text.
bool GlobMatches(std::string_view pattern, std::string_view text);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ACCESS_GLOB_H_
