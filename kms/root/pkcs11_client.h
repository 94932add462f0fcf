// What one worker does for a PKCS#11 root: keep a session and the handle of the key,
// open both anew when they are lost, and wrap and unwrap.
#ifndef FIELDKMS_KMS_ROOT_PKCS11_CLIENT_H_
#define FIELDKMS_KMS_ROOT_PKCS11_CLIENT_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "kms/root/pkcs11_key.h"
#include "kms/root/pkcs11_root.h"
#include "kms/root/pkcs11_session.h"
#include "kms/root/pkcs11_wrap.h"

namespace fieldkms {

// What the clients of one root share. Start writes what is not const, before any other
// client is used.
struct Pkcs11Shared {
  const Pkcs11RootOptions options;
  Pkcs11Token token;
  Pkcs11Scheme scheme = {};
  std::string probe = {};  // a key that this root has wrapped
  bool started = false;
};

// Not thread-safe.
class Pkcs11Client {
 public:
  explicit Pkcs11Client(Pkcs11Shared& shared) : shared_(shared), session_(shared.token) {}

  // Start makes the key where that is asked for, chooses how to wrap and tries it out.
  absl::Status Start();
  // As those of RootKey. Wrap opens what it wrapped before it returns it.
  absl::StatusOr<std::string> Wrap(const SecretBytes& key, std::string_view context);
  absl::StatusOr<SecretBytes> Unwrap(std::string_view wrapped, std::string_view context);

 private:
  // Runs `step` with a session and a key; anew where they turn out to be lost.
  absl::Status Attempt(const std::function<absl::Status()>& step);
  absl::Status Once(const Pkcs11Module::Use& use, const std::function<absl::Status()>& step);
  absl::Status Connect(const Pkcs11Module::Use& use);
  absl::Status MakeKey(const Pkcs11Module::Use& use);
  absl::Status TryOut();
  absl::StatusOr<std::string> WrapOnce(const SecretBytes& key, std::string_view context);
  absl::StatusOr<SecretBytes> UnwrapOnce(std::string_view wrapped, std::string_view context);

  Pkcs11Shared& shared_;
  Pkcs11Session session_;
  Pkcs11Key key_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_PKCS11_CLIENT_H_
