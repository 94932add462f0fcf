// CVVs and their tokens: in the memory of one replica, which the token names.
//   token = "tok_" ‖ 16 of the replica's id ‖ 22 letters and digits
// A replica's id is new with each start, so that a token of one that is gone stands for nothing.
#ifndef FIELDKMS_KMS_SERVICE_VOLATILE_VALUES_H_
#define FIELDKMS_KMS_SERVICE_VOLATILE_VALUES_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/fields/field_directory.h"
#include "kms/service/peers.h"
#include "kms/service/replica.h"
#include "kms/volatile/volatile_tokens.h"

namespace fieldkms {

// Thread-safe. None is owned; `peers` may be null.
class VolatileValues {
 public:
  VolatileValues(VolatileTokens& tokens, const Replica& replica, Peers* peers, const Clock& clock)
      : tokens_(tokens), mark_(replica.id.substr(0, kMarkSize)), peers_(peers), clock_(clock) {}

  // Keeps a value and returns its token. Errors: those of VolatileTokens::Put.
  absl::StatusOr<std::string> Put(const LoadedField& field, std::string_view value,
                                  std::chrono::seconds life);
  // Replaces `value` by that of a token, once. `ask_peers`: of another replica's token, that one.
  // Errors: TokenNotFound(); those of Peers.
  absl::Status Take(const LoadedField& field, std::string_view token, bool ask_peers,
                    Deadline deadline, std::string* value);
  // How many there were.
  absl::StatusOr<uint64_t> Erase(const LoadedField& field, std::string_view token, bool ask_peers,
                                 Deadline deadline);

 private:
  static constexpr size_t kMarkSize = 16;

  bool IsOurs(std::string_view token) const;

  VolatileTokens& tokens_;
  const std::string mark_;
  Peers* const peers_;
  const Clock& clock_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_VOLATILE_VALUES_H_
