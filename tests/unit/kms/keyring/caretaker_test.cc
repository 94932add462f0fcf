#include "kms/keyring/caretaker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "crypto/names.h"
#include "kms/keyring/core.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/keyring/keyring_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using Kind = CaretakerEvent::Kind;

absl::Status Down() { return Error(StatusCode::kUnavailable, Reason::kStoreUnavailable, "down"); }

class CaretakerTest : public KeyringFixture {
 protected:
  void SetUp() override {
    KeyringFixture::SetUp();
    HaveTenant("acme");
  }
  CaretakerOptions Options(std::string replica) {
    CaretakerOptions options;
    options.replica = std::move(replica);
    options.settle = std::chrono::seconds(0);
    options.on_event = [this](const CaretakerEvent& event) { events_.push_back(event.kind); };
    return options;
  }
  Caretaker Make(std::string replica = "one") { return {keyring(), Options(std::move(replica))}; }
  void HaveRotatingKey(std::string_view name, std::chrono::seconds period) {
    KeySpec spec = SpecOf("acme", name);
    spec.rotation_period = period;
    ASSERT_OK(admin().CreateKey(spec, FreshId(), kNoDeadline));
  }
  uint32_t PrimaryOf(std::string_view name) {
    const auto key = admin().GetKey("acme", name, kNoDeadline);
    EXPECT_OK(key);
    return key.ok() ? key->primary_version : 0;
  }
  OperationRecord Operation(const std::string& id) {
    const auto operation = admin().GetOperation(id, kNoDeadline);
    EXPECT_OK(operation);
    return operation.ok() ? *operation : OperationRecord();
  }

  std::vector<Kind> events_;
};

TEST_F(CaretakerTest, RotatesWhatIsDue) {
  HaveRotatingKey("daily", days(1));
  HaveRotatingKey("weekly", days(7));
  Caretaker caretaker = Make();
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_EQ(PrimaryOf("daily"), 1u);
  clock().Advance(days(1) + minutes(1));
  ASSERT_OK(caretaker.RunOnce());
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_EQ(PrimaryOf("daily"), 2u);
  EXPECT_EQ(PrimaryOf("weekly"), 1u);
  EXPECT_THAT(events_, ::testing::ElementsAre(Kind::kRotated));
  clock().Advance(days(7));
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_EQ(PrimaryOf("daily"), 3u);  // once, however long it was overdue
  EXPECT_EQ(PrimaryOf("weekly"), 2u);
}

TEST_F(CaretakerTest, DoesAlsoWhatIsDueElsewhere) {
  CaretakerOptions options = Options("one");
  int rounds = 0;
  options.also = [&](const std::atomic<bool>& stop) {
    EXPECT_FALSE(stop);
    return ++rounds == 1 ? Down() : absl::OkStatus();
  };
  Caretaker caretaker(keyring(), options);
  EXPECT_THAT(caretaker.RunOnce(), StatusIs(Reason::kStoreUnavailable));
  EXPECT_OK(caretaker.RunOnce());
  EXPECT_EQ(rounds, 2);
}

TEST_F(CaretakerTest, OfManyReplicasOneRotates) {
  HaveRotatingKey("daily", days(1));
  clock().Advance(days(1) + minutes(1));
  {
    std::vector<std::jthread> replicas;
    for (int i = 0; i < 4; ++i) {
      replicas.emplace_back([this, i] {
        CaretakerOptions options;
        options.replica = std::to_string(i);
        Caretaker caretaker(keyring(), options);
        EXPECT_OK(caretaker.RunOnce());
      });
    }
  }
  EXPECT_EQ(PrimaryOf("daily"), 2u);
}

TEST_F(CaretakerTest, DestroysWhatIsDueAndOnlyThat) {
  HaveKey("acme", "k");
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  ASSERT_OK(admin().RotateKey("acme", "k", 2, FreshId(), kNoDeadline));
  ASSERT_OK(admin().ScheduleDestroy({"acme", "k"}, 1, days(1), FreshId(), kNoDeadline));
  ASSERT_OK(admin().ScheduleDestroy({"acme", "k"}, 2, days(9), FreshId(), kNoDeadline));
  Caretaker caretaker = Make();
  ASSERT_OK(caretaker.RunOnce());
  clock().Advance(days(2));
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_THAT(events_, ::testing::ElementsAre(Kind::kDestroyed));
  ASSERT_OK_AND_ASSIGN(const auto versions,
                       admin().ListKeyVersions("acme", "k", 0, 10, kNoDeadline));
  EXPECT_EQ(versions[2].state, VersionState::kDestroyed);
  EXPECT_EQ(versions[1].state, VersionState::kDestroyScheduled);
  EXPECT_EQ(versions[0].state, VersionState::kEnabled);
}

