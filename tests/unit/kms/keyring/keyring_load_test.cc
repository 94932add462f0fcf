// Loading: what it brings, what it shares, what it never takes back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/keyring/keyring_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using Loads = std::vector<std::future<absl::Status>>;

class KeyringLoad : public KeyringFixture {
 protected:
  // A key with `versions` versions and a value sealed under each; then a restart,
  // so that nothing is loaded.
  void HaveSealedValues(uint32_t versions) {
    HaveTenant("acme");
    key_ = HaveKey("acme", "k");
    sealed_.push_back(Seal(*keyring().Snapshot().FindByName("acme", "k")));
    for (uint32_t version = 2; version <= versions; ++version) {
      ASSERT_OK_AND_ASSIGN(key_, admin().RotateKey("acme", "k", 0, FreshId(), kNoDeadline));
      sealed_.push_back(Seal(*keyring().Snapshot().FindByName("acme", "k")));
    }
    Restart();
  }
  absl::Status LoadVersion(uint32_t version) {
    return keyring().LoadById("acme", key_.key_id, version, kNoDeadline);
  }
  const LoadedKey* Loaded() { return keyring().Snapshot().FindByName("acme", "k"); }

  KeyRecord key_;
  std::vector<std::string> sealed_;  // under version 1, 2, ...
};

// Time for threads that are on their way to arrive where they will wait. Whoever
// comes later finds the key loaded: it makes a test no weaker than it says.
void LetThemArrive() { std::this_thread::sleep_for(std::chrono::milliseconds(100)); }

TEST_F(KeyringLoad, ByNameBringsThePrimaryVersion) {
  HaveSealedValues(2);
  EXPECT_EQ(Loaded(), nullptr);
  ASSERT_OK(keyring().LoadByName("acme", "k", kNoDeadline));
  ASSERT_NE(Loaded(), nullptr);
  EXPECT_EQ(Loaded()->record.key_id, key_.key_id);
  EXPECT_EQ(Loaded()->Primary()->version, 2u);
  EXPECT_TRUE(Opens(*Loaded(), 2, sealed_[1]));
  EXPECT_EQ(Loaded()->Find(1), nullptr);
}

TEST_F(KeyringLoad, ByIdBringsTheVersionAlone) {
  HaveSealedValues(4);
  for (const uint32_t version : {2u, 1u, 3u}) {
    ASSERT_OK(LoadVersion(version));
    EXPECT_EQ(Loaded()->Primary(), nullptr);
    EXPECT_TRUE(Opens(*Loaded(), version, sealed_[version - 1]));
  }
  EXPECT_EQ(Loaded()->versions.size(), 3u);
  ASSERT_OK(keyring().LoadByName("acme", "k", kNoDeadline));
  EXPECT_EQ(Loaded()->versions.size(), 4u);
  EXPECT_EQ(Loaded()->Primary()->version, 4u);
  EXPECT_TRUE(Opens(*Loaded(), 2, sealed_[1]));
  EXPECT_FALSE(Opens(*Loaded(), 2, sealed_[2]));
  EXPECT_EQ(keyring().Snapshot().FindById(key_.key_id), Loaded());
}

TEST_F(KeyringLoad, WhatIsLoadedIsNotReadAgain) {
  HaveSealedValues(2);
  ASSERT_OK(LoadVersion(1));
  ASSERT_OK(keyring().LoadByName("acme", "k", kNoDeadline));
  const KeySnapshot* snapshot = &keyring().Snapshot();
  const auto down = [] { return Error(StatusCode::kUnavailable, Reason::kStoreUnavailable, ""); };
  for (const char* method : {"GetKeyWithPrimary", "GetKeyWithVersion", "GetKek"}) {
    store().watch().SetHook(method, down);
  }
  root().watch().SetHook("Unwrap", down);
  EXPECT_OK(keyring().LoadByName("acme", "k", kNoDeadline));
  EXPECT_OK(LoadVersion(1));
  EXPECT_OK(LoadVersion(2));
  EXPECT_EQ(&keyring().Snapshot(), snapshot);
}

