#include "rotation/source/source_keys.h"

#include "crypto/status.h"

namespace fieldkms::rotation {

absl::StatusOr<const SourceOpener*> SourceKeys::Find(std::string_view name, SourceKind kind) const {
  const auto found = openers_.find(name);
  if (found == openers_.end()) {
    return InvalidField(
        "source_key", "is no key that the worker was given: its file of --source-keys names them");
  }
  if (found->second->kind() == kind) return found->second.get();
  return InvalidField(
      "source_key", "is for another source: " + std::string(SourceKindName(found->second->kind())));
}

}  // namespace fieldkms::rotation
