// TokenMaker signs tokens as an issuer would: ES256, with a key of its own.
#ifndef FIELDKMS_TESTS_UNIT_KMS_IDENTITY_TOKEN_MAKER_H_
#define FIELDKMS_TESTS_UNIT_KMS_IDENTITY_TOKEN_MAKER_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

struct evp_pkey_st;

namespace fieldkms::testing {

class TokenMaker {
 public:
  explicit TokenMaker(std::string kid);

  // A JWK Set with its key.
  std::string KeySetJson() const;
  std::string Sign(const nlohmann::json& claims) const;
  // With a header of the test's.
  std::string SignWith(const nlohmann::json& header, const std::string& payload) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  const std::string kid_;
  std::unique_ptr<evp_pkey_st, Free> key_;
};

std::string Base64Url(std::string_view bytes);

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_KMS_IDENTITY_TOKEN_MAKER_H_
