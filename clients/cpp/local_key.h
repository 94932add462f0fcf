// LocalKey::Impl: sealing and opening with the leases of one key. Internal to clients/cpp.
#ifndef FIELDKMS_CLIENTS_CPP_LOCAL_KEY_H_
#define FIELDKMS_CLIENTS_CPP_LOCAL_KEY_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "clients/cpp/key_leases.h"
#include "clients/cpp/local_crypto.h"
#include "crypto/envelope.h"

namespace fieldkms {

class LocalKey::Impl {
 public:
  Impl(LeaseContext& context, std::string tenant, std::string name);

  KeyLeases& leases() { return leases_; }

  absl::StatusOr<uint32_t> Encrypt(std::span<const ContextEntry> context,
                                   std::string_view plaintext, std::string* ciphertext);
  absl::StatusOr<uint32_t> Decrypt(std::span<const ContextEntry> context,
                                   std::string_view ciphertext, std::string* plaintext);

  std::optional<absl::StatusOr<uint32_t>> TryEncrypt(std::span<const ContextEntry> context,
                                                     std::string_view plaintext,
                                                     std::string* ciphertext, BatchNonces* nonces);
  std::optional<absl::StatusOr<uint32_t>> TryDecrypt(std::span<const ContextEntry> context,
                                                     std::string_view ciphertext,
                                                     std::string* plaintext);

 private:
  struct ThreadPart;
  // What a lease came to: nullopt where it does not serve.
  using Attempt = std::optional<absl::Status>;

  ThreadPart& OfThread();
  void LookAgain(ThreadPart& part);
  Attempt TrySeal(ThreadPart& part, HeldLease& lease, std::string_view plaintext,
                  std::string* ciphertext, BatchNonces* nonces = nullptr);
  Attempt TryOpen(ThreadPart& part, HeldLease& lease, const EnvelopeView& envelope,
                  std::string* plaintext);
  absl::StatusOr<uint32_t> SealSlowly(ThreadPart& part, std::span<const ContextEntry> context,
                                      std::string_view plaintext, std::string* ciphertext);
  absl::StatusOr<uint32_t> OpenSlowly(ThreadPart& part, std::span<const ContextEntry> context,
                                      const EnvelopeView& envelope, std::string_view ciphertext,
                                      std::string* plaintext);
  // Whether a call that no lease could serve, for the reason `why`, goes to the service.
  bool MayAsk(const absl::Status& why) const;
  absl::StatusOr<uint32_t> AskToEncrypt(std::span<const ContextEntry> context,
                                        std::string_view plaintext, std::string* ciphertext);
  absl::StatusOr<uint32_t> AskToDecrypt(std::span<const ContextEntry> context,
                                        std::string_view ciphertext, std::string* plaintext);
  // The answer of a call: as `done`, unless the holder's audit trail refuses.
  absl::StatusOr<uint32_t> Answer(LocalUse::Operation operation, const HeldLease* lease,
                                  uint32_t version, absl::Status done, std::string* out) const;

  LeaseContext& context_;
  const uint64_t id_;  // never reused in a process
  KeyLeases leases_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_LOCAL_KEY_H_