TEST_F(CaretakerTest, TakesExpiredTokensAway) {
  std::vector<TokenRecord> tokens(2'500);
  for (size_t i = 0; i < tokens.size(); ++i) {
    tokens[i].token = "tok_" + std::to_string(i);
    tokens[i].sealed = "sealed " + std::to_string(i);
    tokens[i].create_time = clock().Now();
    if (i != 0) tokens[i].expire_time = clock().Now() + hours(1);
  }
  TokenStore& store = keyring().core().store.tokens();
  const TokenDomain domain{"acme", 7};
  ASSERT_OK(store.PutTokens(domain, tokens, clock().Now(), kNoDeadline));
  Caretaker caretaker = Make();
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_THAT(events_, ::testing::IsEmpty());
  const WallTime before = clock().Now();
  clock().Advance(hours(2));
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_THAT(events_, ::testing::ElementsAre(Kind::kTokensExpired));
  // They are gone, whatever time it is.
  ASSERT_OK_AND_ASSIGN(const uint64_t left, store.CountTokens(domain, before, kNoDeadline));
  EXPECT_EQ(left, 1u);
}

TEST_F(CaretakerTest, DestroysNothingWithoutARecordOfIt) {
  HaveKey("acme", "k");
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  ASSERT_OK(admin().ScheduleDestroy({"acme", "k"}, 1, days(1), FreshId(), kNoDeadline));
  clock().Advance(days(1));
  absl::Status recorded = Error(StatusCode::kUnavailable, Reason::kAuditUnavailable, "full");
  std::vector<uint32_t> asked;
  CaretakerOptions options = Options("one");
  options.before_destroy = [&](const CaretakerEvent& event) {
    EXPECT_EQ(event.kind, Kind::kDestroying);
    EXPECT_EQ(event.key, "k");
    asked.push_back(event.version);
    return recorded;
  };
  Caretaker caretaker(keyring(), std::move(options));
  EXPECT_THAT(caretaker.RunOnce(), StatusIs(Reason::kAuditUnavailable));
  const auto state = [&] {
    const auto versions = admin().ListKeyVersions("acme", "k", 0, 10, kNoDeadline);
    EXPECT_OK(versions);
    return versions->back().state;
  };
  EXPECT_EQ(state(), VersionState::kDestroyScheduled);
  recorded = absl::OkStatus();
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_EQ(state(), VersionState::kDestroyed);
  EXPECT_THAT(asked, ::testing::ElementsAre(1, 1));
}

// Each attempt is on record, so that they must not come as often as rounds do.
TEST_F(CaretakerTest, ADestructionThatFailedIsTriedAgainAfterAWhile) {
  HaveKey("acme", "k");
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  ASSERT_OK(admin().ScheduleDestroy({"acme", "k"}, 1, days(1), FreshId(), kNoDeadline));
  clock().Advance(days(1));
  int asked = 0;
  CaretakerOptions options = Options("one");
  options.before_destroy = [&](const CaretakerEvent&) {
    ++asked;
    return absl::OkStatus();
  };
  Caretaker caretaker(keyring(), std::move(options));
  store().watch().SetHook("ChangeKey", Down);
  EXPECT_THAT(caretaker.RunOnce(), StatusIs(Reason::kStoreUnavailable));
  EXPECT_THAT(events_, ::testing::ElementsAre(Kind::kNotDestroyed));
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_EQ(asked, 1);
  clock().Advance(minutes(2));
  EXPECT_THAT(caretaker.RunOnce(), StatusIs(Reason::kStoreUnavailable));
  clock().Advance(minutes(1));
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_EQ(asked, 2);
  store().watch().SetHook("ChangeKey", [] { return absl::OkStatus(); });
  clock().Advance(minutes(2));
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(events_.back(), Kind::kDestroyed);
}

TEST_F(CaretakerTest, AClockThatJumpsDestroysNothing) {
  HaveKey("acme", "k");
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  ASSERT_OK(admin().ScheduleDestroy({"acme", "k"}, 1, days(30), FreshId(), kNoDeadline));
  CaretakerOptions options = Options("one");
  options.settle = hours(1);
  Caretaker caretaker(keyring(), options);
  ASSERT_OK(caretaker.RunOnce());
  clock().Advance(hours(2));
  ASSERT_OK(caretaker.RunOnce());
  clock().Jump(days(60));  // a wrong time server
  ASSERT_OK(caretaker.RunOnce());
  clock().Advance(minutes(30));
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_THAT(events_, ::testing::ElementsAre(Kind::kClockJumped));
  clock().Jump(-days(60));  // set right again: distrusted anew
  ASSERT_OK(caretaker.RunOnce());
  clock().Advance(hours(2));
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_THAT(events_, ::testing::ElementsAre(Kind::kClockJumped, Kind::kClockJumped));
  clock().Advance(days(31));
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_EQ(events_.back(), Kind::kDestroyed);
}

TEST_F(CaretakerTest, AClockThatIsWrongAtTheStartDestroysNothingForAnHour) {
  HaveKey("acme", "k");
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  ASSERT_OK(admin().ScheduleDestroy({"acme", "k"}, 1, days(30), FreshId(), kNoDeadline));
  clock().Jump(days(365));
  CaretakerOptions options = Options("one");
  options.settle = hours(1);
  Caretaker caretaker(keyring(), options);
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_TRUE(events_.empty());
  clock().Jump(-days(365));  // the time server is heard
  ASSERT_OK(caretaker.RunOnce());
  clock().Advance(hours(2));
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_THAT(events_, ::testing::ElementsAre(Kind::kClockJumped));
}

TEST_F(CaretakerTest, KeysThatCannotBeRotatedKeepNobodyFromTheirTurn) {
  // More of them than one round looks at, and longer due than the one that can.
  for (int i = 0; i < 120; ++i) HaveRotatingKey("stuck-" + std::to_string(i), hours(1));
  HaveRotatingKey("daily", hours(2));
  clock().Advance(hours(3));
  std::atomic<int> asked = 0;
  store().watch().SetHook("ChangeKey", [&asked]() -> absl::Status {
    return ++asked <= 220 ? Down() : absl::OkStatus();
  });
  Caretaker caretaker = Make();
  EXPECT_FALSE(caretaker.RunOnce().ok());
  EXPECT_FALSE(caretaker.RunOnce().ok());
  EXPECT_EQ(PrimaryOf("daily"), 2u);
}

TEST_F(CaretakerTest, ACallersRequestIdsAreNotTheCaretakers) {
  HaveRotatingKey("daily", days(1));
  ASSERT_OK_AND_ASSIGN(const KeyRecord key, admin().GetKey("acme", "daily", kNoDeadline));
  const std::string own = "rotate:" + FormatKeyId(key.key_id) + ":1";
  EXPECT_THAT(admin().CreateKey(SpecOf("acme", "veto"), own, kNoDeadline),
              StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField));
  clock().Advance(days(2));
  Caretaker caretaker = Make();
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_EQ(PrimaryOf("daily"), 2u);
}

