// What an item of a call asks for, whether it comes alone or in a batch.
#ifndef FIELDKMS_KMS_SERVICE_ITEM_CRYPTO_H_
#define FIELDKMS_KMS_SERVICE_ITEM_CRYPTO_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/xaes_gcm.h"
#include "kms/service/key_finder.h"
#include "kms/service/subject_keys.h"
#include "kms/service/workspace.h"

namespace fieldkms {

// NonceSource gives one fresh nonce an item: random for a single one, from one run
// (BatchNonces) for a batch, whose items then share the derivation of their keys.
class NonceSource {
 public:
  virtual ~NonceSource() = default;
  virtual absl::StatusOr<XaesNonce> Next() = 0;
};
class SingleNonce final : public NonceSource {
 public:
  absl::StatusOr<XaesNonce> Next() override;

 private:
  uint8_t nonce_[kXaesNonceSize];
};
class NonceRun final : public NonceSource {
 public:
  absl::StatusOr<XaesNonce> Next() override;

 private:
  std::optional<BatchNonces> run_;
};

// ItemCrypto carries out items of one tenant within one run. Each method returns
// kNeedsIo, with nothing done, where a key must be loaded and the run may not block.
class ItemCrypto {
 public:
  ItemCrypto(RunContext& context, std::string_view tenant, NonceSource& nonces);

  struct Encrypted {
    std::string* ciphertext;
    uint32_t key_version = 0;
  };
  absl::StatusOr<RunState> Encrypt(std::string_view key, const ContextField& shared,
                                   const ContextField& own, std::string_view plaintext,
                                   Encrypted* out);
  // FindToEncrypt finds the key of a call or item and notes it for the audit trail, by its
  // own name where it is found and allowed, else as it was asked for. A null key: see
  // KeyFinder.
  absl::StatusOr<KeyFinder::Found> FindToEncrypt(std::string_view key, const KeyUse& use = {});
  // Encrypt under a key that it found; for the data subject of that handle, if there is one, which
  // the run knows. Errors besides: kFieldPolicy, for a key of suite 2, which seals for no subject;
  // those of SubjectKeys::KeyFor.
  absl::Status EncryptUnder(const KeyFinder::Found& key, const ContextField& shared,
                            const ContextField& own, std::string_view plaintext, Encrypted* out,
                            std::string_view subject = {});

  struct Decrypted {
    std::string* plaintext;
    uint32_t key_version = 0;
  };
  // `pin` "": any key of the tenant that the caller may use so.
  absl::StatusOr<RunState> Decrypt(std::string_view pin, const ContextField& shared,
                                   const ContextField& own, std::string_view ciphertext,
                                   Decrypted* out, const KeyUse& use = {Action::kDecrypt});

  struct Rewrapped {
    std::string* ciphertext;
    uint32_t source_key_version = 0;
    uint32_t key_version = 0;
  };
  // `destination_key` "": the source's. `destination` null: the source's context.
  absl::StatusOr<RunState> Rewrap(std::string_view destination_key,
                                  const v1::DestinationContext* destination,
                                  const ContextField& shared, const ContextField& own,
                                  std::string_view ciphertext, Rewrapped* out);

 private:
  struct RewrapKeys {
    KeyFinder::Found source;
    KeyFinder::Found destination;
  };
  absl::StatusOr<RewrapKeys> FindRewrapKeys(const EnvelopeHeader& header,
                                            std::string_view destination_key, bool context_changes);
  absl::StatusOr<KeyFinder::Found> FindDestination(const KeyRecord& source,
                                                   std::string_view destination_key,
                                                   bool context_changes);
  absl::StatusOr<KeyFinder::Found> FindToOpen(const EnvelopeHeader& header, std::string_view pin,
                                              const KeyUse& use);
  absl::Status Seal(const KeyFinder::Found& key, std::string_view subject,
                    std::string_view plaintext, std::string* out);
  // The key that opens an envelope, which may be a subject's. Null: the run may not block.
  absl::StatusOr<const XaesKey*> OpenerOf(const EnvelopeView& envelope,
                                          const KeyFinder::Found& key);

  RunContext& context_;
  Workspace& workspace_;
  KeyFinder keys_;
  SubjectKeys subjects_;
  NonceSource& nonces_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_ITEM_CRYPTO_H_
