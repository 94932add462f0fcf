#include "clients/cpp/local_crypto.h"

#include <map>
#include <mutex>
#include <utility>

#include "clients/cpp/key_leases.h"
#include "clients/cpp/lease_environment.h"
#include "clients/cpp/lease_keeper.h"
#include "clients/cpp/lease_transport.h"
#include "clients/cpp/local_key.h"
#include "crypto/names.h"
#include "crypto/status.h"

namespace fieldkms {

class LocalCrypto::Impl {
 public:
  Impl(std::unique_ptr<LeaseTransport> transport, LeaseEnvironment& environment,
       LocalCryptoOptions options)
      : options_(std::move(options)),
        transport_(std::move(transport)),
        keeper_(*transport_, environment),
        context_{*transport_, environment, options_, keeper_} {
    keeper_.Start();
  }

  void Close() { keeper_.Stop(); }

  LocalKey* Key(std::string_view tenant, std::string_view name) {
    const std::lock_guard lock(mutex_);
    std::unique_ptr<LocalKey>& key = keys_[{std::string(tenant), std::string(name)}];
    if (key == nullptr) {
      auto impl =
          std::make_unique<LocalKey::Impl>(context_, std::string(tenant), std::string(name));
      keeper_.Add(&impl->leases());
      key.reset(new LocalKey(std::move(impl)));
    }
    return key.get();
  }

 private:
  const LocalCryptoOptions options_;
  const std::unique_ptr<LeaseTransport> transport_;
  std::mutex mutex_;  // guards keys_
  // Before the keeper, which looks after them until it is gone.
  std::map<std::pair<std::string, std::string>, std::unique_ptr<LocalKey>> keys_;
  LeaseKeeper keeper_;
  LeaseContext context_;
};

absl::StatusOr<std::unique_ptr<LocalCrypto>> LocalCrypto::Create(std::shared_ptr<Client> client,
                                                                 LocalCryptoOptions options) {
  return Create(MakeLeaseTransport(std::move(client)), LeaseEnvironment::Real(),
                std::move(options));
}

absl::StatusOr<std::unique_ptr<LocalCrypto>> LocalCrypto::Create(
    std::unique_ptr<LeaseTransport> transport, LeaseEnvironment& environment,
    LocalCryptoOptions options) {
  if (options.lease_time.count() < 0) return InvalidField("lease_time", "must not be negative");
  if (options.most_versions == 0) return InvalidField("most_versions", "must be at least 1");
  return std::unique_ptr<LocalCrypto>(new LocalCrypto(
      std::make_unique<Impl>(std::move(transport), environment, std::move(options))));
}

LocalCrypto::LocalCrypto(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LocalCrypto::~LocalCrypto() { Close(); }

absl::StatusOr<LocalKey*> LocalCrypto::Key(std::string_view tenant, std::string_view key) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(key, "key"));
  return impl_->Key(tenant, key);
}

void LocalCrypto::Close() { impl_->Close(); }

LocalKey::LocalKey(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LocalKey::~LocalKey() = default;

absl::StatusOr<uint32_t> LocalKey::Encrypt(std::span<const ContextEntry> context,
                                           std::string_view plaintext, std::string* ciphertext) {
  return impl_->Encrypt(context, plaintext, ciphertext);
}

absl::StatusOr<uint32_t> LocalKey::Decrypt(std::span<const ContextEntry> context,
                                           std::string_view ciphertext, std::string* plaintext) {
  return impl_->Decrypt(context, ciphertext, plaintext);
}

std::optional<absl::StatusOr<uint32_t>> LocalKey::TryEncrypt(std::span<const ContextEntry> context,
                                                             std::string_view plaintext,
                                                             std::string* ciphertext,
                                                             BatchNonces* nonces) {
  return impl_->TryEncrypt(context, plaintext, ciphertext, nonces);
}

std::optional<absl::StatusOr<uint32_t>> LocalKey::TryDecrypt(std::span<const ContextEntry> context,
                                                             std::string_view ciphertext,
                                                             std::string* plaintext) {
  return impl_->TryDecrypt(context, ciphertext, plaintext);
}

}  // namespace fieldkms
