#include "kms/root/pkcs11_client.h"

#include <utility>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/root/pkcs11_error.h"

namespace fieldkms {
namespace {

constexpr std::string_view kProbeContext = "fieldkms/probe";
constexpr std::string_view kOtherContext = "fieldkms/other";

Pkcs11KeyName NameOf(const Pkcs11RootOptions& options) {
  return {options.key_label, options.key_id};
}

}  // namespace

absl::Status Pkcs11Client::Start() {
  FIELDKMS_RETURN_IF_ERROR(Attempt([this]() -> absl::Status {
    FIELDKMS_ASSIGN_OR_RETURN(shared_.scheme,
                              ChooseScheme(session_, shared_.options.wrapping, key_.usage));
    return TryOut();
  }));
  shared_.started = true;
  return absl::OkStatus();
}

absl::StatusOr<std::string> Pkcs11Client::Wrap(const SecretBytes& key, std::string_view context) {
  std::string wrapped;
  FIELDKMS_RETURN_IF_ERROR(Attempt([&]() -> absl::Status {
    FIELDKMS_ASSIGN_OR_RETURN(wrapped, WrapOnce(key, context));
    return absl::OkStatus();
  }));
  return wrapped;
}

absl::StatusOr<SecretBytes> Pkcs11Client::Unwrap(std::string_view wrapped,
                                                 std::string_view context) {
  SecretBytes key;
  FIELDKMS_RETURN_IF_ERROR(Attempt([&]() -> absl::Status {
    FIELDKMS_ASSIGN_OR_RETURN(key, UnwrapOnce(wrapped, context));
    return absl::OkStatus();
  }));
  return key;
}

absl::Status Pkcs11Client::Attempt(const std::function<absl::Status()>& step) {
  {
    Pkcs11Module::Use use(*shared_.token.module);
    absl::Status status = Once(use, step);
    if (!session_.lost()) return status;
    session_.Drop();
    status = Once(use, step);
    if (!session_.lost()) return status;
    session_.Drop();
    if (use.Restart() != CKR_OK) return status;
  }
  const Pkcs11Module::Use use(*shared_.token.module);
  absl::Status status = Once(use, step);
  if (session_.lost()) session_.Drop();
  return status;
}

absl::Status Pkcs11Client::Once(const Pkcs11Module::Use& use,
                                const std::function<absl::Status()>& step) {
  if (!session_.IsOpen(use)) FIELDKMS_RETURN_IF_ERROR(Connect(use));
  return step();
}

absl::Status Pkcs11Client::Connect(const Pkcs11Module::Use& use) {
  FIELDKMS_RETURN_IF_ERROR(session_.Open(use));
  auto key = FindPkcs11Key(session_, NameOf(shared_.options), shared_.options.allow_extractable);
  if (key.status().code() == absl::StatusCode::kNotFound && shared_.started) {
    // It was there: the token has been changed under us, and may come back.
    session_.SetLost();
    return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable,
                 "the key of the root is no longer in its token");
  }
  if (key.status().code() == absl::StatusCode::kNotFound && shared_.options.create_if_missing) {
    FIELDKMS_RETURN_IF_ERROR(MakeKey(use));
    key = FindPkcs11Key(session_, NameOf(shared_.options), shared_.options.allow_extractable);
  }
  if (key.ok()) {
    key_ = *key;
  } else {
    session_.Drop();
  }
  return key.status();
}

absl::Status Pkcs11Client::MakeKey(const Pkcs11Module::Use& use) {
  FIELDKMS_RETURN_IF_ERROR(session_.Open(use, true));
  FIELDKMS_ASSIGN_OR_RETURN(const Pkcs11Scheme scheme,
                            ChooseScheme(session_, shared_.options.wrapping, std::nullopt));
  FIELDKMS_RETURN_IF_ERROR(MakePkcs11Key(session_, NameOf(shared_.options), scheme.usage()));
  return session_.Open(use);
}

absl::Status Pkcs11Client::TryOut() {
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes key, SecretBytes::Random(32));
  FIELDKMS_ASSIGN_OR_RETURN(shared_.probe, WrapOnce(key, kProbeContext));
  const auto opened = UnwrapOnce(shared_.probe, kOtherContext);
  if (opened.ok()) {
    return Pkcs11Misfit("the token ignores the context of a wrapped key (AAD): not fit for a root");
  }
  return ReasonOf(opened.status()) == Reason::kRootWrongKey ? absl::OkStatus() : opened.status();
}

absl::StatusOr<std::string> Pkcs11Client::WrapOnce(const SecretBytes& key,
                                                   std::string_view context) {
  FIELDKMS_ASSIGN_OR_RETURN(
      std::string wrapped,
      Pkcs11Wrap(session_, key_, shared_.scheme, shared_.options.iv_from_token, key, context));
  // What cannot be unwrapped is lost with all that hangs on it, and wraps are few.
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes same, Pkcs11Unwrap(session_, key_, wrapped, context));
  if (!ConstantTimeEqual(same.Expose(), key.Expose())) {
    return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable,
                 "the token unwraps other bytes than it wrapped");
  }
  return wrapped;
}

absl::StatusOr<SecretBytes> Pkcs11Client::UnwrapOnce(std::string_view wrapped,
                                                     std::string_view context) {
  auto key = Pkcs11Unwrap(session_, key_, wrapped, context);
  if (ReasonOf(key.status()) != Reason::kRootUnavailable) return key;
  // Many tokens have one code for a wrong ciphertext and for being broken. One that opens
  // what it wrapped before is not broken.
  const bool lost = session_.lost();
  session_.ClearLost();
  if (Pkcs11Unwrap(session_, key_, shared_.probe, kProbeContext).ok()) return RootWrongKey();
  if (lost) session_.SetLost();
  return key;
}

}  // namespace fieldkms
