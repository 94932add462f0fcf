// KeyNames: how the keys of a tenant are called whose ids are in envelopes.
#ifndef FIELDKMS_SQL_SHIM_KEY_NAMES_H_
#define FIELDKMS_SQL_SHIM_KEY_NAMES_H_

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "clients/cpp/client.h"

namespace fieldkms::shim {

// Names by ids (16 hex digits), of the keys that the shim may read.
using NamesById = std::map<std::string, std::string, std::less<>>;

// Thread-safe.
class KeyNames {
 public:
  explicit KeyNames(Client& client) : client_(client) {}

  // Those of a tenant, as they were a while ago; asked for anew where they are not `enough`, since
  // keys are made, but once a second only. Blocks. Error: as Client::ListKeys.
  absl::StatusOr<std::shared_ptr<const NamesById>> Of(
      const std::string& tenant, const std::function<bool(const NamesById&)>& enough);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Known {
    std::shared_ptr<const NamesById> names;
    Time asked;
  };
  absl::StatusOr<std::shared_ptr<const NamesById>> Ask(const std::string& tenant);

  Client& client_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;  // by tenant
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_KEY_NAMES_H_
