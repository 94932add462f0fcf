// The life of the leases that LocalCrypto holds: their time, their messages, their end.
#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/clients/cpp/local_crypto_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::Le;
using Timeout = LeaseTransport::Timeout;

class LocalLeasesTest : public LocalCryptoTest {};

TEST_F(LocalLeasesTest, RenewedAheadWhileInUse) {
  Start();
  Seal();
  Seal();
  Pass(seconds(199));
  EXPECT_TRUE(service_.renewed().empty());
  Pass(seconds(1));  // two thirds of it
  ASSERT_EQ(service_.renewed().size(), 1u);
  EXPECT_EQ(service_.renewed()[0].tenant(), "acme");
  EXPECT_EQ(service_.renewed()[0].lease_id(), "lease-1");
  EXPECT_EQ(service_.renewed()[0].used_messages(), 2u);
  Pass(seconds(150));  // beyond its first end
  Seal();
  Pass(seconds(50));
  ASSERT_EQ(service_.renewed().size(), 2u);
  EXPECT_EQ(service_.renewed()[1].used_messages(), 3u);
  EXPECT_EQ(service_.acquired().size(), 1u);
}

TEST_F(LocalLeasesTest, GivenBackWhenNobodyUsesIt) {
  Start();
  Seal();
  EXPECT_GT(Held(), 0u);
  Pass(seconds(200));
  Pass(seconds(200));
  ASSERT_EQ(service_.renewed().size(), 1u);
  ASSERT_EQ(service_.ended().size(), 1u);
  EXPECT_EQ(service_.ended()[0].lease_id(), "lease-1");
  EXPECT_EQ(service_.ended()[0].used_messages(), 1u);
  EXPECT_EQ(Held(), 0u);
  Seal();
  EXPECT_EQ(service_.acquired().size(), 2u);
}

TEST_F(LocalLeasesTest, GoesOnThroughAnOutageUntilItsEnd) {
  Start();
  const std::string sealed = Seal();
  for (const char* method : {"Acquire", "Renew", "End"}) service_.FailAlways(method, Unreachable());
  for (int i = 0; i < 299; ++i) {
    Pass(seconds(1));
    ASSERT_OK(TrySeal());
    ASSERT_OK(Open(sealed));
  }
  EXPECT_GT(service_.renewed().size(), 1u);
  EXPECT_LT(service_.renewed().size(), 50u);
  Pass(seconds(1));
  EXPECT_THAT(TrySeal(), StatusIs(StatusCode::kUnavailable, Reason::kUnspecified));
  EXPECT_THAT(Open(sealed), StatusIs(StatusCode::kUnavailable, Reason::kUnspecified));
  EXPECT_EQ(Held(), 0u);
  for (const char* method : {"Acquire", "Renew", "End"}) {
    service_.FailAlways(method, absl::OkStatus());
  }
  EXPECT_OK(TrySeal());
}

TEST_F(LocalLeasesTest, WipedAtItsEndThoughNobodyCalls) {
  Start();
  Seal();
  EXPECT_GT(Held(), 0u);
  service_.FailAlways("Renew", Unreachable());
  Pass(seconds(299));
  EXPECT_GT(Held(), 0u);
  Pass(seconds(1));
  EXPECT_EQ(Held(), 0u);
  ASSERT_EQ(service_.ended().size(), 1u) << "what was used is worth knowing";
}

TEST_F(LocalLeasesTest, ItsTimeCountsFromBeforeItWasAskedFor) {
  service_.on_acquire = [&] { clock_.Advance(seconds(100)); };
  service_.FailAlways("Renew", Unreachable());
  Start();
  Seal();
  service_.on_acquire = nullptr;
  service_.FailAlways("Acquire", Unreachable());
  Pass(seconds(199));
  EXPECT_OK(TrySeal());
  Pass(seconds(1));
  EXPECT_THAT(TrySeal(), StatusIs(Reason::kUnspecified));
}

