// A PKCS#11 module that is SoftHSM, with the faults that SoftHSM does not have.
#ifndef FIELDKMS_TESTS_UNIT_KMS_ROOT_FAULT_MODULE_H_
#define FIELDKMS_TESTS_UNIT_KMS_ROOT_FAULT_MODULE_H_

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>

namespace fieldkms::testing {

// The functions that can fail.
enum class TokenCall { kInitialize, kGetSlotList, kLogin, kEncrypt, kDecrypt, kCount };

struct TokenFault {
  std::atomic<unsigned long> code = 0;  // what the function returns, if not CKR_OK,
  std::atomic<int> times = 0;           // so many times
  bool hangs = false;                   // until Hang(call, false); under the mutex
  std::atomic<int> calls = 0;           // how often it was called
};

struct TokenFaults {
  std::array<TokenFault, static_cast<size_t>(TokenCall::kCount)> at;
  std::atomic<bool> no_gcm = false;       // CKM_AES_GCM is not offered
  std::atomic<bool> no_key_wrap = false;  // CKM_AES_KEY_WRAP_PAD is not offered
  // CKM_AES_KEY_WRAP_KWP is offered to C_Encrypt (and is AES-GCM in truth).
  std::atomic<bool> kwp_encrypts = false;
  std::atomic<bool> ignores_aad = false;
  std::atomic<bool> makes_iv = false;          // where it is given one of zeros
  std::atomic<bool> initialized = false;       // what C_Initialize and C_Finalize left
  std::atomic<unsigned long> token_flags = 0;  // of C_GetTokenInfo, added

  // Not std::atomic::wait: each library has waiters of its own there.
  std::mutex mutex;
  std::condition_variable changed;

  TokenFault& operator[](TokenCall call) { return at[static_cast<size_t>(call)]; }
  void Hang(TokenCall call, bool hangs) {
    const std::lock_guard lock(mutex);
    (*this)[call].hangs = hangs;
    changed.notify_all();
  }
};

// Where the module is, and its faults: one set a process.
std::string FaultModule();
TokenFaults& Faults();

}  // namespace fieldkms::testing

// What the module gives beside its functions.
extern "C" fieldkms::testing::TokenFaults* FieldkmsTokenFaults();

#endif  // FIELDKMS_TESTS_UNIT_KMS_ROOT_FAULT_MODULE_H_
