#include <array>
#include <utility>

#include "crypto/status.h"
#include "kms/backends/backends.h"
#include "kms/root/dual_root.h"
#include "kms/root/vault_root.h"

namespace fieldkms {
namespace {

using Opened = absl::StatusOr<std::unique_ptr<RootKey>>;

absl::Status Missing(const std::string& path, std::string_view remedy) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootUnavailable,
               "the root key file " + path + " is missing" + std::string(remedy));
}

Opened Open(const LocalRootConfig& config, const RootOpening& opening) {
  LocalRootOptions options = config.options;
  if (options.path.empty()) options.path = opening.data_dir + "/root.key";
  auto root = OpenLocalRoot(options);
  if (root.ok() || root.status().code() != absl::StatusCode::kNotFound) return root;
  if (opening.has_keys) {
    return Missing(options.path,
                   ", but there is a store whose keys it wraps; restore the file from your backup "
                   "(a new one could open nothing)");
  }
  if (!config.create_if_missing) {
    return Missing(options.path,
                   "; restore it, or for a first start set root.local.create_if_missing: true");
  }
  FIELDKMS_RETURN_IF_ERROR(CreateLocalRoot(options));
  if (opening.on_created) opening.on_created(options.path);
  return OpenLocalRoot(options);
}

Opened Open(const Pkcs11RootOptions& config, const RootOpening& opening) {
  Pkcs11RootOptions options = config;
  options.create_if_missing = config.create_if_missing && !opening.has_keys;
  return OpenPkcs11Root(options);
}

[[maybe_unused]] absl::Status NotBuilt(std::string_view what) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kConfigInvalid,
               "this build has no " + std::string(what));
}

Opened Open([[maybe_unused]] const VaultOptions& options,
            [[maybe_unused]] const RootOpening& opening) {
#ifdef FIELDKMS_ROOT_VAULT
  return OpenVaultRoot(options, opening.deadline);
#else
  return NotBuilt("root in Vault (FIELDKMS_ROOT_VAULT)");
#endif
}

Opened Open([[maybe_unused]] const AwsRootOptions& options,
            [[maybe_unused]] const RootOpening& opening) {
#ifdef FIELDKMS_ROOT_AWS
  return OpenAwsRoot(options, opening.deadline);
#else
  return NotBuilt("root in AWS KMS (FIELDKMS_ROOT_AWS)");
#endif
}

absl::StatusOr<OpenedRoot> OpenOne(const RootConfig& config, const RootOpening& opening) {
  auto root = std::visit([&](const auto& one) { return Open(one, opening); }, config);
  FIELDKMS_RETURN_IF_ERROR(root.status());
  OpenedRoot opened{*std::move(root), nullptr};
  if (std::holds_alternative<LocalRootConfig>(config)) return opened;
  GuardOptions options;
  options.on_change = opening.on_change;
  auto guarded =
      std::make_unique<GuardedRoot>(std::move(opened.root), std::move(options), SystemClock());
  opened.guard = guarded.get();
  opened.root = std::move(guarded);
  return opened;
}

}  // namespace

std::string_view KindOf(const RootConfig& config) {
  constexpr std::array<std::string_view, std::variant_size_v<RootConfig>> kNames = {
      "local", "pkcs11", "vault", "aws"};
  return kNames[config.index()];
}

absl::StatusOr<OpenedRoot> OpenRoot(const RootConfig& config, const std::optional<RootConfig>& also,
                                    const RootOpening& opening) {
  FIELDKMS_ASSIGN_OR_RETURN(OpenedRoot opened, OpenOne(config, opening));
  if (!also) return opened;
  FIELDKMS_ASSIGN_OR_RETURN(OpenedRoot other, OpenOne(*also, opening));
  opened.root = std::make_unique<DualRoot>(std::move(opened.root), std::move(other.root));
  return opened;
}

}  // namespace fieldkms
