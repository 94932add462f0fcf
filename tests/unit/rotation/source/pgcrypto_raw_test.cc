#include "rotation/source/pgcrypto_raw.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/rotation/source/source_fixture.h"

namespace fieldkms::rotation {
namespace {

PgcryptoRawOpener::Options OptionsOf(const nlohmann::json& vector) {
  PgcryptoRawOpener::Options options;
  options.algorithm = ParseRawAlgorithm(vector["algorithm"].get<std::string>()).value();
  options.key = Secret(Unhex(vector["key"]));
  options.iv = Unhex(vector["iv"]);
  return options;
}

PgcryptoRawOpener Made(PgcryptoRawOpener::Options options) {
  return PgcryptoRawOpener(PgcryptoRawOpener::Fit(std::move(options)).value());
}

TEST(PgcryptoRawTest, OpensWhatPgcryptoWrites) {
  for (const auto& vector : PgcryptoVectors()["raw"]) {
    const std::string sealed = Unhex(vector["sealed"]);
    EXPECT_EQ(OpenedBy(Made(OptionsOf(vector)), {.value = sealed}), vector["text"])
        << vector["algorithm"] << " " << vector["key"] << " " << vector["iv"];
  }
}

TEST(PgcryptoRawTest, TheVectorIsWhereItIsSaidToBe) {
  for (const auto& vector : PgcryptoVectors()["raw"]) {
    const std::string sealed = Unhex(vector["sealed"]);
    auto options = OptionsOf(vector);
    if (!options.algorithm.has_iv) continue;
    std::string iv = options.iv;
    iv.resize(options.algorithm.block_size, '\0');
    options.iv.clear();
    options.iv_prefix = true;
    const std::string prefixed = iv + sealed;
    EXPECT_EQ(OpenedBy(Made(std::move(options)), {.value = prefixed}), vector["text"]);
    auto beside = OptionsOf(vector);
    beside.iv.clear();
    beside.roles = {SourceRole::kNonce};
    const std::string text = "\\x" + EncodeHex(AsBytes(iv));
    const auto opener = Made(std::move(beside));
    EXPECT_EQ(OpenedBy(opener, {.value = sealed, .beside = {text}}), vector["text"]);
    EXPECT_EQ(OpenedBy(opener, {.value = sealed, .beside = {std::nullopt}}), Bad(kSourceBeside));
  }
}

TEST(PgcryptoRawTest, WrongPaddingAndLengthsAreFaults) {
  const auto& vector = PgcryptoVectors()["raw"][0];
  const std::string sealed = Unhex(vector["sealed"]);
  auto wrong = OptionsOf(vector);
  wrong.key = Secret("another key");
  EXPECT_EQ(OpenedBy(Made(std::move(wrong)), {.value = sealed}), Bad(kSourceNotOpened));
  EXPECT_EQ(OpenedBy(Made(OptionsOf(vector)), {.value = sealed.substr(1)}), Bad(kSourceMalformed));
  EXPECT_EQ(OpenedBy(Made(OptionsOf(vector)), {.value = ""}), Bad(kSourceNotOpened));
  auto prefixed = OptionsOf(vector);
  prefixed.iv_prefix = true;
  EXPECT_EQ(OpenedBy(Made(std::move(prefixed)), {.value = "short"}), Bad(kSourceMalformed));
}

TEST(PgcryptoRawTest, WhatOpensToNoTextIsAFaultWhereItShouldBe) {
  const auto& vector = PgcryptoVectors()["raw"][0];
  auto options = OptionsOf(vector);
  options.algorithm.padded = false;  // its padding is seen then, and is text
  options.holds_text = true;
  const std::string sealed = Unhex(vector["sealed"]);
  EXPECT_TRUE(OpenedBy(Made(std::move(options)), {.value = sealed})
                  .starts_with(vector["text"].get<std::string>()));
  auto wrong = OptionsOf(vector);
  wrong.algorithm.padded = false;
  wrong.holds_text = true;
  wrong.key = Secret("another key");
  EXPECT_EQ(OpenedBy(Made(std::move(wrong)), {.value = sealed}), Bad(kSourceNoText));
}

TEST(PgcryptoRawTest, AlgorithmsAndKeysThatAreNoneAreRefused) {
  for (const std::string_view name : {"", "aes-gcm", "aes-cbc/pad:zero", "rot13", "aes-ctr"}) {
    EXPECT_FALSE(ParseRawAlgorithm(name)) << name;
  }
  for (const std::string_view name : {"aes", "aes-cbc", "bf-ecb/pad:none", "3des", "cast5-cbc"}) {
    EXPECT_TRUE(ParseRawAlgorithm(name)) << name;
  }
  PgcryptoRawOpener::Options options;
  options.algorithm = *ParseRawAlgorithm("aes");
  options.key = Secret(std::string(33, 'k'));
  EXPECT_FALSE(PgcryptoRawOpener::Fit(std::move(options)));
}

}  // namespace
}  // namespace fieldkms::rotation
