// JSON pointers (RFC 6901) to the members of a field. Internal to crypto/field.
#ifndef FIELDKMS_CRYPTO_FIELD_JSON_POINTERS_H_
#define FIELDKMS_CRYPTO_FIELD_JSON_POINTERS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/field/json_text.h"

namespace fieldkms {

// One token of a pointer.
struct PointerToken {
  std::string spelled;          // with the escapes ~0 and ~1
  std::string name;             // without
  std::optional<size_t> index;  // if it may be an array's index
  bool every = false;           // "*": each element of an array
};
using Pointer = std::vector<PointerToken>;

// The pointers, if they are such as CheckPointers (json_members.h) lets pass; else its error.
absl::StatusOr<std::vector<Pointer>> ReadPointers(const std::vector<std::string>& pointers,
                                                  std::string_view field);

// A member that a pointer names.
struct FoundMember {
  size_t node;
  size_t depth;         // how many arrays and objects it is within
  std::string pointer;  // where it is
};

// The members of `document` that the pointers name and that are not null, as they come in it.
std::vector<FoundMember> FindMembers(std::string_view document, const JsonNodes& nodes,
                                     const std::vector<Pointer>& pointers);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_JSON_POINTERS_H_
