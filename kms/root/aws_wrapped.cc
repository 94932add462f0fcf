#include "kms/root/aws_wrapped.h"

#include <openssl/evp.h>

#include <array>

#include "crypto/bytes.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr char kForm = 1;
constexpr size_t kCheckSize = 16;
constexpr std::string_view kPrefix = "fieldkms/aws/1/";

// The ID of "arn:…:key/ID": the same for all replicas of a key of several regions.
std::string_view KeyIdOf(std::string_view key_arn) {
  return key_arn.substr(key_arn.rfind('/') + 1);
}

absl::StatusOr<std::string> CheckOf(std::string_view key_arn, std::string_view blob) {
  const std::string text =
      std::string(kPrefix) + std::string(KeyIdOf(key_arn)) + "/" + std::string(blob);
  std::array<uint8_t, 32> digest;
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    return Error(absl::StatusCode::kInternal, Reason::kCryptoFailure, "OpenSSL has no SHA-256");
  }
  return std::string(AsText(digest).substr(0, kCheckSize));
}

}  // namespace

absl::StatusOr<std::string> EncodeAwsWrapped(std::string_view key_arn, std::string_view blob) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string check, CheckOf(key_arn, blob));
  return std::string(1, kForm) + check + std::string(blob);
}

absl::StatusOr<std::optional<std::string_view>> DecodeAwsWrapped(std::string_view key_arn,
                                                                 std::string_view wrapped) {
  constexpr size_t kHead = 1 + kCheckSize;
  if (wrapped.size() <= kHead || wrapped.size() > kHead + kMaxAwsBlob || wrapped[0] != kForm) {
    return std::nullopt;
  }
  const std::string_view blob = wrapped.substr(kHead);
  FIELDKMS_ASSIGN_OR_RETURN(const std::string check, CheckOf(key_arn, blob));
  if (wrapped.substr(1, kCheckSize) != check) return std::nullopt;
  return blob;
}

}  // namespace fieldkms