TEST_F(LocalLeasesTest, MessagesAreNeverOverrun) {
  constexpr int kThreads = 8;
  service_.messages = 10'000;
  Start({.fallback = false});
  Seal();
  service_.FailAlways("Renew", Unreachable());
  std::atomic<int> sealed{1}, refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      std::string out;
      while (key_->Encrypt(kPlace, "4111", &out).ok()) ++sealed;
      ++refused;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sealed, 10'000);
  EXPECT_EQ(refused, kThreads);
  local_->Close();
  ASSERT_EQ(service_.ended().size(), 1u);
  EXPECT_EQ(service_.ended()[0].used_messages(), 10'000u);
}

TEST_F(LocalLeasesTest, RenewedAheadOfItsLastMessages) {
  service_.messages = 9;
  Start();
  for (int i = 0; i < 5; ++i) Seal();
  Pass(seconds(0));
  EXPECT_TRUE(service_.renewed().empty());
  Seal();
  Pass(seconds(0));
  ASSERT_EQ(service_.renewed().size(), 1u);
  EXPECT_EQ(service_.renewed()[0].used_messages(), 6u);
  service_.FailAlways("Renew", Unreachable());
  service_.FailAlways("Acquire", Unreachable());
  int more = 0;
  while (TrySeal().ok()) ++more;
  EXPECT_EQ(more, 9) << "what was granted last";
}

TEST_F(LocalLeasesTest, WhoTakesTheLastMessageRenews) {
  service_.messages = 1;
  Start();
  for (int i = 0; i < 20; ++i) Seal();
  EXPECT_EQ(service_.acquired().size(), 1u);
  EXPECT_GE(service_.renewed().size(), 19u);
  EXPECT_EQ(service_.encrypted(), 0);
}

TEST_F(LocalLeasesTest, ANewPrimaryVersionIsTakenUp) {
  Start();
  const std::string old = Seal();
  service_.primary = 2;
  EXPECT_EQ(ParseEnvelope(AsBytes(Seal()))->header.version, 1u);
  Pass(seconds(200));
  ASSERT_EQ(service_.acquired().size(), 2u);
  ASSERT_EQ(service_.ended().size(), 1u);
  EXPECT_EQ(service_.ended()[0].lease_id(), "lease-1");
  EXPECT_EQ(service_.ended()[0].used_messages(), 2u);
  const std::string fresh = Seal();
  EXPECT_EQ(ParseEnvelope(AsBytes(fresh))->header.version, 2u);
  EXPECT_OK(Open(fresh));
  EXPECT_EQ(service_.acquired().size(), 2u);
  EXPECT_OK(Open(old));
  ASSERT_EQ(service_.acquired().size(), 3u);
  EXPECT_EQ(service_.acquired()[2].version(), 1u);
  EXPECT_EQ(service_.acquired()[2].use(), v1::LEASE_USE_DECRYPT);
}

TEST_F(LocalLeasesTest, StopsAtOnceWhenItIsToldTo) {
  for (const Reason reason : {Reason::kPermissionDenied, Reason::kKeyState}) {
    Start();
    const std::string sealed = Seal();
    service_.FailAlways("Renew", Refused(reason));
    service_.FailAlways("Acquire", Refused(reason));
    Pass(seconds(200));
    EXPECT_EQ(Held(), 0u);
    service_.Fail("Encrypt", Refused(reason));
    service_.Fail("Decrypt", Refused(reason));
    EXPECT_THAT(TrySeal(), StatusIs(reason));
    EXPECT_THAT(Open(sealed), StatusIs(reason));
    for (const char* method : {"Acquire", "Renew"}) service_.FailAlways(method, absl::OkStatus());
  }
}

TEST_F(LocalLeasesTest, AcquiredAnewWhereTheServiceForgotIt) {
  Start();
  for (const Reason reason : {Reason::kLeaseNotFound, Reason::kLeaseExpired}) {
    Seal();
    service_.Fail("Renew", Refused(reason));
    Pass(seconds(200));
    EXPECT_OK(TrySeal());
  }
  EXPECT_EQ(service_.acquired().size(), 3u);
}

TEST_F(LocalLeasesTest, OldVersionsAreHeldAsFarAsTheyAreUsed) {
  service_.primary = 9;
  Start({.most_versions = 2});
  const auto open = [&](uint32_t version) {
    clock_.Advance(milliseconds(1));
    ASSERT_OK(Open(SealedByTheService(version)));
  };
  open(1);
  open(2);
  open(1);
  EXPECT_EQ(service_.acquired().size(), 2u);
  open(3);
  Pass(seconds(0));
  ASSERT_EQ(service_.ended().size(), 1u);
  EXPECT_EQ(service_.ended()[0].lease_id(), "lease-2") << "used longest ago";
  open(1);
  EXPECT_EQ(service_.acquired().size(), 3u);
  open(2);
  EXPECT_EQ(service_.acquired().size(), 4u);
}

TEST_F(LocalLeasesTest, AnAliasIsFollowedWhenTheLeaseIsDue) {
  Start();
  LocalKey* const alias = local_->Key("acme", "alias").value();
  const std::string old = Seal("v", alias);
  service_.key = "k2";
  service_.key_id += 1;
  const std::string other = SealedByTheService(1);
  // Not in force yet: but the service knows better.
  EXPECT_EQ(Opened(other, alias), "opened by the service for alias");
  Pass(seconds(200));
  EXPECT_TRUE(service_.renewed().empty());
  EXPECT_EQ(service_.acquired().size(), 2u);
  EXPECT_EQ(Opened(other, alias), "4111");
  EXPECT_EQ(ParseEnvelope(AsBytes(Seal("v", alias)))->header.key_id, service_.key_id);
  service_.Fail("Decrypt", DecryptError(Reason::kDecryptFailed));
  EXPECT_THAT(Open(old, alias), StatusIs(Reason::kDecryptFailed));
}

TEST_F(LocalLeasesTest, NoRequestOutlastsTheEndOfALease) {
  Start();
  Seal();
  Pass(seconds(1));
  // Ends a second later; acquired anew where the other is renewed.
  Seal("v", local_->Key("acme", "alias").value());
  for (const char* method : {"Acquire", "Renew"}) service_.FailAlways(method, Unreachable());
  while (Held() > 0) Pass(milliseconds(500));
  std::vector<Timeout> acquired = service_.timeouts("Acquire");
  ASSERT_GT(acquired.size(), 7u);
  EXPECT_EQ(acquired[0], std::nullopt) << "a caller's";
  EXPECT_EQ(acquired[1], std::nullopt);
  acquired.erase(acquired.begin(), acquired.begin() + 2);
  for (const std::vector<Timeout>& timeouts : {acquired, service_.timeouts("Renew")}) {
    ASSERT_GT(timeouts.size(), 5u);
    EXPECT_THAT(timeouts, Each(AllOf(Gt(milliseconds(0)), Le(seconds(2)))));
    EXPECT_EQ(timeouts.front(), seconds(2));
    EXPECT_LT(timeouts.back(), seconds(1));
  }
  EXPECT_THAT(service_.timeouts("End"), ElementsAre(seconds(1), seconds(2)))
      << "a second is left of the other lease; then there is none";
}

// The keeper waits for an answer, and so has not taken out what has ended meanwhile.
TEST_F(LocalLeasesTest, ALeaseThatHasEndedStandsInNobodysWay) {
  Start();
  const std::string sealed = Seal();
  Holdup renewal;
  service_.on_renew = renewal.Hook();
  clock_.Advance(seconds(200));
  renewal.AwaitRequest();
  clock_.Advance(seconds(100));
  EXPECT_EQ(Opened(sealed), "4111");
  ASSERT_EQ(service_.acquired().size(), 2u);
  EXPECT_EQ(service_.acquired()[1].use(), v1::LEASE_USE_DECRYPT);
  renewal.Answer();
  clock_.AwaitSleep();
}

// Messages run out in an outage: a caller waits for the service as long as a client does.
TEST_F(LocalLeasesTest, ACallerThatWaitsKeepsNoOtherLeaseFromBeingWiped) {
  Start();
  service_.time = seconds(1'000);
  Seal("v", local_->Key("acme", "alias").value());
  service_.time = seconds(3'600);
  service_.messages = 1;
  service_.Fail("Renew", Unreachable());
  Seal();  // the last message: the keeper renews at once, and in vain
  Pass(seconds(0));
  ASSERT_EQ(service_.renewed().size(), 1u);
  service_.FailAlways("Acquire", Unreachable());
  Holdup renewal;
  service_.on_renew = renewal.Hook();
  auto sealed = std::async(std::launch::async, [&] { return TrySeal(); });
  renewal.AwaitRequest();
  const size_t both = Held();
  Pass(seconds(950));  // by now the keeper would renew it, too
  EXPECT_EQ(Held(), both);
  Pass(seconds(50));
  EXPECT_EQ(Held(), both / 2) << "the other one's lease has ended";
  renewal.Answer();
  EXPECT_OK(sealed.get());
}

TEST_F(LocalLeasesTest, CloseGivesAllBack) {
  service_.primary = 2;
  Start();
  Seal();
  const std::string old = SealedByTheService(1);
  EXPECT_OK(Open(old));
  local_->Close();
  EXPECT_EQ(Held(), 0u);
  EXPECT_EQ(service_.ended().size(), 2u);
  const auto closed = StatusIs(StatusCode::kFailedPrecondition, Reason::kInternal);
  EXPECT_THAT(TrySeal(), closed);
  EXPECT_THAT(Open(old), closed);
  std::string out;
  EXPECT_THAT(local_->Key("acme", "new").value()->Encrypt({}, "v", &out), closed);
  EXPECT_EQ(service_.acquired().size(), 2u);
  EXPECT_EQ(service_.encrypted() + service_.decrypted(), 0);
  local_->Close();
  EXPECT_EQ(service_.ended().size(), 2u);
}

TEST_F(LocalLeasesTest, WhatIsGivenAfterCloseIsGivenBackAtOnce) {
  Start();
  Holdup acquisition;
  service_.on_acquire = acquisition.Hook();
  auto sealed = std::async(std::launch::async, [&] { return TrySeal(); });
  acquisition.AwaitRequest();
  local_->Close();
  EXPECT_TRUE(service_.ended().empty());
  acquisition.Answer();
  EXPECT_THAT(sealed.get(), StatusIs(StatusCode::kFailedPrecondition, Reason::kInternal));
  EXPECT_EQ(Held(), 0u);
  ASSERT_EQ(service_.ended().size(), 1u);
  EXPECT_EQ(service_.ended()[0].lease_id(), "lease-1");
  EXPECT_EQ(service_.ended()[0].used_messages(), 0u);
  EXPECT_THAT(service_.timeouts("End"), ElementsAre(seconds(1)));
}

TEST_F(LocalLeasesTest, CallersThatWantTheSameShareOneRequest) {
  constexpr int kThreads = 8;
  Start();
  std::atomic<int> arrived{0};
  // Answers when all have come, so that none of them can find the lease there.
  service_.on_acquire = [&] {
    while (arrived < kThreads) std::this_thread::yield();
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      ++arrived;
      std::string out;
      EXPECT_OK(key_->Encrypt(kPlace, "4111", &out));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(service_.acquired().size(), 1u);
}

// Under ThreadSanitizer, too: leases come and go while threads use them.
TEST_F(LocalLeasesTest, NoCallFailsWhileLeasesComeAndGo) {
  service_.messages = 1'000;
  Start();
  std::atomic<bool> stop{false};
  std::atomic<int> calls{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      std::string sealed, value;
      while (!stop) {
        ASSERT_OK(key_->Encrypt(kPlace, "4111", &sealed));
        ASSERT_OK(key_->Decrypt(kPlace, sealed, &value));
        ASSERT_EQ(value, "4111");
        ++calls;
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    const int before = calls;
    while (calls < before + 20) std::this_thread::yield();
    if (i % 10 == 9) service_.Fail("Renew", Refused(Reason::kLeaseNotFound));
    clock_.Advance(seconds(i % 3 == 0 ? 300 : 100));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(service_.encrypted() + service_.decrypted(), 0);
}

}  // namespace
}  // namespace fieldkms::testing
