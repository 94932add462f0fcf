#include "kms/root/vault_root.h"

#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "crypto/status.h"
#include "kms/root/vault_api.h"
#include "kms/root/vault_check.h"
#include "kms/root/vault_error.h"
#include "kms/root/vault_frame.h"
#include "kms/root/vault_login.h"
#include "kms/root/vault_probe.h"
#include "kms/root/vault_session.h"
#include "kms/root/vault_transit.h"

namespace fieldkms {
namespace {

constexpr char kWithAad = 'a';
constexpr char kPlain = 'p';
// The longest frame in base64, with room for "vault:v", a version and a future cipher.
constexpr size_t kMaxWrapped = 2048;

absl::Status CheckContext(std::string_view context) {
  return context.size() <= kMaxVaultContext ? absl::OkStatus()
                                            : InvalidField("context", "is longer than 1 KiB");
}

class VaultRoot final : public RootKey {
 public:
  VaultRoot(const VaultOptions& options, std::unique_ptr<HttpClient> http, const VaultTime& time)
      : name_("vault:" + options.address + "/" + options.mount + "/" + options.key),
        api_(options.address, options.name_space, std::move(http)),
        login_(api_, options, time),
        session_(login_, *time.clock),
        transit_(options, api_, session_, time),
        keeper_([this] { session_.Run(); }) {}

  ~VaultRoot() override {
    session_.Stop();
    keeper_.join();
  }

  std::string Describe() const override { return name_; }

  // Finds out the mode. Harmless at the same time on several threads.
  absl::Status Probe(Deadline deadline) const {
    FIELDKMS_ASSIGN_OR_RETURN(const bool binds, BindsAad(transit_, deadline));
    mode_ = binds ? kWithAad : kPlain;
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Wrap(const SecretBytes& key, std::string_view context,
                                   Deadline deadline) const override {
    if (key.empty() || key.size() > kMaxVaultKey) {
      return InvalidField("key", "is not 1 to 64 bytes");
    }
    FIELDKMS_RETURN_IF_ERROR(CheckContext(context));
    if (mode_ == 0) FIELDKMS_RETURN_IF_ERROR(Probe(deadline));
    const char mode = mode_;
    const WipedBuffer frame = FrameKey(key, context);
    FIELDKMS_ASSIGN_OR_RETURN(const std::string text,
                              transit_.Encrypt(frame, Aad(mode, context), deadline));
    std::string wrapped = mode + text;
    FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes same, Unwrap(wrapped, context, deadline));
    if (!ConstantTimeEqual(same.Expose(), key.Expose())) return VaultWrongKey();
    return wrapped;
  }

  absl::StatusOr<SecretBytes> Unwrap(std::string_view wrapped, std::string_view context,
                                     Deadline deadline) const override {
    FIELDKMS_RETURN_IF_ERROR(CheckContext(context));
    if (wrapped.empty() || wrapped.size() > kMaxWrapped) return VaultWrongKey();
    const char mode = wrapped.front();
    const std::string_view text = wrapped.substr(1);
    if ((mode != kWithAad && mode != kPlain) || !IsTransitText(text)) return VaultWrongKey();
    FIELDKMS_ASSIGN_OR_RETURN(const WipedBuffer frame,
                              transit_.Decrypt(text, Aad(mode, context), deadline));
    return UnframeKey(frame, context);
  }

 private:
  static ByteView Aad(char mode, std::string_view context) {
    return mode == kWithAad ? AsBytes(context) : ByteView();
  }

  const std::string name_;
  const VaultApi api_;
  const VaultLogin login_;
  mutable VaultSession session_;
  const VaultTransit transit_;
  mutable std::atomic<char> mode_ = 0;  // 0: not known yet
  std::thread keeper_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RootKey>> OpenVaultRoot(const VaultOptions& options,
                                                       Deadline deadline, const VaultTime& time) {
  FIELDKMS_RETURN_IF_ERROR(CheckVaultOptions(options));
  FIELDKMS_ASSIGN_OR_RETURN(std::unique_ptr<HttpClient> http, MakeHttpClient(options.http));
  auto root = std::make_unique<VaultRoot>(options, std::move(http), time);
  const absl::Status status = root->Probe(deadline);
  if (!status.ok() && !absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) {
    return status;
  }
  return root;
}

}  // namespace fieldkms