TEST_F(KeyringLoad, UnknownNames) {
  HaveTenant("acme");
  EXPECT_THAT(keyring().LoadByName("globex", "k", kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound));
  EXPECT_THAT(keyring().LoadByName("acme", "k", kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kKeyNotFound));
  EXPECT_THAT(keyring().LoadByName("acme", "", kNoDeadline), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(keyring().LoadByName("ACME", "k", kNoDeadline), StatusIs(Reason::kInvalidField));
}

TEST_F(KeyringLoad, ForeignEnvelopesHaveInternalReasons) {
  HaveSealedValues(2);
  HaveTenant("globex");
  EXPECT_THAT(keyring().LoadById("acme", key_.key_id ^ 1, 1, kNoDeadline),
              StatusIs(Reason::kKeyIdUnknown));
  EXPECT_THAT(LoadVersion(3), StatusIs(Reason::kKeyVersionUnknown));
  EXPECT_THAT(LoadVersion(0xffffffff), StatusIs(Reason::kKeyVersionUnknown));
  Restart();
  // Before and after the key is loaded for its own tenant.
  for (const bool loaded : {false, true}) {
    if (loaded) {
      ASSERT_OK(LoadVersion(1));
    }
    const int unwrapped = root().watch().Count("Unwrap");
    const absl::Status status = keyring().LoadById("globex", key_.key_id, 1, kNoDeadline);
    EXPECT_THAT(status, StatusIs(Reason::kOtherTenant));
    EXPECT_EQ(status.message(), DecryptError(Reason::kKeyIdUnknown).message());
    EXPECT_EQ(root().watch().Count("Unwrap"), unwrapped);
  }
}

TEST_F(KeyringLoad, ConcurrentLoadsOfOneKeyShareOneLoad) {
  HaveSealedValues(1);
  const int unwrapped = root().watch().Count("Unwrap");
  Gate gate;
  root().watch().SetHook("Unwrap", gate.Hook());
  Loads loads;
  for (int i = 0; i < 4; ++i) {
    loads.push_back(std::async(std::launch::async,
                               [this] { return keyring().LoadByName("acme", "k", kNoDeadline); }));
    loads.push_back(std::async(std::launch::async, [this] { return LoadVersion(1); }));
  }
  gate.AwaitArrivals(1);
  LetThemArrive();
  gate.Open();
  for (auto& load : loads) EXPECT_OK(load.get());
  EXPECT_EQ(root().watch().Count("Unwrap") - unwrapped, 1);
  EXPECT_EQ(store().watch().Count("GetKeyWithPrimary"), 1);
  EXPECT_EQ(store().watch().Count("GetKeyWithVersion"), 1);
  EXPECT_TRUE(Opens(*Loaded(), 1, sealed_[0]));
}

TEST_F(KeyringLoad, KeysOfOneTenantShareItsKek) {
  HaveTenant("acme");
  for (int i = 0; i < 4; ++i) HaveKey("acme", std::to_string(i));
  Restart();
  const int unwrapped = root().watch().Count("Unwrap");
  Gate gate;
  root().watch().SetHook("Unwrap", gate.Hook());
  Loads loads;
  for (int i = 0; i < 4; ++i) {
    loads.push_back(std::async(std::launch::async, [this, i] {
      return keyring().LoadByName("acme", std::to_string(i), kNoDeadline);
    }));
  }
  gate.AwaitArrivals(1);
  LetThemArrive();
  gate.Open();
  for (auto& load : loads) EXPECT_OK(load.get());
  EXPECT_EQ(root().watch().Count("Unwrap") - unwrapped, 1);
  EXPECT_EQ(keyring().Snapshot().size(), 4u);
}

TEST_F(KeyringLoad, FailureReachesEveryWaiterAndIsNotKept) {
  HaveSealedValues(1);
  Gate gate;
  root().watch().SetHook("Unwrap", [wait = gate.Hook()]() -> absl::Status {
    FIELDKMS_RETURN_IF_ERROR(wait());
    return Error(StatusCode::kUnavailable, Reason::kRootUnavailable, "down");
  });
  Loads loads;
  for (int i = 0; i < 4; ++i) {
    loads.push_back(std::async(std::launch::async,
                               [this] { return keyring().LoadByName("acme", "k", kNoDeadline); }));
  }
  gate.AwaitArrivals(1);
  LetThemArrive();
  gate.Open();
  for (auto& load : loads) {
    EXPECT_THAT(load.get(), StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable));
  }
  EXPECT_EQ(Loaded(), nullptr);
  root().watch().SetHook("Unwrap", nullptr);
  EXPECT_OK(keyring().LoadByName("acme", "k", kNoDeadline));
}

