// A PKCS#11 module: the vendor's shared library.
#ifndef FIELDKMS_KMS_ROOT_PKCS11_MODULE_H_
#define FIELDKMS_KMS_ROOT_PKCS11_MODULE_H_

#include <p11-kit/pkcs11.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fieldkms {

// One object a library and process, since C_Initialize and C_Finalize act on the
// process. The last owner finalises it. It is never unloaded: threads of a vendor's
// library outlive dlclose. Thread-safe.
class Pkcs11Module {
 public:
  // Load opens the library and asks for its functions; nothing is initialised yet.
  // Error: kFailedPrecondition, reason kConfigInvalid.
  static absl::StatusOr<std::shared_ptr<Pkcs11Module>> Load(const std::string& path);
  explicit Pkcs11Module(CK_FUNCTION_LIST* functions) : functions_(functions) {}
  ~Pkcs11Module();
  Pkcs11Module(const Pkcs11Module&) = delete;
  Pkcs11Module& operator=(const Pkcs11Module&) = delete;

  const CK_FUNCTION_LIST& functions() const { return *functions_; }

  // A Use is held around calls into the library, so that none of ours runs while it is
  // finalised. It initialises the library where that has not been done.
  class Use {
   public:
    explicit Use(Pkcs11Module& module) : module_(module), rv_(module.Enter()) {}
    ~Use() { module_.Leave(); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

    CK_RV rv() const { return rv_; }  // of C_Initialize
    // Counts the initialisations: handles of an earlier one are void.
    uint64_t generation() const;
    // Initialise again whatever was lost: after the module was finalised behind our
    // back or, as some network modules ask for, when the token is gone. Nothing
    // happens while another Use exists, unless the module is not initialised.
    CK_RV Restart();

   private:
    Pkcs11Module& module_;
    CK_RV rv_;
  };

 private:
  CK_RV Enter();
  void Leave();
  CK_RV Reinitialize(bool finalize);

  CK_FUNCTION_LIST* const functions_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  size_t users_ = 0;
  bool changing_ = false;  // some thread initialises or finalises, without the lock
  bool initialized_ = false;
  uint64_t generation_ = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_PKCS11_MODULE_H_
