#include "kms/root/pkcs11_session.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/root/pkcs11_error.h"

namespace fieldkms {
namespace {

// The text fields of PKCS#11 are padded with blanks.
template <size_t kSize>
bool IsText(const CK_UTF8CHAR (&field)[kSize], std::string_view text) {
  std::string_view padded = AsText(ByteView(field, kSize));
  while (padded.ends_with(' ')) padded.remove_suffix(1);
  return padded == text;
}

absl::Status PinRefused(std::string_view why) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootDenied, why);
}

}  // namespace

absl::Status Pkcs11Login::LogIn(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                                const CK_TOKEN_INFO& token, CK_RV* rv) {
  *rv = CKR_OK;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !asking_; });
    if (refused_) return *refused_;
    asking_ = true;
  }
  absl::Status status = Ask(functions, session, token, rv);
  const std::lock_guard lock(mutex_);
  asking_ = false;
  if (ReasonOf(status) == Reason::kRootDenied) refused_ = status;
  changed_.notify_all();
  return status;
}

absl::Status Pkcs11Login::Ask(const CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session,
                              const CK_TOKEN_INFO& token, CK_RV* rv) {
  // Another session of the process may have logged in; then the PIN is not needed.
  CK_SESSION_INFO info;
  *rv = functions.C_GetSessionInfo(session, &info);
  if (*rv != CKR_OK) return Pkcs11Error(*rv, "C_GetSessionInfo");
  if (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS) {
    return absl::OkStatus();
  }
  if ((token.flags & CKF_USER_PIN_LOCKED) != 0) {
    return PinRefused("the token says that its PIN is locked: unlock it with its own tools");
  }
  if ((token.flags & CKF_USER_PIN_FINAL_TRY) != 0) {
    return PinRefused(
        "the token has one try of its PIN left, which is not used up here: log in once with its "
        "own tools");
  }
  MutableBytes pin = pin_.ExposeMutable();
  *rv = functions.C_Login(session, CKU_USER, pin.data(), static_cast<CK_ULONG>(pin.size()));
  if (*rv == CKR_USER_ALREADY_LOGGED_IN) *rv = CKR_OK;
  return *rv == CKR_OK ? absl::OkStatus() : Pkcs11Error(*rv, "C_Login");
}

absl::Status Pkcs11Session::Open(const Pkcs11Module::Use& use, bool writable) {
  Drop();
  lost_ = false;
  if (use.rv() != CKR_OK) return Check(use.rv(), "C_Initialize");
  generation_ = use.generation();
  CK_TOKEN_INFO info;
  FIELDKMS_RETURN_IF_ERROR(FindToken(&info));
  const CK_FLAGS flags = CKF_SERIAL_SESSION | (writable ? CKF_RW_SESSION : 0);
  FIELDKMS_RETURN_IF_ERROR(
      Check(functions().C_OpenSession(slot_, flags, nullptr, nullptr, &handle_), "C_OpenSession"));
  CK_RV rv = CKR_OK;
  absl::Status status = token_.login.LogIn(functions(), handle_, info, &rv);
  if (rv != CKR_OK) (void)Check(rv, "C_Login");
  if (!status.ok()) Drop();
  return status;
}

bool Pkcs11Session::IsOpen(const Pkcs11Module::Use& use) const {
  return handle_ != CK_INVALID_HANDLE && generation_ == use.generation();
}

void Pkcs11Session::Drop() {
  if (handle_ == CK_INVALID_HANDLE) return;
  // A handle of an earlier initialisation may be another's by now.
  const Pkcs11Module::Use use(*token_.module);
  if (IsOpen(use)) functions().C_CloseSession(handle_);
  handle_ = CK_INVALID_HANDLE;
}

absl::Status Pkcs11Session::Check(CK_RV rv, std::string_view doing) {
  if (rv == CKR_OK) return absl::OkStatus();
  if (FaultOf(rv) == Pkcs11Fault::kLost) lost_ = true;
  return Pkcs11Error(rv, doing);
}

absl::Status Pkcs11Session::FindToken(CK_TOKEN_INFO* info) {
  CK_ULONG count = 0;
  FIELDKMS_RETURN_IF_ERROR(
      Check(functions().C_GetSlotList(CK_TRUE, nullptr, &count), "C_GetSlotList"));
  std::vector<CK_SLOT_ID> slots(count);
  FIELDKMS_RETURN_IF_ERROR(
      Check(functions().C_GetSlotList(CK_TRUE, slots.data(), &count), "C_GetSlotList"));
  slots.resize(count);
  int found = 0;
  for (const CK_SLOT_ID slot : slots) {
    CK_TOKEN_INFO token;
    // Tokens that are not ours may be in disorder.
    if (functions().C_GetTokenInfo(slot, &token) != CKR_OK) continue;
    if (!token_.label.empty() && !IsText(token.label, token_.label)) continue;
    if (!token_.serial.empty() && !IsText(token.serialNumber, token_.serial)) continue;
    slot_ = slot;
    *info = token;
    ++found;
  }
  if (found > 1) return Pkcs11Misfit("more than one token fits: name its serial number");
  if (found == 1) return absl::OkStatus();
  lost_ = true;
  return Error(
      absl::StatusCode::kUnavailable, Reason::kRootUnavailable,
      fmt::format("no token of the configured label or serial number is present ({} others "
                  "are)",
                  slots.size()));
}

}  // namespace fieldkms
