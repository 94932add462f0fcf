#include "kms/root/aws_retry.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "crypto/bytes.h"
#include "crypto/random.h"
#include "crypto/status.h"
#include "kms/root/aws_json.h"

namespace fieldkms {
namespace {

using absl::StatusCode;

struct KnownError {
  std::string_view type;
  AwsRemedy remedy;
  StatusCode code;
  Reason reason;
  std::string_view advice;
};

// Errors that an operator has to act on.
constexpr KnownError Refusal(std::string_view type, std::string_view advice) {
  return {type, AwsRemedy::kNone, StatusCode::kFailedPrecondition, Reason::kRootUnavailable,
          advice};
}
constexpr KnownError WrongKey(std::string_view type) {
  return {type, AwsRemedy::kNone, StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
          "the key of AWS KMS did not wrap that key for that use"};
}
constexpr KnownError Fault(std::string_view type, AwsRemedy remedy, std::string_view advice) {
  return {type, remedy, StatusCode::kUnavailable, Reason::kRootUnavailable, advice};
}
constexpr KnownError Stale(std::string_view type) {
  return {type, AwsRemedy::kNewCredentials, StatusCode::kFailedPrecondition,
          Reason::kRootUnavailable,
          "AWS does not take the credentials any more: renew them where they come from"};
}
constexpr KnownError BadSignature(std::string_view type) {
  return {type, AwsRemedy::kSetClock, StatusCode::kFailedPrecondition, Reason::kRootUnavailable,
          "AWS does not take the signature: check the secret access key and this machine's clock"};
}

constexpr std::array kErrors = {
    Fault("DependencyTimeoutException", AwsRemedy::kRetry, "AWS KMS timed out"),
    Fault("KMSInternalException", AwsRemedy::kRetry, "AWS KMS failed"),
    Fault("KeyUnavailableException", AwsRemedy::kRetry, "the key of AWS KMS is not available now"),
    Fault("ThrottlingException", AwsRemedy::kSlowRetry,
          "AWS KMS throttles: the account makes more calls than its quota allows"),
    Stale("ExpiredTokenException"),
    Stale("ExpiredToken"),
    // Keys of a user that were rotated and deleted: the file has the new ones.
    Stale("UnrecognizedClientException"),
    BadSignature("InvalidSignatureException"),
    BadSignature("SignatureDoesNotMatch"),
    BadSignature("RequestExpired"),
    WrongKey("InvalidCiphertextException"),
    WrongKey("IncorrectKeyException"),
    Refusal("NotFoundException",
            "AWS KMS has no such key in this region and account: check the key and the region"),
    Refusal("DisabledException", "the key of AWS KMS is disabled: enable it (kms:EnableKey)"),
    Refusal("KMSInvalidStateException",
            "the key of AWS KMS cannot be used in its state: if it is pending deletion, cancel "
            "that now (kms:CancelKeyDeletion, kms:EnableKey)"),
    Refusal("InvalidKeyUsageException",
            "the key of AWS KMS is of another kind: it has to be symmetric, for ENCRYPT_DECRYPT"),
    Refusal("InvalidGrantTokenException", "AWS KMS does not take a grant token"),
    Refusal("AccessDeniedException",
            "AWS KMS denies access: allow this identity kms:Encrypt and kms:Decrypt on the key, in "
            "its IAM policy or in the key's"),
    Refusal("LimitExceededException", "a quota of AWS KMS is used up: have it raised"),
    Refusal("ValidationException", "AWS KMS does not take the request: check the key's name"),
};

// Only letters and digits may get into a message.
bool IsTypeName(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

// "com.amazonaws.kms#NotFoundException" in the body, "NotFoundException:http://…" in the
// header of other answers; both also occur without the rest.
std::string ErrorType(const HttpResponse& response) {
  std::string body = response.body;
  std::string type;
  if (const auto members = ReadJson(&body, {}); members.ok()) type = members->Text("__type");
  if (type.empty()) {
    const std::string* header = FindHeader(response, "x-amzn-errortype");
    if (header != nullptr) type = header->substr(0, header->find(':'));
  }
  if (const size_t hash = type.rfind('#'); hash != std::string::npos) type.erase(0, hash + 1);
  return IsTypeName(type) ? type : std::string();
}

KnownError OtherError(int status) {
  if (status == 429) return Fault("", AwsRemedy::kSlowRetry, "AWS KMS throttles");
  if (status >= 500) return Fault("", AwsRemedy::kRetry, "AWS KMS failed");
  return Refusal("", "AWS KMS refuses the call");
}

}  // namespace

AwsFailure JudgeAwsAnswer(const HttpResponse& response) {
  const std::string type = ErrorType(response);
  const auto known = std::find_if(kErrors.begin(), kErrors.end(),
                                  [&type](const KnownError& error) { return error.type == type; });
  const KnownError error = known == kErrors.end() ? OtherError(response.status) : *known;
  const std::string text = std::string(error.advice) + " (status " +
                           std::to_string(response.status) + (type.empty() ? "" : ", ") + type +
                           ")";
  return {error.remedy, Error(error.code, error.reason, text)};
}

AwsFailure JudgeSendFailure(const absl::Status& status) {
  const bool again = status.code() == StatusCode::kUnavailable;
  return {again ? AwsRemedy::kRetry : AwsRemedy::kNone, status};
}

std::chrono::milliseconds AwsPause(AwsRemedy remedy, int attempt) {
  const int longest = (remedy == AwsRemedy::kSlowRetry ? 500 : 50) << std::min(attempt - 1, 4);
  std::array<uint8_t, 4> random = {0xff, 0xff, 0xff, 0xff};
  // Without a generator, the longest pause will do.
  if (!RandomBytes(random).ok()) random.fill(0xff);
  const uint64_t part = uint64_t{GetU32(random.data())} * static_cast<uint64_t>(longest + 1);
  return std::chrono::milliseconds(part >> 32);
}

bool AwsRetryBudget::Take() {
  const std::lock_guard lock(mutex_);
  if (tokens_ < kCost) return false;
  tokens_ -= kCost;
  return true;
}

void AwsRetryBudget::Refill() {
  const std::lock_guard lock(mutex_);
  tokens_ = std::min(tokens_ + 1, kCapacity);
}

}  // namespace fieldkms
