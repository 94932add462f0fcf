// What callers from a network show: tokens, sets of keys, chains of certificates, traces. The first
// byte says which. Nothing that a fuzzer makes up is believed.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/bytes.h"
#include "kms/access/trace_parent.h"
#include "kms/identity/certificate_verifier.h"
#include "kms/identity/key_set.h"
#include "kms/identity/signed_token.h"
#include "kms/identity/token_issuer.h"
#include "kms/identity/trial_authority.h"
#include "tests/fuzz/require.h"

namespace fieldkms {
namespace {

// RFC 8037, appendix A.
constexpr char kKeys[] =
    R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})";
constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};

void FuzzToken(std::string_view text) {
  static const KeySet* const keys = new KeySet(*KeySet::Parse(kKeys));
  static const TokenIssuerOptions* const options =
      new TokenIssuerOptions{.name = "i", .issuer = "i", .audiences = {"a"}};
  const std::optional<SignedToken> token = ParseSignedToken(text);
  Require(!CheckToken(text, *options, *keys, kNow).ok());
  if (!token) {
    Require(ClaimedIssuer(text).empty() && !HasKeyOf(text, *keys));
    return;
  }
  Require(text.starts_with(token->signed_bytes) && token->signed_bytes.size() < text.size());
  const SignatureKey* const key = keys->Find(token->kid);
  Require((key != nullptr) == HasKeyOf(text, *keys));
  // The example of that RFC is the one message that its key has signed.
  if (key != nullptr && token->payload != "Example of Ed25519 signing") {
    Require(!IsSignedBy(*token, *key));
  }
}

void FuzzKeys(std::string_view text) {
  const absl::StatusOr<KeySet> keys = KeySet::Parse(text);
  if (keys.ok()) Require(keys->size() >= 1 && keys->size() <= kMaxKeySetKeys);
}

void FuzzChain(std::string_view text) {
  static const std::unique_ptr<const CertificateVerifier> verifier = [] {
    const TrialAuthority authority =
        *TrialAuthority::Make("fuzz", kNow - std::chrono::hours(1), kNow + std::chrono::hours(1));
    return *CertificateVerifier::Make(authority.Pem()->certificate, "");
  }();
  Require(!verifier->Verify(text, kNow).ok());  // nobody has its key
  (void)CertificateVerifier::Make(text, text);
}

void FuzzTrace(std::string_view text) {
  const std::string_view id = TraceIdOf(text);
  Require(id.empty() || (id.size() == 32 && id == text.substr(3, 32)));
}

}  // namespace
}  // namespace fieldkms

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text = fieldkms::AsText({data + 1, size - 1});
  switch (data[0] % 4) {
    case 0:
      fieldkms::FuzzToken(text);
      break;
    case 1:
      fieldkms::FuzzKeys(text);
      break;
    case 2:
      fieldkms::FuzzChain(text);
      break;
    default:
      fieldkms::FuzzTrace(text);
  }
  return 0;
}
