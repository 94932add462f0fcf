// Mutations: durable, published, once for each request id.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/keyring/keyring_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;

class KeyringMutation : public KeyringFixture {
 protected:
  absl::StatusOr<KeyRecord> Rotate(const std::string& request_id, uint32_t expected = 0) {
    return admin().RotateKey("acme", "k", expected, request_id, kNoDeadline);
  }
  const LoadedKey* Loaded() { return keyring().Snapshot().FindByName("acme", "k"); }
  std::vector<uint32_t> Versions() {
    std::vector<uint32_t> numbers;
    const auto versions = admin().ListKeyVersions("acme", "k", 0, 1000, kNoDeadline);
    EXPECT_OK(versions);
    for (const auto& version : versions.value()) numbers.push_back(version.version);
    return numbers;
  }
};

absl::Status Down() { return Error(StatusCode::kUnavailable, Reason::kStoreUnavailable, "down"); }

TEST_F(KeyringMutation, WhatIsMadeCanBeUsedAtOnceAndAfterARestart) {
  ASSERT_OK_AND_ASSIGN(const TenantRecord tenant,
                       admin().CreateTenant("acme", FreshId(), kNoDeadline));
  EXPECT_EQ(tenant.tenant, "acme");
  const KeyRecord key = HaveKey("acme", "k");
  EXPECT_NE(key.key_id, 0u);
  EXPECT_EQ(key.primary_version, 1u);
  EXPECT_EQ(key.create_time, key.primary_create_time);
  ASSERT_NE(Loaded(), nullptr);
  const std::string first = Seal(*Loaded());
  ASSERT_OK_AND_ASSIGN(const KeyRecord rotated, Rotate(FreshId()));
  EXPECT_EQ(rotated.primary_version, 2u);
  EXPECT_EQ(rotated.key_id, key.key_id);
  EXPECT_GE(rotated.primary_create_time, key.create_time);
  const std::string second = Seal(*Loaded());
  EXPECT_TRUE(Opens(*Loaded(), 1, first));
  EXPECT_TRUE(Opens(*Loaded(), 2, second));
  EXPECT_FALSE(Opens(*Loaded(), 1, second));

  Restart();
  ASSERT_OK(keyring().LoadById("acme", key.key_id, 1, kNoDeadline));
  EXPECT_TRUE(Opens(*Loaded(), 1, first));
  EXPECT_TRUE(Opens(*Loaded(), 2, second));
  ASSERT_OK_AND_ASSIGN(const KeyRecord kept, admin().GetKey("acme", "k", kNoDeadline));
  EXPECT_EQ(kept.primary_create_time, rotated.primary_create_time);
}

TEST_F(KeyringMutation, IllegalNamesAreRefused) {
  HaveTenant("acme");
  const auto refused = StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField);
  const auto create = [&](std::string_view tenant, std::string_view name, std::string_view id) {
    return admin().CreateKey(SpecOf(tenant, name), id, kNoDeadline);
  };
  EXPECT_THAT(admin().CreateTenant("Acme", FreshId(), kNoDeadline), refused);
  EXPECT_THAT(admin().CreateTenant("b", "short", kNoDeadline), refused);
  EXPECT_THAT(create("acme/k", "k", FreshId()), refused);
  EXPECT_THAT(create("acme", "k/", FreshId()), refused);
  EXPECT_THAT(create("acme", std::string(129, 'k'), FreshId()), refused);
  EXPECT_THAT(create("acme", "k", ""), refused);
  EXPECT_EQ(FieldOf(create("acme", "k", "").status()), "request_id");
  KeySpec unknown = SpecOf("acme", "k");
  unknown.purpose = static_cast<KeyPurpose>(9);
  EXPECT_THAT(admin().CreateKey(unknown, FreshId(), kNoDeadline), refused);
  EXPECT_THAT(admin().RotateKey("acme", "", 0, FreshId(), kNoDeadline), refused);
  EXPECT_THAT(admin().GetKey("acme", "K", kNoDeadline), refused);
  EXPECT_EQ(store().watch().Count("CreateKey"), 0);
}

TEST_F(KeyringMutation, UnknownAndTakenNames) {
  EXPECT_THAT(admin().CreateKey(SpecOf("acme", "k"), FreshId(), kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound));
  HaveTenant("acme");
  EXPECT_THAT(Rotate(FreshId()), StatusIs(StatusCode::kNotFound, Reason::kKeyNotFound));
  HaveKey("acme", "k");
  EXPECT_THAT(admin().CreateKey(SpecOf("acme", "k"), FreshId(), kNoDeadline),
              StatusIs(StatusCode::kAlreadyExists, Reason::kKeyExists));
  EXPECT_THAT(admin().CreateTenant("acme", FreshId(), kNoDeadline),
              StatusIs(StatusCode::kAlreadyExists, Reason::kTenantExists));
}

