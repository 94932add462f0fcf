// Keys that are brought along, and keys that leave.
#include "kms/keyring/key_transfer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "crypto/key_import.h"
#include "kms/keyring/core.h"
#include "kms/keyring/import_token.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/keyring/keyring_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::hours;

auto Failed() { return StatusIs(StatusCode::kInvalidArgument, Reason::kImportFailed); }

class KeyTransferTest : public KeyringFixture {
 protected:
  // One pair for all, since it takes seconds; and whoever gets it is another replica.
  static const ImportKeyPair& Pair() {
    static const auto* const pair = new ImportKeyPair(GenerateImportKeyPair().value());
    return *pair;
  }
  static absl::StatusOr<ImportKeyPair> CopyOfPair() {
    ImportKeyPair copy;
    FIELDKMS_ASSIGN_OR_RETURN(copy.private_der, SecretBytes::CopyOf(Pair().private_der.Expose()));
    copy.public_pem = Pair().public_pem;
    return copy;
  }
  static SecretBytes Secret(size_t size = 32) {
    SecretBytes secret = SecretBytes::Allocate(size).value();
    for (size_t i = 0; i < size; ++i) secret.ExposeMutable()[i] = static_cast<uint8_t>(i);
    return secret;
  }

  void SetUp() override {
    KeyringFixture::SetUp();
    HaveTenant("acme");
    HaveTenant("other");
    token_ = Token("acme");
    wrapped_ = WrapForImport(Pair().public_pem, Secret()).value();
  }
  std::string Token(std::string_view tenant) {
    KeyTransfer transfer(keyring().core(), CopyOfPair);
    const auto made = transfer.MakeImportParameters(tenant, kNoDeadline);
    EXPECT_OK(made);
    return made.ok() ? made->token : "";
  }
  KeyTransfer& transfer() { return keyring().transfer(); }
  absl::StatusOr<KeyRecord> Import(const BroughtKey& brought, std::string_view tenant = "acme") {
    return transfer().ImportKey(SpecOf(tenant, "byok"), brought, FreshId(), kNoDeadline);
  }
  absl::StatusOr<KeyRecord> ImportNext(const BroughtKey& brought) {
    return transfer().ImportKeyVersion({"acme", "byok"}, brought, FreshId(), kNoDeadline);
  }
  BroughtKey Good() const { return {token_, wrapped_}; }
  const LoadedKey* Loaded(std::string_view name) {
    return keyring().Snapshot().FindByName("acme", name);
  }

  std::string token_, wrapped_;
};

TEST_F(KeyTransferTest, ImportedMaterialIsWhatSeals) {
  ASSERT_OK_AND_ASSIGN(const KeyRecord made, Import(Good()));
  EXPECT_EQ(made.suite, 2);
  ASSERT_OK(keyring().LoadByName("acme", "byok", kNoDeadline));
  const std::string sealed = Seal(*Loaded("byok"));
  ASSERT_OK_AND_ASSIGN(const XaesKey theirs, XaesKey::Create(Secret()));
  std::string value(5, '\0');
  EXPECT_OK(theirs.Open(AsBytes(sealed).first<kXaesNonceSize>(), {},
                        AsBytes(sealed).subspan(kXaesNonceSize), AsMutableBytes(value)));
  EXPECT_EQ(value, "value");
  ASSERT_OK_AND_ASSIGN(const KeyVersionRecord version,
                       store().GetKeyVersion("acme", made.key_id, 1, kNoDeadline));
  EXPECT_EQ(version.origin, KeyOrigin::kImported);
}

TEST_F(KeyTransferTest, ImportedKeysRotateByImportsOnly) {
  ASSERT_OK(Import(Good()));
  EXPECT_THAT(admin().RotateKey("acme", "byok", 0, FreshId(), kNoDeadline),
              StatusIs(Reason::kKeyState));
  ASSERT_OK_AND_ASSIGN(const KeyRecord next, ImportNext(Good()));
  EXPECT_EQ(next.primary_version, 2u);
  // And the others by the service only; whatever was brought, it is not looked at.
  HaveKey("acme", "ours");
  EXPECT_THAT(
      transfer().ImportKeyVersion({"acme", "ours"}, {"no token", "x"}, FreshId(), kNoDeadline),
      StatusIs(StatusCode::kFailedPrecondition, Reason::kKeyState));
  EXPECT_THAT(transfer().ImportKeyVersion({"acme", "byok", 1}, Good(), FreshId(), kNoDeadline),
              StatusIs(StatusCode::kAborted, Reason::kEtagMismatch));
  KeySpec spec = SpecOf("acme", "periodic");
  spec.rotation_period = hours(24);
  EXPECT_THAT(transfer().ImportKey(spec, Good(), FreshId(), kNoDeadline),
              StatusIs(Reason::kInvalidField));
}

