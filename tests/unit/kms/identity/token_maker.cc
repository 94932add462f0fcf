#include "tests/unit/kms/identity/token_maker.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include <stdexcept>
#include <utility>
#include <vector>

#include "crypto/base64.h"

namespace fieldkms::testing {
namespace {

constexpr int kCoordinate = 32;

std::string Bytes(const BIGNUM* number) {
  std::string bytes(kCoordinate, '\0');
  BN_bn2binpad(number, AsMutableBytes(bytes).data(), kCoordinate);
  return bytes;
}

std::string Coordinate(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) throw std::runtime_error("no coordinate");
  std::string bytes = Bytes(number);
  BN_free(number);
  return bytes;
}

}  // namespace

std::string Base64Url(std::string_view bytes) {
  std::string text(Base64Size(Base64::kUrl, bytes.size()), '\0');
  EncodeBase64(Base64::kUrl, AsBytes(bytes), AsMutableBytes(text));
  return text;
}

void TokenMaker::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

TokenMaker::TokenMaker(std::string kid) : kid_(std::move(kid)), key_(EVP_EC_gen("P-256")) {
  if (key_ == nullptr) throw std::runtime_error("no key");
}

std::string TokenMaker::KeySetJson() const {
  const nlohmann::json jwk = {{"kty", "EC"},
                              {"crv", "P-256"},
                              {"alg", "ES256"},
                              {"use", "sig"},
                              {"kid", kid_},
                              {"x", Base64Url(Coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_X))},
                              {"y", Base64Url(Coordinate(key_.get(), OSSL_PKEY_PARAM_EC_PUB_Y))}};
  return nlohmann::json{{"keys", {jwk}}}.dump();
}

std::string TokenMaker::Sign(const nlohmann::json& claims) const {
  return SignWith({{"alg", "ES256"}, {"kid", kid_}, {"typ", "JWT"}}, claims.dump());
}

std::string TokenMaker::SignWith(const nlohmann::json& header, const std::string& payload) const {
  const std::string message = Base64Url(header.dump()) + "." + Base64Url(payload);
  EVP_MD_CTX* const ctx = EVP_MD_CTX_new();
  std::vector<uint8_t> der(256);
  size_t size = der.size();
  const bool good =
      EVP_DigestSignInit_ex(ctx, nullptr, "SHA256", nullptr, nullptr, key_.get(), nullptr) == 1 &&
      EVP_DigestSign(ctx, der.data(), &size, AsBytes(message).data(), message.size()) == 1;
  EVP_MD_CTX_free(ctx);
  const uint8_t* data = der.data();
  ECDSA_SIG* const signature =
      good ? d2i_ECDSA_SIG(nullptr, &data, static_cast<long>(size)) : nullptr;
  if (signature == nullptr) throw std::runtime_error("no signature");
  const std::string bytes = Bytes(ECDSA_SIG_get0_r(signature)) + Bytes(ECDSA_SIG_get0_s(signature));
  ECDSA_SIG_free(signature);
  return message + "." + Base64Url(bytes);
}

}  // namespace fieldkms::testing
