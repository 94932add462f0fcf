#include "tests/unit/kms/root/pkcs11_fixture.h"

#include <dlfcn.h>

#include <thread>

#include "tests/support/status_matchers.h"

namespace fieldkms::testing {

std::string FaultModule() { return FIELDKMS_FAULT_MODULE; }

TokenFaults& Faults() {
  static TokenFaults* const faults = [] {
    void* library = dlopen(FIELDKMS_FAULT_MODULE, RTLD_NOW | RTLD_LOCAL);
    return reinterpret_cast<decltype(&FieldkmsTokenFaults)>(
        dlsym(library, "FieldkmsTokenFaults"))();
  }();
  return *faults;
}

Pkcs11Test::Pkcs11Test() {
  tokens_.Make("fieldkms");
  options_.module = FaultModule();
  options_.token_label = "fieldkms";
  options_.key_label = "root";
  options_.pin.file = tokens_.pin_file();
  options_.create_if_missing = true;
  options_.sessions = 2;
  for (TokenFault& fault : Faults().at) fault.calls = 0;
}

Pkcs11Test::~Pkcs11Test() {
  for (size_t call = 0; call < Faults().at.size(); ++call) {
    Faults().at[call].code = 0;
    Faults().Hang(static_cast<TokenCall>(call), false);
  }
  Faults().no_gcm = false;
  Faults().no_key_wrap = false;
  Faults().kwp_encrypts = false;
  Faults().ignores_aad = false;
  Faults().makes_iv = false;
  Faults().token_flags = 0;
  root_.reset();
  // What hung goes on by itself, and finalises the module in the end.
  while (Faults().initialized) std::this_thread::yield();
}

void Pkcs11Test::Open() { ASSERT_OK_AND_ASSIGN(root_, OpenPkcs11Root(options_)); }

absl::Status Pkcs11Test::Try() {
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes key, SecretBytes::Random(32));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string wrapped, root_->Wrap(key, "context", kNoDeadline));
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes same, root_->Unwrap(wrapped, "context", kNoDeadline));
  return ConstantTimeEqual(same.Expose(), key.Expose()) ? absl::OkStatus() : Bug("another key");
}

void Pkcs11Test::Fail(TokenCall call, unsigned long code, int times) {
  Faults()[call].times = times;
  Faults()[call].code = code;
}

}  // namespace fieldkms::testing
