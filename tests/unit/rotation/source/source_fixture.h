// What tests of sources share.
#ifndef FIELDKMS_TESTS_UNIT_ROTATION_SOURCE_SOURCE_FIXTURE_H_
#define FIELDKMS_TESTS_UNIT_ROTATION_SOURCE_SOURCE_FIXTURE_H_

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/secret_bytes.h"
#include "rotation/source/source_opener.h"
#include "tests/support/paths.h"
#include "tests/support/vectors.h"

namespace fieldkms::rotation {

inline std::string Unhex(const std::string& text) {
  std::string bytes(text.size() / 2, '\0');
  if (!DecodeHex(text, AsMutableBytes(bytes))) throw std::runtime_error("no hexadecimal digits");
  return bytes;
}

inline SecretBytes Secret(const std::string& text) {
  auto secret = SecretBytes::CopyOf(AsBytes(text));
  if (!secret.ok()) throw std::runtime_error("no secret");
  return *std::move(secret);
}

inline const nlohmann::json& PgcryptoVectors() {
  static const nlohmann::json vectors = ReadJson(testing::VectorsDir() + "/pgcrypto.json");
  return vectors;
}

// What one value opens to, or "!" and why not.
inline std::string OpenedBy(const SourceOpener& opener, const SourceCell& cell) {
  const auto values = opener.Open({&cell, 1});
  if (!values.ok()) return "error: " + std::string(values.status().message());
  const SourceValue& value = values->at(0);
  return value.bad.empty() ? std::string(AsText(value.value)) : "!" + std::string(value.bad);
}
inline std::string Bad(std::string_view why) { return "!" + std::string(why); }

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_TESTS_UNIT_ROTATION_SOURCE_SOURCE_FIXTURE_H_
