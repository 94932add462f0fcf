#include "kms/root/aws_sigv4.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include "crypto/bytes.h"
#include "crypto/secret_bytes.h"
#include "crypto/status.h"
#include "kms/root/aws_time.h"

namespace fieldkms {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr size_t kSha256Size = 32;
using Sha256Output = std::span<uint8_t, kSha256Size>;

absl::Status OpenSslFailed() {
  return Error(absl::StatusCode::kInternal, Reason::kCryptoFailure,
               "OpenSSL failed to sign a request to AWS");
}

std::string LowerHex(ByteView bytes) { return fmt::format("{:02x}", fmt::join(bytes, "")); }

absl::StatusOr<std::string> HexSha256(std::string_view text) {
  std::array<uint8_t, kSha256Size> digest;
  if (EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) {
    return OpenSslFailed();
  }
  return LowerHex(digest);
}

absl::Status HmacSha256(ByteView key, std::string_view data, Sha256Output out) {
  const ByteView bytes = AsBytes(data);
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes.data(), bytes.size(),
           out.data(), nullptr) == nullptr) {
    return OpenSslFailed();
  }
  return absl::OkStatus();
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

// Without spaces at its ends, and with one for each run of them.
std::string Squeeze(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool space = c == ' ' || c == '\t';
    if (!space) {
      out.push_back(c);
    } else if (!out.empty() && out.back() != ' ') {
      out.push_back(' ');
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

bool EndsAtRoot(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return false;
  return url.find_first_of("/?#", scheme + 3) == url.size() - 1 && url.back() == '/';
}

std::string ScopeText(std::string_view time, const AwsScope& scope) {
  return std::string(time.substr(0, 8)) + "/" + scope.region + "/" + scope.service +
         "/aws4_request";
}

// HMAC(HMAC(HMAC(HMAC("AWS4" ‖ secret, day), region), service), "aws4_request").
absl::Status DeriveSigningKey(const SecretBytes& secret, std::string_view day,
                              const AwsScope& scope, Sha256Output key) {
  constexpr std::string_view kPrefix = "AWS4";
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes first,
                            SecretBytes::Allocate(kPrefix.size() + secret.size()));
  const MutableBytes bytes = first.ExposeMutable();
  std::copy(kPrefix.begin(), kPrefix.end(), bytes.begin());
  std::copy(secret.Expose().begin(), secret.Expose().end(), bytes.begin() + kPrefix.size());
  FIELDKMS_RETURN_IF_ERROR(HmacSha256(bytes, day, key));
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")}) {
    // HMAC reads all of its key before it writes.
    FIELDKMS_RETURN_IF_ERROR(HmacSha256(key, part, key));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Signature(const SecretBytes& secret, std::string_view day,
                                      const AwsScope& scope, std::string_view string_to_sign) {
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes key, SecretBytes::Allocate(kSha256Size));
  FIELDKMS_RETURN_IF_ERROR(
      DeriveSigningKey(secret, day, scope, key.ExposeMutable().first<kSha256Size>()));
  std::array<uint8_t, kSha256Size> signature;
  FIELDKMS_RETURN_IF_ERROR(HmacSha256(key.Expose(), string_to_sign, signature));
  return LowerHex(signature);
}

}  // namespace

absl::StatusOr<AwsCanonicalRequest> MakeAwsCanonicalRequest(const HttpRequest& request) {
  if (!EndsAtRoot(request.url)) return Bug("a request to be signed has a path or a query");
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : request.headers) {
    const auto [entry, added] = headers.try_emplace(LowerCase(name), Squeeze(value));
    if (!added) entry->second += "," + Squeeze(value);
  }
  AwsCanonicalRequest canonical;
  canonical.text = request.method + "\n/\n\n";
  for (auto& [name, value] : headers) {
    canonical.text.append(name).append(":").append(value).append("\n");
    canonical.signed_headers += (canonical.signed_headers.empty() ? "" : ";") + name;
    WipeString(&value);  // the session token may be among them
  }
  FIELDKMS_ASSIGN_OR_RETURN(const std::string body_hash, HexSha256(request.body));
  canonical.text += "\n" + canonical.signed_headers + "\n" + body_hash;
  return canonical;
}

absl::StatusOr<std::string> MakeAwsStringToSign(std::string_view canonical_request,
                                                std::string_view time, const AwsScope& scope) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string hash, HexSha256(canonical_request));
  return std::string(kAlgorithm) + "\n" + std::string(time) + "\n" + ScopeText(time, scope) + "\n" +
         hash;
}

absl::Status SignAwsRequest(const AwsCredentials& credentials, const AwsScope& scope, WallTime now,
                            HttpRequest* request) {
  const std::string time = FormatAwsTime(now);
  request->headers.emplace_back("X-Amz-Date", time);
  if (!credentials.session_token.empty()) {
    request->headers.emplace_back("X-Amz-Security-Token",
                                  AsText(credentials.session_token.Expose()));
  }
  FIELDKMS_ASSIGN_OR_RETURN(AwsCanonicalRequest canonical, MakeAwsCanonicalRequest(*request));
  const absl::StatusOr<std::string> string_to_sign =
      MakeAwsStringToSign(canonical.text, time, scope);
  WipeString(&canonical.text);
  if (!string_to_sign.ok()) return string_to_sign.status();
  FIELDKMS_ASSIGN_OR_RETURN(const std::string signature,
                            Signature(credentials.secret_access_key,
                                      std::string_view(time).substr(0, 8), scope, *string_to_sign));
  request->headers.emplace_back(
      "Authorization", std::string(kAlgorithm) + " Credential=" + credentials.access_key_id + "/" +
                           ScopeText(time, scope) + ", SignedHeaders=" + canonical.signed_headers +
                           ", Signature=" + signature);
  return absl::OkStatus();
}

void WipeAwsRequest(HttpRequest* request) {
  WipeString(&request->body);
  for (auto& [name, value] : request->headers) WipeString(&value);
}

}  // namespace fieldkms
