#include "kms/identity/key_set.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "crypto/status.h"
#include "kms/identity/base64_url.h"

namespace fieldkms {
namespace {

using Json = nlohmann::json;

std::string TextAt(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

// Whether the key may verify signatures, by what it says of its use.
bool IsForVerifying(const Json& jwk) {
  if (jwk.contains("use") && TextAt(jwk, "use") != "sig") return false;
  const auto operations = jwk.find("key_ops");
  if (operations == jwk.end()) return true;
  if (!operations->is_array()) return false;
  for (const Json& operation : *operations) {
    if (operation == "verify") return true;
  }
  return false;
}

// The algorithm that goes with the type and curve of a key, if any is known.
std::optional<SignatureAlgorithm> DefaultAlgorithm(const Json& jwk) {
  const std::string type = TextAt(jwk, "kty");
  const std::string curve = TextAt(jwk, "crv");
  if (type == "RSA") return SignatureAlgorithm::kRs256;
  if (type == "EC" && curve == "P-256") return SignatureAlgorithm::kEs256;
  if (type == "EC" && curve == "P-384") return SignatureAlgorithm::kEs384;
  if (type == "OKP" && curve == "Ed25519") return SignatureAlgorithm::kEdDsa;
  return std::nullopt;
}

// nullopt: one that we have no use for. Of EC and OKP keys the curve has decided.
std::optional<SignatureAlgorithm> AlgorithmOf(const Json& jwk) {
  const std::optional<SignatureAlgorithm> natural = DefaultAlgorithm(jwk);
  if (!natural || !jwk.contains("alg")) return natural;
  const std::optional<SignatureAlgorithm> said = ParseSignatureAlgorithm(TextAt(jwk, "alg"));
  if (natural == SignatureAlgorithm::kRs256) return said;  // Rsa() looks whether it is one of RSA
  return said == natural ? natural : std::nullopt;
}

absl::StatusOr<std::string> BytesAt(const Json& jwk, const char* name) {
  const std::optional<std::string> bytes = FromBase64Url(TextAt(jwk, name));
  if (!bytes || bytes->empty()) return InvalidField(name, "must be base64url");
  return *bytes;
}

absl::StatusOr<SignatureKey> ReadKey(const Json& jwk, SignatureAlgorithm algorithm) {
  const std::string type = TextAt(jwk, "kty");
  if (type == "RSA") {
    FIELDKMS_ASSIGN_OR_RETURN(const std::string n, BytesAt(jwk, "n"));
    FIELDKMS_ASSIGN_OR_RETURN(const std::string e, BytesAt(jwk, "e"));
    return SignatureKey::Rsa(algorithm, AsBytes(n), AsBytes(e));
  }
  FIELDKMS_ASSIGN_OR_RETURN(const std::string x, BytesAt(jwk, "x"));
  if (type == "OKP") return SignatureKey::Ed25519(AsBytes(x));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string y, BytesAt(jwk, "y"));
  return SignatureKey::Ec(algorithm, AsBytes(x), AsBytes(y));
}

}  // namespace

absl::StatusOr<KeySet> KeySet::Parse(std::string_view json) {
  if (json.size() > kMaxKeySetSize) return InvalidField("keys", "the set is longer than 256 KiB");
  const Json set = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  const auto keys = set.is_object() ? set.find("keys") : set.end();
  if (!set.is_object() || keys == set.end() || !keys->is_array()) {
    return InvalidField("keys", "the set must be a JSON object with an array of keys");
  }
  KeySet out;
  for (const Json& jwk : *keys) {
    if (!jwk.is_object()) return InvalidField("keys", "a key must be a JSON object");
    const std::optional<SignatureAlgorithm> algorithm = AlgorithmOf(jwk);
    if (!algorithm || !IsForVerifying(jwk)) continue;
    if (out.size() >= kMaxKeySetKeys) return InvalidField("keys", "there are more than 64");
    FIELDKMS_ASSIGN_OR_RETURN(SignatureKey key, ReadKey(jwk, *algorithm));
    if (!out.keys_.emplace(TextAt(jwk, "kid"), std::move(key)).second) {
      return InvalidField("kid", "two keys of the set have the same");
    }
  }
  if (out.keys_.empty()) return InvalidField("keys", "none of them can verify a token");
  return out;
}

const SignatureKey* KeySet::Find(std::string_view kid) const {
  if (kid.empty()) return keys_.size() == 1 ? &keys_.begin()->second : nullptr;
  const auto found = keys_.find(kid);
  return found == keys_.end() ? nullptr : &found->second;
}

}  // namespace fieldkms
