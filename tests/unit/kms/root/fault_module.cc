#include "tests/unit/kms/root/fault_module.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <algorithm>

namespace fieldkms::testing {
namespace {

constexpr CK_MECHANISM_TYPE kKwp = 0x210b;

TokenFaults faults;
CK_FUNCTION_LIST* real = nullptr;
CK_BYTE fixed_iv[12] = {1};

// CKR_OK where the call is to be made.
CK_RV Fault(TokenCall call) {
  TokenFault& fault = faults[call];
  ++fault.calls;
  {
    std::unique_lock lock(faults.mutex);
    faults.changed.wait(lock, [&] { return !fault.hangs; });
  }
  if (fault.code != CKR_OK && fault.times > 0) {
    --fault.times;
    return fault.code;
  }
  return CKR_OK;
}

CK_RV Initialize(void* arguments) {
  CK_RV rv = Fault(TokenCall::kInitialize);
  if (rv != CKR_OK) return rv;
  rv = real->C_Initialize(arguments);
  faults.initialized = rv == CKR_OK;
  return rv;
}

CK_RV Finalize(void* reserved) {
  const CK_RV rv = real->C_Finalize(reserved);
  faults.initialized = false;
  return rv;
}

CK_RV GetSlotList(CK_BBOOL present, CK_SLOT_ID* slots, CK_ULONG* count) {
  const CK_RV rv = Fault(TokenCall::kGetSlotList);
  return rv != CKR_OK ? rv : real->C_GetSlotList(present, slots, count);
}

CK_RV GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  const CK_RV rv = real->C_GetTokenInfo(slot, info);
  info->flags |= faults.token_flags;
  return rv;
}

CK_RV GetMechanismInfo(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO* info) {
  if (type == CKM_AES_GCM && faults.no_gcm) return CKR_MECHANISM_INVALID;
  if (type == CKM_AES_KEY_WRAP_PAD && faults.no_key_wrap) return CKR_MECHANISM_INVALID;
  if (type == kKwp && faults.kwp_encrypts) type = CKM_AES_GCM;
  return real->C_GetMechanismInfo(slot, type, info);
}

CK_RV Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_BYTE* pin, CK_ULONG size) {
  const CK_RV rv = Fault(TokenCall::kLogin);
  return rv != CKR_OK ? rv : real->C_Login(session, user, pin, size);
}

using Init = CK_RV (*)(CK_SESSION_HANDLE, CK_MECHANISM*, CK_OBJECT_HANDLE);

CK_RV InitBy(Init init, CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  CK_GCM_PARAMS params = {};
  if (mechanism->mechanism == kKwp) {
    params.pIv = fixed_iv;
    params.ulIvLen = sizeof fixed_iv;
    params.ulIvBits = sizeof fixed_iv * 8;
    params.ulTagBits = 128;
  } else {
    params = *static_cast<CK_GCM_PARAMS*>(mechanism->pParameter);
    if (faults.ignores_aad) params.ulAADLen = 0;
    const bool zeros = std::all_of(params.pIv, params.pIv + params.ulIvLen,
                                   [](CK_BYTE byte) { return byte == 0; });
    if (faults.makes_iv && zeros) params.pIv[0] = 42;
  }
  CK_MECHANISM gcm = {CKM_AES_GCM, &params, sizeof params};
  return init(session, &gcm, key);
}

CK_RV EncryptInit(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  return InitBy(real->C_EncryptInit, session, mechanism, key);
}

CK_RV DecryptInit(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  return InitBy(real->C_DecryptInit, session, mechanism, key);
}

CK_RV Encrypt(CK_SESSION_HANDLE session, CK_BYTE* in, CK_ULONG size, CK_BYTE* out,
              CK_ULONG* written) {
  const CK_RV rv = Fault(TokenCall::kEncrypt);
  return rv != CKR_OK ? rv : real->C_Encrypt(session, in, size, out, written);
}

CK_RV Decrypt(CK_SESSION_HANDLE session, CK_BYTE* in, CK_ULONG size, CK_BYTE* out,
              CK_ULONG* written) {
  const CK_RV rv = Fault(TokenCall::kDecrypt);
  return rv != CKR_OK ? rv : real->C_Decrypt(session, in, size, out, written);
}

CK_FUNCTION_LIST* Functions() {
  static CK_FUNCTION_LIST list = [] {
    void* library = dlopen(FIELDKMS_SOFTHSM2, RTLD_NOW | RTLD_LOCAL);
    reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"))(&real);
    CK_FUNCTION_LIST functions = *real;
    functions.C_Initialize = Initialize;
    functions.C_Finalize = Finalize;
    functions.C_GetSlotList = GetSlotList;
    functions.C_GetTokenInfo = GetTokenInfo;
    functions.C_GetMechanismInfo = GetMechanismInfo;
    functions.C_Login = Login;
    functions.C_EncryptInit = EncryptInit;
    functions.C_DecryptInit = DecryptInit;
    functions.C_Encrypt = Encrypt;
    functions.C_Decrypt = Decrypt;
    return functions;
  }();
  return &list;
}

}  // namespace
}  // namespace fieldkms::testing

extern "C" CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  *list = fieldkms::testing::Functions();
  return CKR_OK;
}

extern "C" fieldkms::testing::TokenFaults* FieldkmsTokenFaults() {
  return &fieldkms::testing::faults;
}
