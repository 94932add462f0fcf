#include "rotation/source/pgsodium.h"

#include <gtest/gtest.h>

#include <string>

#include "rotation/source/sodium_det.h"
#include "tests/unit/rotation/source/source_fixture.h"

namespace fieldkms::rotation {
namespace {

const nlohmann::json& Vectors() {
  static const nlohmann::json vectors = ReadJson(testing::VectorsDir() + "/pgsodium.json");
  return vectors;
}

PgsodiumOpener::Options OptionsOf(SodiumConstruction construction, const nlohmann::json& vector) {
  PgsodiumOpener::Options options;
  options.construction = construction;
  options.key = Secret(Unhex(vector["key"]));
  return options;
}

std::string Column(const std::string& bytes) { return "\\x" + EncodeHex(AsBytes(bytes)); }

TEST(PgsodiumTest, OpensWhatItsOwnCodeSeals) {
  for (const auto& vector : Vectors()["det"]) {
    const std::string sealed = Unhex(vector["sealed"]);
    const std::string data = vector["data"];
    auto options = OptionsOf(SodiumConstruction::kAeadDet, vector);
    options.nonce = Unhex(vector["nonce"]);
    options.roles = {SourceRole::kAssociatedData};
    const PgsodiumOpener opener(std::move(options));
    EXPECT_EQ(OpenedBy(opener, {.value = sealed, .beside = {data}}), vector["text"]);
    EXPECT_EQ(OpenedBy(opener, {.value = sealed, .beside = {"other"}}), Bad(kSourceNotOpened));
    // NULL: no data.
    EXPECT_EQ(OpenedBy(opener, {.value = sealed, .beside = {std::nullopt}}) == vector["text"],
              data.empty());
  }
}

// As its column encryption writes it: Base64, the nonce and the associated columns beside it.
TEST(PgsodiumTest, ColumnsAreOneAfterTheOther) {
  const auto& vector = Vectors()["det"][3];
  ASSERT_EQ(vector["data"], "and also your friend");
  ASSERT_NE(vector["nonce"], "");
  auto options = OptionsOf(SodiumConstruction::kAeadDet, vector);
  options.roles = {SourceRole::kNonce, SourceRole::kAssociatedData, SourceRole::kAssociatedData};
  const PgsodiumOpener opener(std::move(options));
  const std::string sealed = Unhex(vector["sealed"]);
  const std::string nonce = Column(Unhex(vector["nonce"]));
  EXPECT_EQ(OpenedBy(opener, {.value = sealed, .beside = {nonce, "and also ", "your friend"}}),
            vector["text"]);
  EXPECT_EQ(OpenedBy(opener, {.value = sealed, .beside = {"\\x00", "and also ", "your friend"}}),
            Bad(kSourceBeside));
}

TEST(PgsodiumTest, EveryByteCounts) {
  const auto& vector = Vectors()["det"][16];
  const std::string key = Unhex(vector["key"]);
  const std::string sealed = Unhex(vector["sealed"]);
  WipedBuffer opened;
  ASSERT_TRUE(OpenSodiumDet(AsBytes(sealed), {}, {}, AsBytes(key), &opened));
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string damaged = sealed;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(OpenSodiumDet(AsBytes(damaged), {}, {}, AsBytes(key), &opened)) << i;
    EXPECT_TRUE(opened.empty());
    const std::string cut = sealed.substr(0, i);
    EXPECT_FALSE(OpenSodiumDet(AsBytes(cut), {}, {}, AsBytes(key), &opened)) << i;
  }
}

TEST(PgsodiumTest, NoncesStandBeforeTheValueOrBesideIt) {
  for (const auto& [name, construction] : {std::pair("secretbox", SodiumConstruction::kSecretbox),
                                           std::pair("aead_ietf", SodiumConstruction::kAeadIetf)}) {
    const auto& vector = Vectors()[name];
    const std::string nonce = Unhex(vector["nonce"]);
    const std::string sealed = Unhex(vector["sealed"]);
    const bool has_data = vector.contains("data");
    const std::string data = has_data ? vector["data"].get<std::string>() : "";
    std::vector<SourceRole> roles;
    std::vector<std::optional<std::string_view>> beside;
    if (has_data) {
      roles.push_back(SourceRole::kAssociatedData);
      beside.emplace_back(data);
    }
    auto prefixed = OptionsOf(construction, vector);
    prefixed.nonce_prefix = true;
    prefixed.roles = roles;
    const std::string value = nonce + sealed;
    EXPECT_EQ(OpenedBy(PgsodiumOpener(std::move(prefixed)), {.value = value, .beside = beside}),
              vector["text"]);
    auto column = OptionsOf(construction, vector);
    column.roles = roles;
    column.roles.push_back(SourceRole::kNonce);
    const std::string text = Column(nonce);
    beside.emplace_back(text);
    const PgsodiumOpener opener(std::move(column));
    EXPECT_EQ(OpenedBy(opener, {.value = sealed, .beside = beside}), vector["text"]);
    beside.back() = std::nullopt;
    EXPECT_EQ(OpenedBy(opener, {.value = sealed, .beside = beside}), Bad(kSourceBeside));
    EXPECT_EQ(OpenedBy(opener, {.value = "", .beside = beside}), Bad(kSourceBeside));
  }
}

TEST(PgsodiumTest, KeysAreDerivedAsItDoes) {
  const auto& vector = Vectors()["derived"];
  const std::string root = Unhex(vector["root"]);
  const auto key = DeriveSodiumKey(AsBytes(root), 42, "pgsodium");
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(EncodeHex(key->Expose()), vector["key"]);
  EXPECT_FALSE(DeriveSodiumKey(AsBytes(root), 42, "short").ok());
}

}  // namespace
}  // namespace fieldkms::rotation
