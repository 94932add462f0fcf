#include "kms/root/pkcs11_root.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/status.h"
#include "kms/root/bounded_workers.h"
#include "kms/root/pkcs11_client.h"
#include "kms/root/pkcs11_error.h"
#include "kms/root/pkcs11_module.h"

namespace fieldkms {
namespace {

constexpr size_t kMaxSessions = 64;
constexpr size_t kMaxKey = 64;
constexpr size_t kMaxContext = 1024;
constexpr size_t kMaxWrapped = 256;  // more than any format makes of kMaxKey

// What the workers share with the root, and outlives it where they hang.
struct Core {
  Pkcs11Shared shared;
  std::vector<std::unique_ptr<Pkcs11Client>> clients;  // one a worker
};

absl::Status CheckContext(std::string_view context) {
  return context.size() <= kMaxContext ? absl::OkStatus()
                                       : InvalidField("context", "is longer than 1 KiB");
}

class Pkcs11Root final : public RootKey {
 public:
  explicit Pkcs11Root(std::shared_ptr<Core> core)
      : name_(NameOf(core->shared.options)),
        call_timeout_(core->shared.options.call_timeout),
        workers_(core->clients.size(), [core](size_t worker) { core->clients[worker].reset(); }),
        core_(std::move(core)) {}

  absl::Status Start() {
    return Call<bool>(
               [](Pkcs11Client& client) -> absl::StatusOr<bool> {
                 FIELDKMS_RETURN_IF_ERROR(client.Start());
                 return true;
               },
               kNoDeadline)
        .status();
  }

  std::string Describe() const override { return name_; }

  absl::StatusOr<std::string> Wrap(const SecretBytes& key, std::string_view context,
                                   Deadline deadline) const override {
    if (key.empty() || key.size() > kMaxKey) return InvalidField("key", "is not 1 to 64 bytes");
    FIELDKMS_RETURN_IF_ERROR(CheckContext(context));
    // Its own copies: the call may outlive the caller.
    FIELDKMS_ASSIGN_OR_RETURN(SecretBytes copy, SecretBytes::CopyOf(key.Expose()));
    return Call<std::string>(
        [key = std::make_shared<SecretBytes>(std::move(copy)), context = std::string(context)](
            Pkcs11Client& client) { return client.Wrap(*key, context); },
        deadline);
  }

  absl::StatusOr<SecretBytes> Unwrap(std::string_view wrapped, std::string_view context,
                                     Deadline deadline) const override {
    FIELDKMS_RETURN_IF_ERROR(CheckContext(context));
    if (wrapped.size() > kMaxWrapped) return RootWrongKey();
    return Call<SecretBytes>([wrapped = std::string(wrapped), context = std::string(context)](
                                 Pkcs11Client& client) { return client.Unwrap(wrapped, context); },
                             deadline);
  }

 private:
  static std::string NameOf(const Pkcs11RootOptions& options) {
    return fmt::format("pkcs11:token={};object={}",
                       options.token_label.empty() ? options.token_serial : options.token_label,
                       options.key_label);
  }

  template <class T>
  absl::StatusOr<T> Call(std::function<absl::StatusOr<T>(Pkcs11Client&)> step,
                         Deadline deadline) const {
    const Deadline limit = SystemClock().Steady() + call_timeout_;
    const auto result = std::make_shared<absl::StatusOr<T>>(Bug("a call without a result"));
    const absl::Status status =
        workers_.Run([core = core_, result, step = std::move(step)](
                         size_t worker) { *result = step(*core->clients[worker]); },
                     std::min(deadline, limit));
    if (status.ok()) return std::move(*result);
    if (status.code() == absl::StatusCode::kDeadlineExceeded && limit < deadline) {
      return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable,
                   "the token of the root key did not answer in time");
    }
    return status;
  }

  const std::string name_;
  const std::chrono::milliseconds call_timeout_;
  mutable BoundedWorkers workers_;
  // Given up before the workers end: the last of them finalises the module.
  std::shared_ptr<Core> core_;
};

absl::Status CheckOptions(const Pkcs11RootOptions& options) {
  const auto invalid = [](std::string_view message) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid, message);
  };
  if (options.token_label.empty() && options.token_serial.empty()) {
    return invalid("the PKCS#11 root needs the label or the serial number of its token");
  }
  if (options.key_label.empty() && options.key_id.empty()) {
    return invalid("the PKCS#11 root needs the label or the id of its key");
  }
  if (options.sessions < 1 || options.sessions > kMaxSessions) {
    return invalid("the PKCS#11 root takes 1 to 64 sessions");
  }
  if (options.call_timeout <= std::chrono::milliseconds::zero()) {
    return invalid("the time limit of the PKCS#11 root is not positive");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<RootKey>> OpenPkcs11Root(const Pkcs11RootOptions& options) {
  FIELDKMS_RETURN_IF_ERROR(CheckOptions(options));
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes pin, ReadSecret(options.pin, "PIN"));
  FIELDKMS_ASSIGN_OR_RETURN(auto module, Pkcs11Module::Load(options.module));
  const std::shared_ptr<Core> core(new Core{
      {options,
       {std::move(module), options.token_label, options.token_serial, Pkcs11Login(std::move(pin))}},
      {}});
  for (size_t i = 0; i < options.sessions; ++i) {
    core->clients.push_back(std::make_unique<Pkcs11Client>(core->shared));
  }
  auto root = std::make_unique<Pkcs11Root>(core);
  FIELDKMS_RETURN_IF_ERROR(root->Start());
  return root;
}

}  // namespace fieldkms