TEST_F(KeyringLoad, WaitersLeaveAtTheirDeadlines) {
  HaveSealedValues(1);
  Gate gate;
  root().watch().SetHook("Unwrap", gate.Hook());
  auto patient = std::async(std::launch::async,
                            [this] { return keyring().LoadByName("acme", "k", kNoDeadline); });
  gate.AwaitArrivals(1);
  const Deadline soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  EXPECT_THAT(keyring().LoadByName("acme", "k", soon),
              StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded));
  EXPECT_THAT(keyring().LoadById("acme", key_.key_id, 1, soon),
              StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded));
  gate.Open();
  EXPECT_OK(patient.get());
}

TEST_F(KeyringLoad, ALoadDoesNotTakeBackARotation) {
  HaveSealedValues(1);
  Gate gate;
  std::atomic<bool> first = true;
  store().watch().SetHook("GetKeyWithPrimary done", [&, wait = gate.Hook()] {
    return first.exchange(false) ? wait() : absl::OkStatus();
  });
  // It has read that version 1 is the primary, and stops before it says so.
  auto load = std::async(std::launch::async,
                         [this] { return keyring().LoadByName("acme", "k", kNoDeadline); });
  gate.AwaitArrivals(1);
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  // The key was not loaded when the rotation was heard of: only the load can know.
  EXPECT_EQ(Loaded(), nullptr);
  gate.Open();
  ASSERT_OK(load.get());
  EXPECT_EQ(Loaded()->Primary()->version, 2u);
  EXPECT_EQ(Loaded()->record.primary_version, 2u);
}

TEST_F(KeyringLoad, SnapshotsStayWhatTheyWere) {
  HaveSealedValues(2);
  ASSERT_OK(keyring().LoadByName("acme", "k", kNoDeadline));
  // Loads and mutations of this thread leave its reference valid; only Snapshot()
  // moves it on.
  const KeySnapshot& before = keyring().Snapshot();
  ASSERT_OK(LoadVersion(1));
  ASSERT_OK(admin().RotateKey("acme", "k", 2, FreshId(), kNoDeadline));
  HaveKey("acme", "x");
  EXPECT_EQ(before.size(), 1u);
  EXPECT_EQ(before.FindByName("acme", "k")->versions.size(), 1u);
  EXPECT_EQ(before.FindByName("acme", "k")->Primary()->version, 2u);
  EXPECT_EQ(keyring().Snapshot().size(), 2u);
  EXPECT_EQ(Loaded()->versions.size(), 3u);
}

TEST_F(KeyringLoad, KeyringMayGoWhileOtherThreadsHoldItsSnapshot) {
  HaveSealedValues(1);
  ASSERT_OK(keyring().LoadByName("acme", "k", kNoDeadline));
  std::promise<void> looked;
  std::promise<void> closed;
  std::jthread thread([&] {
    const LoadedKey* key = keyring().Snapshot().FindByName("acme", "k");
    looked.set_value();
    closed.get_future().wait();
    EXPECT_TRUE(Opens(*key, 1, sealed_[0]));
  });
  looked.get_future().wait();
  Close();
  closed.set_value();
}

}  // namespace
}  // namespace fieldkms::testing
