// The calls to the transit engine.
#ifndef FIELDKMS_KMS_ROOT_VAULT_TRANSIT_H_
#define FIELDKMS_KMS_ROOT_VAULT_TRANSIT_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/secret_bytes.h"
#include "crypto/wiping_allocator.h"
#include "kms/clock.h"
#include "kms/root/vault_api.h"
#include "kms/root/vault_error.h"
#include "kms/root/vault_options.h"
#include "kms/root/vault_retry.h"
#include "kms/root/vault_session.h"

namespace fieldkms {

// A value of a batch: Vault's text, and what it was encrypted with, if anything.
struct TransitItem {
  std::string ciphertext;
  std::string associated_data = {};
  std::string context = {};  // of a derived key
};

// VaultTransit encrypts and decrypts under one transit key. What is transient is tried
// again, see WithRetries; a 403 is answered with one login. Thread-safe.
// Errors of both calls: those of HttpClient::Send, VaultLogin::LogIn and VaultError.
class VaultTransit {
 public:
  // `api` and `session` must outlive it.
  VaultTransit(const VaultOptions& options, const VaultApi& api, VaultSession& session,
               VaultTime time)
      : encrypt_(options.mount + "/encrypt/" + options.key),
        decrypt_(options.mount + "/decrypt/" + options.key),
        api_(api),
        session_(session),
        time_(std::move(time)) {}

  // Encrypt returns Vault's text, "vault:v1:…". An empty `aad` is not sent.
  absl::StatusOr<std::string> Encrypt(ByteView plaintext, ByteView aad, Deadline deadline) const;
  // Decrypt takes text that Encrypt could have returned, see IsTransitText.
  absl::StatusOr<WipedBuffer> Decrypt(std::string_view ciphertext, ByteView aad,
                                      Deadline deadline) const;

  // DecryptBatch takes texts as Decrypt does, in one call, and returns what each opens to, in their
  // order; nullopt: it does not open. Of what is the key's fault, such as that it is none, Vault
  // says the same as of values, so it is none of the errors.
  absl::StatusOr<std::vector<std::optional<WipedBuffer>>> DecryptBatch(
      std::span<const TransitItem> items, Deadline deadline) const;

 private:
  // `body` makes the same body each time.
  template <class MakeBody>
  absl::StatusOr<VaultReply> Call(VaultStep step, const std::string& path, const MakeBody& body,
                                  Deadline deadline) const;
  // The reply of any status but those that another login or try may change.
  template <class MakeBody>
  absl::StatusOr<VaultReply> Send(const std::string& path, const MakeBody& body,
                                  Deadline deadline) const;

  const std::string encrypt_, decrypt_;  // paths
  const VaultApi& api_;
  VaultSession& session_;
  const VaultTime time_;
};

// IsTransitText: whether `text` is "vault:v", a version from 1 without leading zeros,
// ":" and base64 in its one spelling. Vault itself is not so strict: it takes v0 for
// v1, and ignores line breaks and left-over bits.
bool IsTransitText(std::string_view text);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_VAULT_TRANSIT_H_
