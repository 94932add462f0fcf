// Watch: what tests know of the calls of a double, and do about them.
#ifndef FIELDKMS_TESTS_UNIT_KMS_KEYRING_WATCH_H_
#define FIELDKMS_TESTS_UNIT_KMS_KEYRING_WATCH_H_

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "absl/status/status.h"

namespace fieldkms::testing {

// Watch counts calls by name, and runs a hook before each, which may block or
// return an error instead of the call.
class Watch {
 public:
  using Hook = std::function<absl::Status()>;

  absl::Status Call(const std::string& name);
  int Count(const std::string& name) const;
  // An empty hook takes the last one back.
  void SetHook(const std::string& name, Hook hook);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> counts_;
  std::map<std::string, Hook> hooks_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_KMS_KEYRING_WATCH_H_
