// SourceKeys are what a worker was given to open values of other tools with, by the names that the
// registry and SQL know them by. The keys themselves are nowhere but here.
#ifndef FIELDKMS_ROTATION_SOURCE_SOURCE_KEYS_H_
#define FIELDKMS_ROTATION_SOURCE_SOURCE_KEYS_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "rotation/source/source_opener.h"

namespace fieldkms::rotation {

// Thread-safe once all are added.
class SourceKeys {
 public:
  void Add(std::string name, std::unique_ptr<const SourceOpener> opener) {
    openers_.insert_or_assign(std::move(name), std::move(opener));
  }

  // Find returns what opens values of this key; it lives as long as this does. Errors:
  // InvalidField, "source_key": there is none of the name, or it is of another kind.
  absl::StatusOr<const SourceOpener*> Find(std::string_view name, SourceKind kind) const;

 private:
  std::map<std::string, std::unique_ptr<const SourceOpener>, std::less<>> openers_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_SOURCE_KEYS_H_
