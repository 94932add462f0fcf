#include "clients/cpp/local_crypto.h"

#include <string>
#include <vector>

#include "tests/unit/clients/cpp/local_crypto_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::seconds;

auto DecryptFailed() { return StatusIs(StatusCode::kInvalidArgument, Reason::kDecryptFailed); }

TEST_F(LocalCryptoTest, MakesTheServicesEnvelopes) {
  for (const v1::Suite suite : {v1::SUITE_XAES_256_GCM, v1::SUITE_KC_XAES_256_GCM}) {
    service_.suite = suite;
    Start();
    const std::string sealed = Seal("a value");
    ASSERT_OK_AND_ASSIGN(const EnvelopeView envelope, ParseEnvelope(AsBytes(sealed)));
    EXPECT_EQ(envelope.header, (EnvelopeHeader{static_cast<Suite>(suite), service_.key_id, 1}));
    FieldSealer service("acme");
    auto place = kPlace;
    ASSERT_OK(service.SetContext(place));
    std::string value;
    EXPECT_OK(service.Open(KeyOf(1), envelope, &value));
    EXPECT_EQ(value, "a value");
    EXPECT_EQ(Opened(sealed), "a value");
    EXPECT_EQ(Opened(SealedByTheService(1)), "4111");
    EXPECT_EQ(Opened(Seal("")), "");
  }
}

TEST_F(LocalCryptoTest, OneLeaseServesAllCalls) {
  Start({.lease_time = seconds(60), .lease_messages = 7});
  for (int i = 0; i < 5; ++i) EXPECT_OK(Open(Seal()));
  ASSERT_EQ(service_.acquired().size(), 1u);
  const v1::AcquireLeaseRequest request = service_.acquired()[0];
  EXPECT_EQ(request.tenant(), "acme");
  EXPECT_EQ(request.key(), "k");
  EXPECT_EQ(request.use(), v1::LEASE_USE_ENCRYPT_AND_DECRYPT);
  EXPECT_EQ(request.duration().seconds(), 60);
  EXPECT_EQ(request.max_messages(), 7u);
  EXPECT_EQ(local_->Key("acme", "k").value(), key_);
}

TEST_F(LocalCryptoTest, WhoOnlyOpensLeasesToOpen) {
  Start();
  EXPECT_OK(Open(SealedByTheService(1)));
  ASSERT_EQ(service_.acquired().size(), 1u);
  EXPECT_EQ(service_.acquired()[0].use(), v1::LEASE_USE_DECRYPT);
  EXPECT_EQ(service_.acquired()[0].version(), 1u);
}

TEST_F(LocalCryptoTest, AllFailuresToOpenLookAlike) {
  Start();
  const std::string sealed = Seal();
  std::vector<std::string> wrong = {"", "nonsense", sealed.substr(0, sealed.size() - 1),
                                    sealed + "x", SealedByTheService(1, "globex")};
  for (size_t i = 0; i < sealed.size(); ++i) {
    wrong.push_back(sealed);
    wrong.back()[i] = static_cast<char>(wrong.back()[i] ^ 1);
  }
  service_.suite = v1::SUITE_XAES_256_GCM;
  wrong.push_back(SealedByTheService(1));
  service_.suite = v1::SUITE_KC_XAES_256_GCM;
  service_.FailAlways("Decrypt", DecryptError(Reason::kDecryptFailed));  // an unknown version
  const absl::Status one = Open(wrong[0]).status();
  for (const std::string& text : wrong) {
    const absl::Status status = Open(text).status();
    EXPECT_THAT(status, DecryptFailed());
    EXPECT_EQ(status.message(), one.message());
  }
  std::string value;
  EXPECT_THAT(key_->Decrypt(kOtherPlace, sealed, &value), DecryptFailed());
  EXPECT_THAT(key_->Decrypt({}, sealed, &value), DecryptFailed());
  LocalKey* const elsewhere = local_->Key("globex", "k").value();
  EXPECT_THAT(Open(sealed, elsewhere), DecryptFailed());
}

