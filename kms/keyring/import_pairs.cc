#include "kms/keyring/import_pairs.h"

#include <chrono>

#include "crypto/status.h"
#include "kms/retry_after.h"

namespace fieldkms {
namespace {

// What a pair takes, most often.
constexpr std::chrono::seconds kRetryAfter{1};

}  // namespace

absl::StatusOr<ImportKeyPair> ImportPairs::Make() {
  if (busy_.exchange(true)) {
    return WithRetryAfter(Error(absl::StatusCode::kUnavailable, Reason::kOverloaded,
                                "a key pair for another import is being made"),
                          kRetryAfter);
  }
  absl::StatusOr<ImportKeyPair> pair = generate_();
  busy_.store(false);
  return pair;
}

}  // namespace fieldkms