TEST_F(KeyTransferTest, ATokenOpensOnAnyReplicaAndUnderOldKeks) {
  Restart();
  ASSERT_OK(Import(Good()));
  ASSERT_OK(admin().RotateKek("acme", FreshId(), kNoDeadline));
  ASSERT_OK(ImportNext(Good()));
  Restart();
  ASSERT_OK(ImportNext(Good()));
  EXPECT_EQ(ReadImportToken(token_)->kek_version, 1u);
  EXPECT_EQ(ReadImportToken(Token("acme"))->kek_version, 2u);
}

TEST_F(KeyTransferTest, ATokenEndsAfterADay) {
  ASSERT_OK_AND_ASSIGN(const ImportTokenHeader header, ReadImportToken(token_));
  clock().Advance(kImportTime - hours(1));
  ASSERT_OK(Import(Good()));
  clock().Advance(hours(1));
  ASSERT_GE(clock().Now(), header.end);
  EXPECT_THAT(ImportNext(Good()), Failed());
}

TEST_F(KeyTransferTest, WhatIsNoGoodLooksAlike) {
  const std::string other_tenants = Token("other");
  std::string altered = token_;
  altered.back() = static_cast<char>(altered.back() ^ 1);
  std::string unknown_kek = token_;
  unknown_kek[4] = 9;  // of nine KEKs the tenant has one
  std::string no_kek = token_;
  no_kek[4] = 0;
  std::string longer_lived = token_;
  longer_lived[6] = static_cast<char>(longer_lived[6] + 1);
  std::string spoilt = wrapped_;
  spoilt[540] = static_cast<char>(spoilt[540] ^ 1);
  std::string for_another = wrapped_;
  for_another[100] = static_cast<char>(for_another[100] ^ 1);
  const absl::Status failed = ImportFailed();
  for (const BroughtKey& brought :
       {BroughtKey{other_tenants, wrapped_}, BroughtKey{altered, wrapped_},
        BroughtKey{unknown_kek, wrapped_}, BroughtKey{no_kek, wrapped_},
        BroughtKey{longer_lived, wrapped_}, BroughtKey{"", wrapped_}, BroughtKey{wrapped_, token_},
        BroughtKey{token_, spoilt}, BroughtKey{token_, for_another}}) {
    EXPECT_EQ(Import(brought).status(), failed);
  }
  EXPECT_EQ(Import(Good(), "other").status(), failed);
  EXPECT_THAT(admin().GetKey("acme", "byok", kNoDeadline), StatusIs(Reason::kKeyNotFound));
}

TEST_F(KeyTransferTest, AKeyHas32Bytes) {
  for (const std::string_view wrapped :
       {std::string_view(wrapped_).substr(1), std::string_view(wrapped_).substr(0, 551),
        std::string_view()}) {
    const auto imported = Import({token_, wrapped});
    EXPECT_THAT(imported, StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField));
    EXPECT_EQ(FieldOf(imported.status()), "wrapped_key");
  }
}

TEST_F(KeyTransferTest, ARepeatHasTheFirstOutcomeWhateverBecameOfTheToken) {
  const std::string import = FreshId(), next = FreshId();
  const KeySpec spec = SpecOf("acme", "byok");
  const KeyRef ref{"acme", "byok"};
  ASSERT_OK_AND_ASSIGN(const KeyRecord first,
                       transfer().ImportKey(spec, Good(), import, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const KeyRecord second,
                       transfer().ImportKeyVersion(ref, Good(), next, kNoDeadline));
  clock().Advance(kImportTime + hours(1));
  EXPECT_THAT(ImportNext(Good()), Failed());
  for (const BroughtKey& brought : {Good(), BroughtKey{"another", "one"}}) {
    ASSERT_OK_AND_ASSIGN(const KeyRecord again,
                         transfer().ImportKey(spec, brought, import, kNoDeadline));
    EXPECT_EQ(again.key_id, first.key_id);
    EXPECT_EQ(again.change, first.change);
    ASSERT_OK_AND_ASSIGN(const KeyRecord version_again,
                         transfer().ImportKeyVersion(ref, brought, next, kNoDeadline));
    EXPECT_EQ(version_again.change, second.change);
  }
  ASSERT_OK_AND_ASSIGN(const KeyRecord now, admin().GetKey("acme", "byok", kNoDeadline));
  EXPECT_EQ(now.primary_version, 2u);
  KeySpec otherwise = spec;
  otherwise.exportable = true;
  EXPECT_THAT(transfer().ImportKey(otherwise, Good(), import, kNoDeadline),
              StatusIs(Reason::kRequestIdReused));
}

TEST_F(KeyTransferTest, OutagesAreWhatTheyAre) {
  Restart();
  root().watch().SetHook(
      "Unwrap", [] { return Error(StatusCode::kUnavailable, Reason::kRootUnavailable, "down"); });
  EXPECT_THAT(Import(Good()), StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable));
  EXPECT_THAT(transfer().MakeImportParameters("acme", kNoDeadline),
              StatusIs(Reason::kRootUnavailable));
  EXPECT_THAT(transfer().MakeImportParameters("nobody", kNoDeadline),
              StatusIs(Reason::kTenantNotFound));
}

