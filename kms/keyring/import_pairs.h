// ImportPairs makes the RSA key pairs of imports, one at a time.
#ifndef FIELDKMS_KMS_KEYRING_IMPORT_PAIRS_H_
#define FIELDKMS_KMS_KEYRING_IMPORT_PAIRS_H_

#include <atomic>
#include <functional>
#include <utility>

#include "absl/status/statusor.h"
#include "crypto/key_import.h"

namespace fieldkms {

// A pair takes a core for seconds, on one of the few threads that also load keys for
// everybody. So a second caller does not wait for the first, which would take a thread
// more, but is told to come again. Pairs kept ready would spare a rare caller, an
// administrator, these seconds; and cost every replica some at its start, and a private
// key in memory for nobody. Thread-safe.
class ImportPairs {
 public:
  using Generate = std::function<absl::StatusOr<ImportKeyPair>()>;
  explicit ImportPairs(Generate generate = GenerateImportKeyPair)
      : generate_(std::move(generate)) {}

  // Errors: kUnavailable, kOverloaded, with RetryAfterOf, while another call makes one;
  // kCryptoFailure.
  absl::StatusOr<ImportKeyPair> Make();

 private:
  const Generate generate_;
  std::atomic<bool> busy_{false};
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_IMPORT_PAIRS_H_