TEST_F(CaretakerTest, AClockThatJumpsBackOnlyDelaysRotations) {
  HaveRotatingKey("daily", days(1));
  Caretaker caretaker = Make();
  clock().Jump(-days(1));
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_EQ(PrimaryOf("daily"), 1u);
  clock().Advance(days(2) + minutes(1));
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_EQ(PrimaryOf("daily"), 2u);
}

TEST_F(CaretakerTest, AKekIsRotatedUnderItsKeys) {
  std::vector<std::string> sealed;
  for (int i = 0; i < 7; ++i) {
    HaveKey("acme", "key-" + std::to_string(i));
    ASSERT_OK(admin().RotateKey("acme", "key-" + std::to_string(i), 1, FreshId(), kNoDeadline));
    sealed.push_back(Seal(*keyring().Snapshot().FindByName("acme", "key-" + std::to_string(i))));
  }
  const std::string id = FreshId();
  ASSERT_OK_AND_ASSIGN(const OperationRecord begun, admin().RotateKek("acme", id, kNoDeadline));
  EXPECT_EQ(begun.total, 14u);
  EXPECT_THAT(admin().RotateKek("acme", FreshId(), kNoDeadline),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kOperationRunning));
  ASSERT_OK_AND_ASSIGN(const OperationRecord same, admin().RotateKek("acme", id, kNoDeadline));
  EXPECT_EQ(same.operation_id, begun.operation_id);
  Caretaker caretaker = Make();
  ASSERT_OK(caretaker.RunOnce());
  const OperationRecord done = Operation(begun.operation_id);
  EXPECT_EQ(done.state, OperationState::kDone);
  EXPECT_EQ(done.done, 14u);
  EXPECT_THAT(events_, ::testing::ElementsAre(Kind::kOperationEnded));
  ASSERT_OK_AND_ASSIGN(const uint64_t left, store().CountVersionsBelowKek("acme", 2, kNoDeadline));
  EXPECT_EQ(left, 0u);
  Restart();
  for (int i = 0; i < 7; ++i) {
    const std::string name = "key-" + std::to_string(i);
    ASSERT_OK(keyring().LoadByName("acme", name, kNoDeadline));
    EXPECT_TRUE(
        Opens(*keyring().Snapshot().FindByName("acme", name), 2, sealed[static_cast<size_t>(i)]));
  }
  EXPECT_EQ(keyring().Status().loaded_keks, 1u);
}

