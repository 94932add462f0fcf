#include "sql/shim/local_work.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "crypto/status.h"
#include "tests/unit/clients/cpp/local_crypto_fixture.h"

namespace fieldkms::shim {
namespace {

using testing::kOtherPlace;
using testing::kPlace;
using testing::Refused;
using testing::Unreachable;

class LocalWorkTest : public testing::LocalCryptoTest {
 protected:
  LocalWorkTest() {
    LocalCryptoOptions options;
    options.fallback = false;
    options.audit = LocalUses::Note;
    Start(std::move(options));
  }

  LocalWork::Input Of(std::vector<std::string> values) {
    return [values = std::move(values)](size_t index, LocalInput* input) {
      if (values[index] == "bad") return InvalidField("value", "is bad");
      input->bytes = values[index];
      input->context.assign(kPlace.begin(), kPlace.end());
      return absl::OkStatus();
    };
  }
  // With a lease that is taken; no call's.
  std::string Sealed(const std::string& value) {
    LocalWork work(leasable(), LocalUse::Operation::kEncrypt, 1, Of({value}));
    work.WorkThroughAll();
    return std::string(work.value(0));
  }
  LeasableKey& leasable() {
    if (leasable_ == nullptr) leasable_ = std::make_unique<LeasableKey>(key_);
    return *leasable_;
  }

 private:
  std::unique_ptr<LeasableKey> leasable_;
};

TEST_F(LocalWorkTest, SealsAndOpensAndCounts) {
  LocalWork sealing(leasable(), LocalUse::Operation::kEncrypt, 3, Of({"a", "bad", "c"}));
  sealing.TryAll();  // no lease is held
  EXPECT_FALSE(sealing.IsComplete());
  EXPECT_EQ(sealing.tally().items, 0u);
  sealing.WorkThroughAll();
  ASSERT_TRUE(sealing.IsComplete());
  EXPECT_EQ(sealing.tally().items, 2u);
  EXPECT_EQ(sealing.tally().lease_id, "lease-1");
  EXPECT_EQ(sealing.outcome(0).key_version, 1u);
  EXPECT_EQ(FieldOf(*sealing.outcome(1).status), "value");

  std::string other = Sealed("d");
  other.back() ^= 1;
  LocalWork opening(leasable(), LocalUse::Operation::kDecrypt, 2,
                    Of({std::string(sealing.value(2)), other}));
  opening.TryAll();
  ASSERT_TRUE(opening.IsComplete());
  EXPECT_EQ(opening.value(0), "c");
  EXPECT_EQ(ReasonOf(*opening.outcome(1).status), Reason::kDecryptFailed);
  EXPECT_EQ(opening.tally().items, 2u);
  EXPECT_EQ(service_.acquired().size(), 1u);
  EXPECT_EQ(service_.encrypted() + service_.decrypted(), 0);
}

// As a batch of the service's does: FORMAT.md.
TEST_F(LocalWorkTest, OneCallIsOneBatch) {
  Sealed("a");  // the lease is there
  const auto nonces_of = [&](std::vector<std::string> values) {
    const size_t count = values.size();
    LocalWork work(leasable(), LocalUse::Operation::kEncrypt, count, Of(std::move(values)));
    work.TryAll();
    EXPECT_TRUE(work.IsComplete());
    std::vector<std::string> nonces;
    for (size_t i = 0; i < count; ++i) {
      const auto view = ParseEnvelope(AsBytes(work.value(i)));
      EXPECT_TRUE(view.ok());
      nonces.emplace_back(AsText(view->nonce));
    }
    return nonces;
  };
  const std::vector<std::string> first = nonces_of({"a", "b"}), second = nonces_of({"a", "b"});
  EXPECT_EQ(first[0].substr(0, 12), first[1].substr(0, 12));
  EXPECT_NE(first[0], first[1]);
  EXPECT_NE(first[0].substr(0, 12), second[0].substr(0, 12));
  EXPECT_NE(nonces_of({"a"}), nonces_of({"a"}));
}

TEST_F(LocalWorkTest, GoesOnWithoutTheServiceUntilTheLeaseEnds) {
  const std::string sealed = Sealed("a");
  service_.FailAlways("Acquire", Unreachable());
  service_.FailAlways("Renew", Unreachable());
  Pass(std::chrono::seconds(200));
  LocalWork before(leasable(), LocalUse::Operation::kDecrypt, 1, Of({sealed}));
  before.WorkThroughAll();
  EXPECT_EQ(before.value(0), "a");
  Pass(std::chrono::seconds(200));
  LocalWork after(leasable(), LocalUse::Operation::kEncrypt, 3, Of({"a", "b", "c"}));
  after.WorkThroughAll();
  ASSERT_TRUE(after.IsComplete());
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(after.outcome(i).status->code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(after.value(i), "");
  }
  EXPECT_EQ(after.tally().items, 0u);
}

TEST_F(LocalWorkTest, LeavesToTheServiceWhatMayNotBeLeased) {
  service_.FailAlways("Acquire", Refused(Reason::kLeaseDenied));
  LocalWork work(leasable(), LocalUse::Operation::kEncrypt, 2, Of({"a", "b"}));
  work.WorkThroughAll();
  EXPECT_FALSE(work.outcome(0).status);
  EXPECT_FALSE(work.outcome(1).status);
  // Asked once, and not again for a while.
  EXPECT_EQ(service_.acquired().size(), 1u);
  EXPECT_FALSE(leasable().MayTry());
}

TEST_F(LocalWorkTest, WhatIsNoEnvelopeIsTheServicesToTell) {
  Sealed("a");
  LocalWork work(leasable(), LocalUse::Operation::kDecrypt, 1, Of({"junk"}));
  work.WorkThroughAll();
  EXPECT_FALSE(work.outcome(0).status);
  EXPECT_EQ(work.tally().items, 0u);
}

}  // namespace
}  // namespace fieldkms::shim
