// The known answers of suite 3: tests/vectors/subject_envelope.json.
#ifndef FIELDKMS_TESTS_UNIT_CRYPTO_SUBJECT_VECTORS_H_
#define FIELDKMS_TESTS_UNIT_CRYPTO_SUBJECT_VECTORS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "crypto/subject_key.h"
#include "tests/support/hex.h"
#include "tests/support/paths.h"
#include "tests/support/vectors.h"

namespace fieldkms {

inline std::string Unhexed(const nlohmann::json& hex) {
  return std::string(AsText(FromHex(hex.get<std::string>())));
}

inline XaesKey XaesKeyOf(ByteView bytes) {
  return XaesKey::Create(SecretBytes::CopyOf(bytes).value()).value();
}

struct SubjectVector {
  explicit SubjectVector(const nlohmann::json& json)
      : comment(json.at("comment")),
        version_key(Unhexed(json.at("version_key"))),
        secret(Unhexed(json.at("secret"))),
        handle(Unhexed(json.at("handle"))),
        tenant(json.at("tenant")),
        key_id(std::stoull(json.at("key_id").get<std::string>(), nullptr, 16)),
        version(json.at("version")),
        info(Unhexed(json.at("info"))),
        key(Unhexed(json.at("key"))),
        canonical_context(Unhexed(json.at("canonical_context"))),
        nonce(Unhexed(json.at("nonce"))),
        plaintext(Unhexed(json.at("plaintext"))),
        aad(Unhexed(json.at("aad"))),
        envelope(Unhexed(json.at("envelope"))),
        text(json.at("text")) {}

  SubjectKeyPlace Place() const { return {tenant, key_id, version, AsBytes(handle)}; }
  // What DeriveSubjectKey makes of the vector's parts.
  XaesKey Derived() const {
    return DeriveSubjectKey(XaesKeyOf(AsBytes(version_key)), AsBytes(secret), Place()).value();
  }

  std::string comment, version_key, secret, handle, tenant;
  uint64_t key_id;
  uint32_t version;
  std::string info, key, canonical_context, nonce, plaintext, aad, envelope, text;
};

inline const std::vector<SubjectVector>& SubjectVectors() {
  static const auto* const vectors = [] {
    auto* read = new std::vector<SubjectVector>;
    const nlohmann::json file = ReadJson(testing::VectorsDir() + "/subject_envelope.json");
    for (const auto& json : file.at("vectors")) read->emplace_back(json);
    return read;
  }();
  return *vectors;
}

}  // namespace fieldkms

#endif  // FIELDKMS_TESTS_UNIT_CRYPTO_SUBJECT_VECTORS_H_