TEST_F(CaretakerTest, AnOperationGoesOnWhereAnotherReplicaLeftIt) {
  HaveKey("acme", "k");
  ASSERT_OK_AND_ASSIGN(OperationRecord operation,
                       admin().RotateKek("acme", FreshId(), kNoDeadline));
  // A replica claims it and is gone.
  operation.owner = "gone";
  operation.owner_until = clock().Now() + minutes(1);
  ASSERT_OK(store().PutOperation(operation, kNoDeadline));
  Caretaker caretaker = Make();
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_EQ(Operation(operation.operation_id).state, OperationState::kRunning);
  clock().Advance(minutes(2));
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_EQ(Operation(operation.operation_id).state, OperationState::kDone);
}

TEST_F(CaretakerTest, AnOperationWaitsForTheStore) {
  HaveKey("acme", "k");
  ASSERT_OK_AND_ASSIGN(const OperationRecord operation,
                       admin().RotateKek("acme", FreshId(), kNoDeadline));
  store().watch().SetHook("RewrapKeyVersions", Down);
  Caretaker caretaker = Make();
  EXPECT_THAT(caretaker.RunOnce(), StatusIs(Reason::kStoreUnavailable));
  EXPECT_EQ(Operation(operation.operation_id).state, OperationState::kRunning);
  store().watch().SetHook("RewrapKeyVersions", nullptr);
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_EQ(Operation(operation.operation_id).state, OperationState::kDone);
}

TEST_F(CaretakerTest, WhatDoesNotOpenIsPassedOverAndTold) {
  const KeyRecord bad = HaveKey("acme", "bad");
  for (int i = 0; i < 5; ++i) HaveKey("acme", "good-" + std::to_string(i));
  ASSERT_OK_AND_ASSIGN(const KeyVersionRecord version,
                       store().GetKeyVersion("acme", bad.key_id, 1, kNoDeadline));
  const RewrappedVersion altered{bad.key_id, 1, version.wrapped, 1, std::string(72, 'x')};
  ASSERT_OK(store().RewrapKeyVersions("acme", std::span(&altered, 1), kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const OperationRecord operation,
                       admin().RotateKek("acme", FreshId(), kNoDeadline));
  Caretaker caretaker = Make();
  ASSERT_OK(caretaker.RunOnce());
  const OperationRecord failed = Operation(operation.operation_id);
  EXPECT_EQ(failed.state, OperationState::kFailed);
  EXPECT_THAT(failed.error, ::testing::HasSubstr("1 key versions do not open"));
  EXPECT_EQ(failed.done, 5u);
  ASSERT_OK_AND_ASSIGN(const uint64_t left, store().CountVersionsBelowKek("acme", 2, kNoDeadline));
  EXPECT_EQ(left, 1u);
}

TEST_F(CaretakerTest, TheRootIsRotatedUnderTheTenants) {
  HaveTenant("globex");
  HaveKey("acme", "k");
  const std::string sealed = Seal(*keyring().Snapshot().FindByName("acme", "k"));
  ASSERT_OK_AND_ASSIGN(const KekRecord before, store().GetKek("acme", 1, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto binding, store().GetRootBinding(kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const OperationRecord operation, admin().RotateRoot(FreshId(), kNoDeadline));
  Caretaker caretaker = Make();
  ASSERT_OK(caretaker.RunOnce());
  EXPECT_EQ(Operation(operation.operation_id).state, OperationState::kDone);
  EXPECT_EQ(Operation(operation.operation_id).done, 2u);
  ASSERT_OK_AND_ASSIGN(const KekRecord after, store().GetKek("acme", 1, kNoDeadline));
  EXPECT_NE(after.wrapped, before.wrapped);
  EXPECT_NE(store().GetRootBinding(kNoDeadline).value(), binding);
  Restart();
  ASSERT_OK(keyring().LoadByName("acme", "k", kNoDeadline));
  EXPECT_TRUE(Opens(*keyring().Snapshot().FindByName("acme", "k"), 1, sealed));
}

TEST_F(CaretakerTest, RunsByItselfAndEndsAtOnce) {
  HaveRotatingKey("daily", days(1));
  clock().Advance(days(2));
  CaretakerOptions options;
  options.replica = "one";
  options.pause = std::chrono::milliseconds(10);
  {
    Caretaker caretaker(keyring(), options);
    caretaker.Start();
    while (PrimaryOf("daily") != 2) std::this_thread::yield();
  }
}

}  // namespace
}  // namespace fieldkms::testing