class KeyExportTest : public KeyTransferTest {
 protected:
  void SetUp() override {
    KeyTransferTest::SetUp();
    KeySpec spec = SpecOf("acme", "mobile");
    spec.exportable = true;
    ASSERT_OK(admin().CreateKey(spec, FreshId(), kNoDeadline));
    ASSERT_OK(admin().RotateKey("acme", "mobile", 0, FreshId(), kNoDeadline));
  }
  absl::StatusOr<ExportedVersion> Export(uint32_t version = 0, std::string_view name = "mobile",
                                         const std::string& recipient = Pair().public_pem) {
    return transfer().ExportVersion("acme", name, version, recipient, kNoDeadline);
  }
  KeyRef Ref() const { return {"acme", "mobile"}; }
};

TEST_F(KeyExportTest, WhatLeavesIsWhatSeals) {
  ASSERT_OK(keyring().LoadByName("acme", "mobile", kNoDeadline));
  const std::string sealed = Seal(*Loaded("mobile"));
  ASSERT_OK_AND_ASSIGN(const ExportedVersion primary, Export());
  EXPECT_EQ(primary.version, 2u);
  EXPECT_EQ(primary.recipient, PublicKeyDigest(Pair().public_pem).value());
  ASSERT_OK_AND_ASSIGN(SecretBytes material,
                       UnwrapImported(Pair().private_der, AsBytes(primary.wrapped)));
  ASSERT_OK_AND_ASSIGN(const ExportedVersion first, Export(1));
  EXPECT_EQ(first.version, 1u);
  ASSERT_OK_AND_ASSIGN(const SecretBytes old,
                       UnwrapImported(Pair().private_der, AsBytes(first.wrapped)));
  EXPECT_NE(ToHex(old.Expose()), ToHex(material.Expose()));
  ASSERT_OK_AND_ASSIGN(const XaesKey theirs, XaesKey::Create(std::move(material)));
  std::string value(5, '\0');
  EXPECT_OK(theirs.Open(AsBytes(sealed).first<kXaesNonceSize>(), {},
                        AsBytes(sealed).subspan(kXaesNonceSize), AsMutableBytes(value)));
}

TEST_F(KeyExportTest, NotOfKeysThatWereNotMadeForIt) {
  HaveKey("acme", "kept");
  EXPECT_THAT(Export(0, "kept"), StatusIs(StatusCode::kFailedPrecondition, Reason::kNotExportable));
  ASSERT_OK(admin().SetAlias("acme", "alias", "mobile", 0, FreshId(), kNoDeadline));
  EXPECT_THAT(Export(0, "alias"), StatusIs(StatusCode::kNotFound, Reason::kKeyNotFound));
  EXPECT_THAT(Export(0, "nothing"), StatusIs(Reason::kKeyNotFound));
  const auto missing = Export(3);
  EXPECT_THAT(missing, StatusIs(StatusCode::kNotFound, Reason::kKeyNotFound));
  EXPECT_EQ(FieldOf(missing.status()), "version");
}

TEST_F(KeyExportTest, OnlyWhileAVersionOpens) {
  const auto refused = StatusIs(StatusCode::kFailedPrecondition, Reason::kKeyState);
  ASSERT_OK(admin().DisableVersion(Ref(), 1, FreshId(), kNoDeadline));
  EXPECT_THAT(Export(1), refused);
  ASSERT_OK(admin().EnableVersion(Ref(), 1, FreshId(), kNoDeadline));
  EXPECT_OK(Export(1));
  KeyPatch patch;
  patch.min_decrypt_version = 2;
  ASSERT_OK(admin().UpdateKey(Ref(), patch, FreshId(), kNoDeadline));
  EXPECT_THAT(Export(1), refused);
  EXPECT_OK(Export(2));
  ASSERT_OK(admin().ScheduleDestroy(Ref(), 0, std::chrono::days(1), FreshId(), kNoDeadline));
  EXPECT_THAT(Export(2), refused);
}

TEST_F(KeyExportTest, ToARecipientOnly) {
  for (const std::string& recipient :
       {std::string(), std::string("text"), Pair().public_pem.substr(0, 100)}) {
    const auto exported = Export(0, "mobile", recipient);
    EXPECT_THAT(exported, StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField));
    EXPECT_EQ(FieldOf(exported.status()), "recipient_public_key");
  }
}

}  // namespace
}  // namespace fieldkms::testing
