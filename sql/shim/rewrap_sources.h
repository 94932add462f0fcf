// RewrapSources: which envelopes may be rewrapped. The service takes those of any key that the shim
// itself may use; so a session that has rights on one key only could have the values of others
// sealed under it, and read them. What is rewrapped must be of the key that was asked for; where
// none was, as by triggers, which take a value as it is, of one that the rules allow to rewrap.
#ifndef FIELDKMS_SQL_SHIM_REWRAP_SOURCES_H_
#define FIELDKMS_SQL_SHIM_REWRAP_SOURCES_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sql/shim/backend.h"
#include "sql/shim/peers.h"

namespace fieldkms::shim {

class RewrapSources {
 public:
  // For rewraps to the key `name`. Who may rewrap all keys of the tenant may do so from each to
  // each; for others the service is asked for the key's id, once: that blocks, and takes the right
  // key.read of the shim. Error: that of the service.
  static absl::StatusOr<RewrapSources> Of(Backend& backend, const Asker& asker,
                                          const std::string& tenant, const std::string& name);
  // For rewraps of these envelopes under the keys that they are of; likewise. `asker` outlives it.
  static absl::StatusOr<RewrapSources> OfEach(Backend& backend, const Asker& asker,
                                              const std::string& tenant,
                                              const std::vector<std::string_view>& envelopes);
  // Whether Of asks the service.
  static bool AreLimited(const Asker& asker, std::string_view tenant);

  // Of any.
  RewrapSources() = default;

  // Error: kPermissionDenied. What is no envelope is left to the service.
  absl::Status Check(std::string_view envelope) const;

 private:
  absl::Status CheckId(const std::string& key_id) const;

  std::optional<std::string> key_id_;       // of this key
  std::shared_ptr<const NamesById> names_;  // of those that the rules allow
  const Asker* asker_ = nullptr;
  std::string tenant_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_REWRAP_SOURCES_H_
