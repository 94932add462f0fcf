// KeyTransfer: keys that customers bring along, and keys that leave. Their material is
// wrapped for the journey as crypto/key_import.h says.
#ifndef FIELDKMS_KMS_KEYRING_KEY_TRANSFER_H_
#define FIELDKMS_KMS_KEYRING_KEY_TRANSFER_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "kms/clock.h"
#include "kms/keyring/import_pairs.h"
#include "kms/keyring/key_admin.h"
#include "kms/keyring/lifecycle.h"

namespace fieldkms {

struct KeyringCore;

// How long import parameters are good for, by the service's wall clock.
inline constexpr std::chrono::hours kImportTime{24};

struct ImportParameters {
  std::string public_pem;  // to wrap keys under
  std::string token;       // kms/keyring/import_token.h
  WallTime end;
};

// A key as it was brought along: views into the request.
struct BroughtKey {
  std::string_view token;    // of ImportParameters, of the same tenant
  std::string_view wrapped;  // 552 bytes
};

// What leaves.
struct ExportedVersion {
  std::string wrapped;  // 552 bytes, for the recipient
  uint32_t version = 0;
  std::string recipient;  // PublicKeyDigest of whose key it was wrapped under
};

// Safe for concurrent use. Errors beside those of Store and RootKey: kInvalidField, also
// for a wrapped key that has not the right length; those of lifecycle.h; ImportFailed()
// (kms/keyring/import_token.h) for tokens of another tenant, altered or too old and for keys
// that do not unwrap, all alike.
class KeyTransfer {
 public:
  explicit KeyTransfer(KeyringCore& core, ImportPairs::Generate generate = GenerateImportKeyPair)
      : core_(core), pairs_(std::move(generate)) {}

  // MakeImportParameters makes a key pair: seconds of processor time, see ImportPairs. Nothing
  // of it is stored: the token says all.
  absl::StatusOr<ImportParameters> MakeImportParameters(std::string_view tenant, Deadline deadline);

  // ImportKey makes a key whose version 1 is brought along, ImportKeyVersion a new primary
  // version. Only a key that was imported takes imported versions. A mutation that was made
  // before is known by its id and all but `brought`, which then is not looked at: a token may
  // have ended since. As KeyAdmin's otherwise.
  absl::StatusOr<KeyRecord> ImportKey(const KeySpec& spec, const BroughtKey& brought,
                                      std::string_view request_id, Deadline deadline);
  absl::StatusOr<KeyRecord> ImportKeyVersion(const KeyRef& ref, const BroughtKey& brought,
                                             std::string_view request_id, Deadline deadline);

  // ExportVersion wraps a version (0: the primary) for the holder of `recipient_pem`. Errors:
  // kNotExportable; kKeyState for a version that does not open (MayOpen in lifecycle.h): who
  // has the material can open what it sealed; kKeyNotFound, also for a version that is not
  // there, with the field "version". Whether it may leave, the caller has asked and put on
  // record.
  absl::StatusOr<ExportedVersion> ExportVersion(std::string_view tenant, std::string_view name,
                                                uint32_t version, std::string_view recipient_pem,
                                                Deadline deadline);

 private:
  absl::StatusOr<SecretBytes> Unwrap(std::string_view tenant, const BroughtKey& brought,
                                     Deadline deadline);

  KeyringCore& core_;
  ImportPairs pairs_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_KEY_TRANSFER_H_