TEST_F(KeyringMutation, ReplayMakesNothingNew) {
  HaveTenant("acme");
  const std::string create = FreshId();
  const std::string rotate = FreshId();
  ASSERT_OK_AND_ASSIGN(const KeyRecord made,
                       admin().CreateKey(SpecOf("acme", "k"), create, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const KeyRecord rotated, Rotate(rotate, 1));
  ASSERT_OK(Rotate(FreshId()));
  for (const bool restarted : {false, true}) {
    if (restarted) {
      Restart();
      root().watch().SetHook("Unwrap", Down);  // a replay needs no key material
    }
    ASSERT_OK_AND_ASSIGN(const KeyRecord made_again,
                         admin().CreateKey(SpecOf("acme", "k"), create, kNoDeadline));
    EXPECT_EQ(made_again.key_id, made.key_id);
    EXPECT_EQ(made_again.primary_version, 1u);
    ASSERT_OK_AND_ASSIGN(const KeyRecord rotated_again, Rotate(rotate, 1));
    EXPECT_EQ(rotated_again.primary_version, 2u);
    EXPECT_EQ(rotated_again.primary_create_time, rotated.primary_create_time);
    EXPECT_EQ(Versions().size(), 3u);
  }
  EXPECT_EQ(store().watch().Count("ChangeKey"), 0);
}

TEST_F(KeyringMutation, TenantReplay) {
  const std::string id = FreshId();
  ASSERT_OK_AND_ASSIGN(const TenantRecord made, admin().CreateTenant("acme", id, kNoDeadline));
  HaveKey("acme", "k");
  const std::string sealed = Seal(*Loaded());
  ASSERT_OK_AND_ASSIGN(const TenantRecord again, admin().CreateTenant("acme", id, kNoDeadline));
  EXPECT_EQ(again.create_time, made.create_time);
  // The KEK is the first one still.
  ASSERT_OK(Rotate(FreshId()));
  Restart();
  ASSERT_OK(
      keyring().LoadById("acme", admin().GetKey("acme", "k", kNoDeadline)->key_id, 1, kNoDeadline));
  EXPECT_TRUE(Opens(*Loaded(), 1, sealed));
}

TEST_F(KeyringMutation, RequestIdOfAnotherRequestIsRefused) {
  const std::string id = FreshId();
  ASSERT_OK(admin().CreateTenant("acme", id, kNoDeadline));
  const auto reused = StatusIs(StatusCode::kFailedPrecondition, Reason::kRequestIdReused);
  EXPECT_THAT(admin().CreateKey(SpecOf("acme", "k"), id, kNoDeadline), reused);
  HaveKey("acme", "k");
  const std::string rotate = FreshId();
  ASSERT_OK(Rotate(rotate));
  EXPECT_THAT(Rotate(rotate, 2), reused);
  EXPECT_THAT(admin().CreateKey(SpecOf("acme", "k2"), rotate, kNoDeadline), reused);
}

TEST_F(KeyringMutation, ExpectedPrimary) {
  HaveTenant("acme");
  HaveKey("acme", "k");
  const auto changed = StatusIs(StatusCode::kAborted, Reason::kPrimaryChanged);
  EXPECT_THAT(Rotate(FreshId(), 2), changed);
  ASSERT_OK(Rotate(FreshId(), 1));
  EXPECT_THAT(Rotate(FreshId(), 1), changed);
  EXPECT_EQ(Versions().size(), 2u);
}

TEST_F(KeyringMutation, ConcurrentRotationsAllSucceedWithoutGaps) {
  HaveTenant("acme");
  HaveKey("acme", "k");
  constexpr int kThreads = 4;
  constexpr int kEach = 5;
  std::mutex mutex;
  std::set<uint32_t> made;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kEach; ++i) {
          const auto rotated = Rotate("rotate-" + std::to_string(thread) + "-" + std::to_string(i));
          ASSERT_OK(rotated);
          // In force before it is answered.
          ASSERT_GE(Loaded()->record.primary_version, rotated->primary_version);
          const std::lock_guard lock(mutex);
          EXPECT_TRUE(made.insert(rotated->primary_version).second);
        }
      });
    }
  }
  EXPECT_EQ(made.size(), size_t{kThreads * kEach});
  EXPECT_EQ(Versions().front(), 1u + kThreads * kEach);
  EXPECT_EQ(Versions().size(), 1u + kThreads * kEach);
}

TEST_F(KeyringMutation, ConcurrentAttemptsOfOneRequestRotateOnce) {
  HaveTenant("acme");
  HaveKey("acme", "k");
  for (const uint32_t expected : {1u, 0u}) {
    const std::string id = FreshId();
    const size_t before = Versions().size();
    std::vector<std::jthread> threads;
    std::atomic<int> same = 0;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const auto rotated = Rotate(id, expected);
        ASSERT_OK(rotated);
        if (rotated->primary_version == before + 1) ++same;
      });
    }
    threads.clear();
    EXPECT_EQ(same, 4);
    EXPECT_EQ(Versions().size(), before + 1);
  }
}

