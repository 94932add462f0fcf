#include "kms/root/pkcs11_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "crypto/status.h"

namespace fieldkms {
namespace {

struct Meaning {
  CK_RV rv;
  std::string_view name;
  Pkcs11Fault fault;
};

// Of PKCS#11 3.0, not in the header.
constexpr CK_RV kAeadDecryptFailed = 0x42;

constexpr std::array kMeanings = {
    Meaning{CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR", Pkcs11Fault::kLost},
    Meaning{CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED", Pkcs11Fault::kLost},
    Meaning{CKR_SLOT_ID_INVALID, "CKR_SLOT_ID_INVALID", Pkcs11Fault::kLost},
    Meaning{CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR", Pkcs11Fault::kLost},
    Meaning{CKR_DEVICE_MEMORY, "CKR_DEVICE_MEMORY", Pkcs11Fault::kLost},
    Meaning{CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED", Pkcs11Fault::kLost},
    Meaning{CKR_KEY_HANDLE_INVALID, "CKR_KEY_HANDLE_INVALID", Pkcs11Fault::kLost},
    Meaning{CKR_WRAPPING_KEY_HANDLE_INVALID, "CKR_WRAPPING_KEY_HANDLE_INVALID", Pkcs11Fault::kLost},
    Meaning{CKR_UNWRAPPING_KEY_HANDLE_INVALID, "CKR_UNWRAPPING_KEY_HANDLE_INVALID",
            Pkcs11Fault::kLost},
    Meaning{CKR_OBJECT_HANDLE_INVALID, "CKR_OBJECT_HANDLE_INVALID", Pkcs11Fault::kLost},
    Meaning{CKR_OPERATION_ACTIVE, "CKR_OPERATION_ACTIVE", Pkcs11Fault::kLost},
    Meaning{CKR_OPERATION_NOT_INITIALIZED, "CKR_OPERATION_NOT_INITIALIZED", Pkcs11Fault::kLost},
    Meaning{CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED", Pkcs11Fault::kLost},
    Meaning{CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID", Pkcs11Fault::kLost},
    Meaning{CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT", Pkcs11Fault::kLost},
    Meaning{CKR_TOKEN_NOT_RECOGNIZED, "CKR_TOKEN_NOT_RECOGNIZED", Pkcs11Fault::kLost},
    Meaning{CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN", Pkcs11Fault::kLost},
    Meaning{CKR_CRYPTOKI_NOT_INITIALIZED, "CKR_CRYPTOKI_NOT_INITIALIZED", Pkcs11Fault::kLost},
    Meaning{CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT", Pkcs11Fault::kPin},
    Meaning{CKR_PIN_INVALID, "CKR_PIN_INVALID", Pkcs11Fault::kPin},
    Meaning{CKR_PIN_LEN_RANGE, "CKR_PIN_LEN_RANGE", Pkcs11Fault::kPin},
    Meaning{CKR_PIN_EXPIRED, "CKR_PIN_EXPIRED", Pkcs11Fault::kPin},
    Meaning{CKR_PIN_LOCKED, "CKR_PIN_LOCKED", Pkcs11Fault::kPin},
    Meaning{CKR_USER_PIN_NOT_INITIALIZED, "CKR_USER_PIN_NOT_INITIALIZED", Pkcs11Fault::kPin},
    Meaning{CKR_ENCRYPTED_DATA_INVALID, "CKR_ENCRYPTED_DATA_INVALID", Pkcs11Fault::kRefused},
    Meaning{CKR_ENCRYPTED_DATA_LEN_RANGE, "CKR_ENCRYPTED_DATA_LEN_RANGE", Pkcs11Fault::kRefused},
    Meaning{kAeadDecryptFailed, "CKR_AEAD_DECRYPT_FAILED", Pkcs11Fault::kRefused},
    Meaning{CKR_SIGNATURE_INVALID, "CKR_SIGNATURE_INVALID", Pkcs11Fault::kRefused},
    Meaning{CKR_WRAPPED_KEY_INVALID, "CKR_WRAPPED_KEY_INVALID", Pkcs11Fault::kRefused},
    Meaning{CKR_WRAPPED_KEY_LEN_RANGE, "CKR_WRAPPED_KEY_LEN_RANGE", Pkcs11Fault::kRefused},
    Meaning{CKR_HOST_MEMORY, "CKR_HOST_MEMORY", Pkcs11Fault::kOther},
    Meaning{CKR_ARGUMENTS_BAD, "CKR_ARGUMENTS_BAD", Pkcs11Fault::kOther},
    Meaning{CKR_DATA_INVALID, "CKR_DATA_INVALID", Pkcs11Fault::kOther},
    Meaning{CKR_KEY_FUNCTION_NOT_PERMITTED, "CKR_KEY_FUNCTION_NOT_PERMITTED", Pkcs11Fault::kOther},
    Meaning{CKR_MECHANISM_INVALID, "CKR_MECHANISM_INVALID", Pkcs11Fault::kOther},
    Meaning{CKR_MECHANISM_PARAM_INVALID, "CKR_MECHANISM_PARAM_INVALID", Pkcs11Fault::kOther},
    Meaning{CKR_SESSION_COUNT, "CKR_SESSION_COUNT", Pkcs11Fault::kOther},
    Meaning{CKR_TOKEN_WRITE_PROTECTED, "CKR_TOKEN_WRITE_PROTECTED", Pkcs11Fault::kOther},
};

const Meaning* Find(CK_RV rv) {
  const auto* const found = std::find_if(kMeanings.begin(), kMeanings.end(),
                                         [rv](const Meaning& m) { return m.rv == rv; });
  return found == kMeanings.end() ? nullptr : found;
}

std::string NameOf(CK_RV rv) {
  const Meaning* meaning = Find(rv);
  return meaning != nullptr ? std::string(meaning->name) : fmt::format("code {:#x}", rv);
}

}  // namespace

Pkcs11Fault FaultOf(CK_RV rv) {
  const Meaning* meaning = Find(rv);
  return meaning != nullptr ? meaning->fault : Pkcs11Fault::kOther;
}

absl::Status Pkcs11Error(CK_RV rv, std::string_view doing) {
  const std::string text = fmt::format("{} gave {}", doing, NameOf(rv));
  switch (FaultOf(rv)) {
    case Pkcs11Fault::kPin:
      return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootDenied,
                   "the token refused the PIN and it is not tried again, for that could lock the "
                   "token; correct the PIN and restart the service; " +
                       text);
    case Pkcs11Fault::kRefused:
      return RootWrongKey();
    default:
      return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable,
                   "the token of the root key does not serve: " + text);
  }
}

absl::Status RootWrongKey() {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
               "this root key did not wrap that key for that use");
}

absl::Status Pkcs11Misfit(std::string_view message) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kConfigInvalid, message);
}

}  // namespace fieldkms
