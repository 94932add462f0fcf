// A session with a token: found, opened, logged in.
#ifndef FIELDKMS_KMS_ROOT_PKCS11_SESSION_H_
#define FIELDKMS_KMS_ROOT_PKCS11_SESSION_H_

#include <p11-kit/pkcs11.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "crypto/secret_bytes.h"
#include "kms/root/pkcs11_module.h"

namespace fieldkms {

// The login to a token, which all sessions of a process share. Thread-safe.
class Pkcs11Login {
 public:
  explicit Pkcs11Login(SecretBytes pin) : pin_(std::move(pin)) {}

  // LogIn logs in through an open session, one thread at a time. After the token has
  // refused the PIN, it only returns that status again. Does not try either where the
  // token says that the PIN is locked or that one try is left. CKR_OK goes to `rv`
  // where the token was not asked.
  absl::Status LogIn(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                     const CK_TOKEN_INFO& token, CK_RV* rv);

 private:
  absl::Status Ask(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                   const CK_TOKEN_INFO& token, CK_RV* rv);

  SecretBytes pin_;  // not changed: C_Login takes no pointer to const
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asking_ = false;
  std::optional<absl::Status> refused_;
};

// What the sessions of one root share.
struct Pkcs11Token {
  std::shared_ptr<Pkcs11Module> module;
  std::string label;   // or empty
  std::string serial;  // or empty
  Pkcs11Login login;
};

// Not thread-safe. Under a Pkcs11Module::Use throughout, but for Drop.
class Pkcs11Session {
 public:
  explicit Pkcs11Session(Pkcs11Token& token) : token_(token) {}
  ~Pkcs11Session() { Drop(); }
  Pkcs11Session(const Pkcs11Session&) = delete;
  Pkcs11Session& operator=(const Pkcs11Session&) = delete;

  // Open finds the token, opens a session and logs in. Errors: as OpenPkcs11Root for the
  // token.
  absl::Status Open(const Pkcs11Module::Use& use, bool writable = false);
  // Whether a session is open that this initialisation of the module knows.
  bool IsOpen(const Pkcs11Module::Use& use) const;
  // Drop closes the session, unless the module has been initialised since.
  void Drop();

  const CK_FUNCTION_LIST& functions() const { return token_.module->functions(); }
  CK_SESSION_HANDLE handle() const { return handle_; }
  CK_SLOT_ID slot() const { return slot_; }

  // Check makes the status of what `doing` returned, and remembers if it tells that the
  // session is lost. ClearLost forgets that.
  absl::Status Check(CK_RV rv, std::string_view doing);
  bool lost() const { return lost_; }
  void SetLost() { lost_ = true; }
  void ClearLost() { lost_ = false; }

 private:
  absl::Status FindToken(CK_TOKEN_INFO* info);

  Pkcs11Token& token_;
  CK_SESSION_HANDLE handle_ = CK_INVALID_HANDLE;
  CK_SLOT_ID slot_ = 0;
  uint64_t generation_ = 0;
  bool lost_ = false;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_PKCS11_SESSION_H_