TEST_F(KeyringMutation, AVersionIsDurableBeforeItIsPublished) {
  HaveTenant("acme");
  HaveKey("acme", "k");
  bool published_early = true;
  // Asked when the store has it and the keyring does not know yet.
  store().watch().SetHook("ChangeKey done", [&] {
    published_early = Loaded()->Find(2) != nullptr;
    return absl::OkStatus();
  });
  ASSERT_OK(Rotate(FreshId()));
  EXPECT_FALSE(published_early);
  EXPECT_EQ(Loaded()->Primary()->version, 2u);
}

TEST_F(KeyringMutation, FailedMutationPublishesNothing) {
  HaveTenant("acme");
  HaveKey("acme", "k");
  store().watch().SetHook("ChangeKey", Down);
  store().watch().SetHook("CreateKey", Down);
  const std::string id = FreshId();
  EXPECT_THAT(Rotate(id), StatusIs(Reason::kStoreUnavailable));
  EXPECT_THAT(admin().CreateKey(SpecOf("acme", "x"), FreshId(), kNoDeadline),
              StatusIs(Reason::kStoreUnavailable));
  EXPECT_EQ(Loaded()->Primary()->version, 1u);
  EXPECT_EQ(keyring().Snapshot().FindByName("acme", "x"), nullptr);
  store().watch().SetHook("ChangeKey", nullptr);
  ASSERT_OK(Rotate(id));
  EXPECT_EQ(Loaded()->Primary()->version, 2u);
}

TEST_F(KeyringMutation, RetryAfterALostAnswerPublishesWhatTheFirstAttemptMade) {
  HaveTenant("acme");
  HaveKey("acme", "k");
  store().watch().SetHook("ChangeKey done", Down);
  const std::string id = FreshId();
  EXPECT_THAT(Rotate(id), StatusIs(Reason::kStoreUnavailable));
  EXPECT_EQ(Loaded()->Primary()->version, 1u);
  ASSERT_OK_AND_ASSIGN(const KeyRecord rotated, Rotate(id));
  EXPECT_EQ(rotated.primary_version, 2u);
  EXPECT_EQ(Loaded()->Primary()->version, 2u);
  const std::string sealed = Seal(*Loaded());
  Restart();
  ASSERT_OK(keyring().LoadByName("acme", "k", kNoDeadline));
  EXPECT_TRUE(Opens(*Loaded(), 2, sealed));
}

TEST_F(KeyringMutation, TakenKeyIdIsDrawnAgain) {
  HaveTenant("acme");
  int attempts = 0;
  store().watch().SetHook("CreateKey", [&]() -> absl::Status {
    if (++attempts > 2) return absl::OkStatus();
    return Error(StatusCode::kAborted, Reason::kKeyExists, "the key id is taken");
  });
  HaveKey("acme", "k");
  EXPECT_EQ(attempts, 3);
}

TEST_F(KeyringMutation, KeysCanBeMadeWhileTheRootIsDown) {
  HaveTenant("acme");
  HaveKey("acme", "k");
  root().watch().SetHook("Unwrap", Down);
  HaveKey("acme", "k2");
  EXPECT_OK(Rotate(FreshId()));
  root().watch().SetHook(
      "Wrap", [] { return Error(StatusCode::kUnavailable, Reason::kRootUnavailable, "down"); });
  EXPECT_THAT(admin().CreateTenant("globex", FreshId(), kNoDeadline),
              StatusIs(Reason::kRootUnavailable));
}

TEST_F(KeyringMutation, Lists) {
  for (const char* tenant : {"b", "a"}) HaveTenant(tenant);
  HaveKey("a", "y");
  HaveKey("a", "x");
  ASSERT_OK_AND_ASSIGN(const auto tenants, admin().ListTenants("", 10, kNoDeadline));
  ASSERT_EQ(tenants.size(), 2u);
  EXPECT_EQ(tenants[0].tenant, "a");
  ASSERT_OK_AND_ASSIGN(const auto keys, admin().ListKeys("a", "x", 10, kNoDeadline));
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(keys[0].name, "y");
  EXPECT_THAT(admin().ListKeyVersions("a", "z", 0, 10, kNoDeadline),
              StatusIs(Reason::kKeyNotFound));
  ASSERT_OK_AND_ASSIGN(const TenantRecord tenant, admin().GetTenant("b", kNoDeadline));
  EXPECT_EQ(tenant.tenant, "b");
}

}  // namespace
}  // namespace fieldkms::testing
