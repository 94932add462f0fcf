#include "rotation/source_keys/vault_opener.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "crypto/base64.h"
#include "crypto/status.h"
#include "kms/root/http_client.h"
#include "tests/support/fake_vault/fake_vault.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/rotation/source/source_fixture.h"

namespace fieldkms::rotation {
namespace {

using testing::FakeVault;

class VaultOpenerTest : public ::testing::Test {
 protected:
  VaultOpenerTest() {
    testing::WriteFile(dir_.File("token"), FakeVault::kRootToken);
    EXPECT_EQ(chmod(dir_.File("token").c_str(), 0600), 0);
  }

  static std::string Base64Of(const std::string& bytes) {
    std::string text(Base64Size(Base64::kPadded, bytes.size()), '\0');
    EncodeBase64(Base64::kPadded, AsBytes(bytes), AsMutableBytes(text));
    return text;
  }
  // As an application does.
  std::string Encrypt(const std::string& plaintext, const std::string& data = "") {
    const auto http = MakeHttpClient({}).value();
    nlohmann::json body = {{"plaintext", Base64Of(plaintext)}};
    if (!data.empty()) body["associated_data"] = Base64Of(data);
    const auto reply = http->Send({"POST",
                                   vault_.url() + "/v1/transit/encrypt/cards",
                                   {{"X-Vault-Token", FakeVault::kRootToken}},
                                   body.dump()},
                                  kNoDeadline);
    return nlohmann::json::parse(reply.value().body)["data"]["ciphertext"];
  }
  std::unique_ptr<const SourceOpener> Opener(std::vector<SourceRole> roles = {},
                                             bool holds_text = false) {
    VaultOpenerOptions options;
    options.vault.address = vault_.url();
    options.vault.key = "cards";
    options.vault.auth = VaultTokenFile{dir_.File("token")};
    options.holds_text = holds_text;
    options.roles = std::move(roles);
    return MakeVaultOpener(std::move(options)).value();
  }

  FakeVault vault_;
  testing::TempDir dir_;
};

TEST_F(VaultOpenerTest, OpensManyAtATime) {
  std::vector<std::string> sealed;
  for (int i = 0; i < 600; ++i) {
    sealed.push_back(i == 7   ? "no text of Vault"
                     : i == 8 ? "vault:v1:AAAA"
                              : Encrypt(std::to_string(i)));
  }
  const int asked = vault_.Requests("transit/decrypt/cards");
  std::vector<SourceCell> cells;
  for (const std::string& text : sealed) cells.push_back({.value = text, .is_text = true});
  const auto values = Opener()->Open(cells);
  ASSERT_TRUE(values.ok()) << values.status();
  ASSERT_EQ(values->size(), 600u);
  for (size_t i = 0; i < 600; ++i) {
    if (i == 7 || i == 8) continue;
    EXPECT_EQ((*values)[i].bad, "");
    EXPECT_EQ(AsText((*values)[i].value), std::to_string(i));
  }
  EXPECT_EQ((*values)[7].bad, kSourceMalformed);
  EXPECT_EQ((*values)[8].bad, kSourceNotOpened);
  EXPECT_EQ(vault_.Requests("transit/decrypt/cards") - asked, 3);
}

TEST_F(VaultOpenerTest, AssociatedDataIsThatOfTheRow) {
  const std::string sealed = Encrypt("a card", "row 1");
  const auto opener = Opener({SourceRole::kAssociatedData, SourceRole::kAssociatedData});
  EXPECT_EQ(OpenedBy(*opener, {.value = sealed, .beside = {"row ", "1"}}), "a card");
  EXPECT_EQ(OpenedBy(*opener, {.value = sealed, .beside = {"row ", "2"}}), Bad(kSourceNotOpened));
  EXPECT_EQ(OpenedBy(*opener, {.value = sealed, .beside = {"row ", std::nullopt}}),
            Bad(kSourceBeside));
}

TEST_F(VaultOpenerTest, TextMustBeTextWhereItIsSaidToBe) {
  const std::string sealed = Encrypt("\xff\xfe");
  EXPECT_EQ(OpenedBy(*Opener(), {.value = sealed}), "\xff\xfe");
  EXPECT_EQ(OpenedBy(*Opener({}, true), {.value = sealed}), Bad(kSourceNoText));
}

// None of these is a fault of the values.
TEST_F(VaultOpenerTest, WhatKeepsVaultFromAnsweringIsAnError) {
  const std::string sealed = Encrypt("a card");
  const SourceCell cell = {.value = sealed};
  const auto reason = [&](const SourceOpener& opener) {
    return ReasonOf(opener.Open({&cell, 1}).status());
  };
  vault_.SetFaults({.sealed = true});
  EXPECT_EQ(reason(*Opener()), Reason::kRootUnavailable);
  vault_.SetFaults({});
  testing::WriteFile(dir_.File("token"), "s.no-such-token");
  EXPECT_EQ(reason(*Opener()), Reason::kRootDenied);
}

}  // namespace
}  // namespace fieldkms::rotation