TEST_F(LocalCryptoTest, WithoutFallbackAnUnknownVersionLooksAlikeToo) {
  Start({.fallback = false});
  EXPECT_THAT(Open(SealedByTheService(2)), DecryptFailed());
  service_.key_id += 1;
  const std::string of_another_key = SealedByTheService(1);
  service_.key_id -= 1;
  EXPECT_THAT(Open(of_another_key), DecryptFailed());  // and now the key's id is known
  const size_t asked = service_.acquired().size();
  EXPECT_THAT(Open(of_another_key), DecryptFailed());
  EXPECT_EQ(service_.acquired().size(), asked);
}

TEST_F(LocalCryptoTest, WhatTheServiceWouldRefuseIsRefused) {
  service_.messages = 1;
  Start();
  std::string out;
  const std::array<ContextEntry, 1> illegal = {ContextEntry{"UPPER", "1"}};
  EXPECT_THAT(key_->Encrypt(illegal, "v", &out), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(key_->Decrypt(illegal, Seal(), &out), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(key_->Encrypt(kPlace, std::string(4 << 20, 'x'), &out),
              StatusIs(StatusCode::kInvalidArgument, Reason::kRequestTooLarge));
  EXPECT_EQ(service_.acquired().size(), 1u) << "no message was spent on them";
  EXPECT_THAT(local_->Key("Acme", "k"), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(local_->Key("acme", ""), StatusIs(Reason::kInvalidField));
}

TEST_F(LocalCryptoTest, OptionsAreChecked) {
  const auto create = [&](LocalCryptoOptions options) {
    return LocalCrypto::Create(std::make_unique<FakeTransport>(service_), clock_,
                               std::move(options))
        .status();
  };
  EXPECT_EQ(FieldOf(create({.lease_time = seconds(-1)})), "lease_time");
  EXPECT_EQ(FieldOf(create({.most_versions = 0})), "most_versions");
}

TEST_F(LocalCryptoTest, TheHolderAuditsBeforeTheAnswer) {
  std::vector<std::string> trail;
  absl::Status answer;
  Start({.audit = [&](const LocalUse& use) {
    const bool seals = use.operation == LocalUse::Operation::kEncrypt;
    trail.push_back((seals ? "encrypt " : "decrypt ") + std::string(use.tenant) + '/' +
                    std::string(use.key) + '/' + std::to_string(use.key_version) + ' ' +
                    std::string(use.lease_id) + (use.ok ? " ok" : " failed"));
    return answer;
  }});
  const std::string sealed = Seal();
  EXPECT_OK(Open(sealed));
  std::string value;
  EXPECT_THAT(key_->Decrypt(kOtherPlace, sealed, &value), DecryptFailed());
  EXPECT_THAT(Open("nonsense"), DecryptFailed());
  EXPECT_EQ(trail, (std::vector<std::string>{
                       "encrypt acme/k/1 lease-1 ok", "decrypt acme/k/1 lease-1 ok",
                       "decrypt acme/k/1 lease-1 failed", "decrypt acme/k/0  failed"}));
  answer = Error(StatusCode::kUnavailable, Reason::kAuditUnavailable, "the disk is full");
  EXPECT_THAT(TrySeal(), StatusIs(Reason::kAuditUnavailable));
  EXPECT_THAT(Open(sealed), StatusIs(Reason::kAuditUnavailable));
}

TEST_F(LocalCryptoTest, WhoMustNotWaitUsesWhatIsHeld) {
  int audited = 0;
  Start({.audit = [&](const LocalUse&) {
    ++audited;
    return absl::OkStatus();
  }});
  std::string sealed, value;
  EXPECT_FALSE(key_->TryEncrypt(kPlace, "4111", &sealed));
  EXPECT_FALSE(key_->TryDecrypt(kPlace, SealedByTheService(1), &value));
  EXPECT_TRUE(service_.acquired().empty());
  EXPECT_EQ(audited, 0);
  Seal();
  EXPECT_OK(key_->TryEncrypt(kPlace, "4111", &sealed).value());
  EXPECT_OK(key_->TryDecrypt(kPlace, sealed, &value).value());
  EXPECT_EQ(value, "4111");
  EXPECT_THAT(key_->TryDecrypt(kOtherPlace, sealed, &value).value(), DecryptFailed());
  EXPECT_EQ(audited, 4);
  // What no lease is for is for the service: another version, another key, no envelope.
  EXPECT_FALSE(key_->TryDecrypt(kPlace, SealedByTheService(2), &value));
  ++service_.key_id;
  EXPECT_FALSE(key_->TryDecrypt(kPlace, SealedByTheService(1), &value));
  EXPECT_FALSE(key_->TryDecrypt(kPlace, "nonsense", &value));
  EXPECT_EQ(audited, 4);
  EXPECT_EQ(service_.acquired().size(), 1u);
}

TEST_F(LocalCryptoTest, WhatCannotBeLeasedIsAskedOfTheService) {
  service_.FailAlways("Acquire", Refused(Reason::kLeaseDenied));
  Start();
  EXPECT_EQ(Seal("v"), "by the service:v");
  EXPECT_EQ(Seal("w"), "by the service:w");
  EXPECT_EQ(service_.acquired().size(), 1u) << "it is not asked for each call";
  EXPECT_EQ(Opened(SealedByTheService(1)), "opened by the service for k");
  Pass(seconds(30));
  service_.FailAlways("Acquire", absl::OkStatus());
  EXPECT_OK(ParseEnvelope(AsBytes(Seal("x"))));
  EXPECT_EQ(service_.encrypted(), 2);
}

TEST_F(LocalCryptoTest, WithoutFallbackTheRefusalIsTheAnswer) {
  service_.Fail("Acquire", Refused(Reason::kLeaseDenied));
  Start({.fallback = false});
  EXPECT_THAT(TrySeal(), StatusIs(StatusCode::kFailedPrecondition, Reason::kLeaseDenied));
  EXPECT_OK(TrySeal()) << "each call asks anew";
  EXPECT_EQ(service_.encrypted(), 0);
}

TEST_F(LocalCryptoTest, AServiceInTroubleMayServeWhatItHasLoaded) {
  service_.Fail("Acquire",
                Error(StatusCode::kUnavailable, Reason::kStoreUnavailable, "the store is down"));
  Start();
  EXPECT_EQ(Seal("v"), "by the service:v");
  Pass(seconds(1));
  EXPECT_OK(ParseEnvelope(AsBytes(Seal("v"))));
  EXPECT_EQ(service_.encrypted(), 1);
}

TEST_F(LocalCryptoTest, AServiceThatIsNotThereIsUnavailable) {
  service_.FailAlways("Acquire", Unreachable());
  Start();
  EXPECT_THAT(TrySeal(), StatusIs(StatusCode::kUnavailable, Reason::kUnspecified));
  EXPECT_THAT(Open(SealedByTheService(1)),
              StatusIs(StatusCode::kUnavailable, Reason::kUnspecified));
  EXPECT_EQ(service_.encrypted() + service_.decrypted(), 0);
}

TEST_F(LocalCryptoTest, ALeaseThatMakesNoSenseIsNone) {
  Start({.fallback = false});
  for (const v1::Suite suite : {v1::SUITE_UNSPECIFIED, static_cast<v1::Suite>(9)}) {
    service_.suite = suite;
    EXPECT_THAT(TrySeal(), StatusIs(StatusCode::kInternal, Reason::kInternal));
  }
  service_.suite = v1::SUITE_XAES_256_GCM;
  service_.key_id = 0;
  EXPECT_THAT(TrySeal(), StatusIs(StatusCode::kInternal, Reason::kInternal));
  EXPECT_EQ(Held(), 0u);
}

}  // namespace
}  // namespace fieldkms::testing
