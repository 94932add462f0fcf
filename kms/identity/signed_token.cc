#include "kms/identity/signed_token.h"

#include <utility>

#include "kms/identity/base64_url.h"
#include "kms/identity/unique_json.h"

namespace fieldkms {

std::optional<SignedToken> ParseSignedToken(std::string_view token) {
  if (token.size() > kMaxTokenSize) return std::nullopt;
  const size_t header_end = token.find('.');
  if (header_end == std::string_view::npos) return std::nullopt;
  const size_t payload_end = token.find('.', header_end + 1);
  if (payload_end == std::string_view::npos) return std::nullopt;
  const std::optional<std::string> header = FromBase64Url(token.substr(0, header_end));
  std::optional<std::string> payload =
      FromBase64Url(token.substr(header_end + 1, payload_end - header_end - 1));
  std::optional<std::string> signature = FromBase64Url(token.substr(payload_end + 1));
  if (!header || !payload || !signature) return std::nullopt;

  const std::optional<nlohmann::json> json = ParseUniqueObject(*header);
  if (!json || json->contains("crit")) return std::nullopt;
  const auto alg = json->find("alg");
  if (alg == json->end() || !alg->is_string()) return std::nullopt;
  const std::optional<SignatureAlgorithm> algorithm =
      ParseSignatureAlgorithm(alg->get_ref<const std::string&>());
  const auto kid = json->find("kid");
  if (!algorithm || (kid != json->end() && !kid->is_string())) return std::nullopt;
  return SignedToken{*algorithm, kid == json->end() ? "" : kid->get<std::string>(),
                     *std::move(payload), *std::move(signature), token.substr(0, payload_end)};
}

bool IsSignedBy(const SignedToken& token, const SignatureKey& key) {
  return token.algorithm == key.algorithm() &&
         key.Verify(AsBytes(token.signed_bytes), AsBytes(token.signature));
}

}  // namespace fieldkms
