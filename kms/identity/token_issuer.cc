#include "kms/identity/token_issuer.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "crypto/status.h"
#include "kms/identity/signed_token.h"
#include "kms/identity/unique_json.h"

namespace fieldkms {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxSubject = 256;
// Times beyond the year 9999 are no times.
constexpr double kMaxSeconds = 253'402'300'799;

absl::Status Invalid() {
  return Error(absl::StatusCode::kUnauthenticated, Reason::kUnauthenticated,
               "the token is not valid");
}

absl::Status Expired() {
  return Error(absl::StatusCode::kUnauthenticated, Reason::kUnauthenticated,
               "the token has expired");
}

std::string TextAt(const Json& claims, const std::string& name) {
  const auto member = claims.find(name);
  return member != claims.end() && member->is_string() ? member->get<std::string>() : "";
}

// A NumericDate (RFC 7519 §2), which may have a fraction; `*there` false where there is none.
std::optional<WallTime> TimeAt(const Json& claims, const char* name, bool* there) {
  const auto member = claims.find(name);
  *there = member != claims.end();
  if (!*there || !member->is_number()) return std::nullopt;
  const double seconds = member->get<double>();
  if (!(seconds >= 0 && seconds <= kMaxSeconds)) return std::nullopt;
  return WallTime(std::chrono::microseconds(static_cast<int64_t>(std::floor(seconds * 1e6))));
}

bool HasAudience(const Json& claims, const std::vector<std::string>& wanted) {
  const auto audience = claims.find("aud");
  if (audience == claims.end()) return false;
  const auto is_wanted = [&](const Json& one) {
    return one.is_string() &&
           std::find(wanted.begin(), wanted.end(), one.get<std::string>()) != wanted.end();
  };
  if (!audience->is_array()) return is_wanted(*audience);
  return std::any_of(audience->begin(), audience->end(), is_wanted);
}

// ASCII that can be seen: it stands in configuration files and the audit trail.
bool IsSubject(std::string_view text) {
  return !text.empty() && text.size() <= kMaxSubject &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// Whether a time that is ahead of `now` stands at `name`, or what is no time.
bool IsAhead(const Json& claims, const char* name, WallTime now) {
  bool there = false;
  const std::optional<WallTime> time = TimeAt(claims, name, &there);
  return there && (!time || *time > now);
}

}  // namespace

absl::StatusOr<TokenClaims> CheckToken(std::string_view token, const TokenIssuerOptions& options,
                                       const KeySet& keys, WallTime now) {
  const std::optional<SignedToken> parsed = ParseSignedToken(token);
  if (!parsed) return Invalid();
  const SignatureKey* const key = keys.Find(parsed->kid);
  if (key == nullptr || !IsSignedBy(*parsed, *key)) return Invalid();
  const std::optional<Json> claims = ParseUniqueObject(parsed->payload);
  if (!claims || TextAt(*claims, "iss") != options.issuer ||
      !HasAudience(*claims, options.audiences)) {
    return Invalid();
  }
  const WallTime latest = now + options.skew;
  if (IsAhead(*claims, "nbf", latest) || IsAhead(*claims, "iat", latest)) return Invalid();
  std::string subject = TextAt(*claims, options.subject_claim);
  bool there = false;
  const std::optional<WallTime> expires = TimeAt(*claims, "exp", &there);
  if (!expires || !IsSubject(subject)) return Invalid();
  if (*expires + options.skew <= now) return Expired();
  return TokenClaims{std::move(subject), *expires + options.skew};
}

bool HasKeyOf(std::string_view token, const KeySet& keys) {
  const std::optional<SignedToken> parsed = ParseSignedToken(token);
  return parsed && keys.Find(parsed->kid) != nullptr;
}

std::string ClaimedIssuer(std::string_view token) {
  const std::optional<SignedToken> parsed = ParseSignedToken(token);
  if (!parsed) return "";
  const std::optional<Json> claims = ParseUniqueObject(parsed->payload);
  return claims ? TextAt(*claims, "iss") : "";
}

}  // namespace fieldkms
