// Jobs on a real store: made once, started from the keys as they are, changed by several at once,
// and their write barriers.
#include "kms/rotations/rotations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "crypto/names.h"
#include "kms/keyring/leases.h"
#include "kms/keyring/lifecycle.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/keyring/keyring_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class RotationsTest : public KeyringFixture {
 protected:
  void SetUp() override {
    KeyringFixture::SetUp();
    HaveTenant("acme");
    HaveTenant("other");
    key_ = HaveKey("acme", "card");
    Announce("replica-1", 0);
  }
  Rotations Make() { return {store(), clock()}; }
  NewRotation Wanted(std::string_view request_id = "request-1", bool start = false) {
    NewRotation wanted;
    wanted.tenant = "acme";
    wanted.spec.set_data_source("shop");
    wanted.spec.set_key("card");
    wanted.start = start;
    wanted.request_id = request_id;
    return wanted;
  }
  RotationJob Created(const NewRotation& wanted) {
    const auto job = Make().Create(wanted, kNoDeadline);
    EXPECT_OK(job);
    return job.ok() ? *job : RotationJob();
  }
  static JobRef RefOf(const RotationJob& job) { return {job.record.tenant, job.record.job_id}; }
  RotationJob Read(const RotationJob& job) {
    const auto read = Make().Get(RefOf(job), kNoDeadline);
    EXPECT_OK(read);
    return read.ok() ? *read : RotationJob();
  }
  void Rotate(std::string_view name = "card") {
    ASSERT_OK(admin().RotateKey("acme", name, 0, FreshId(), kNoDeadline));
  }
  uint64_t Newest() {
    const auto newest = store().GetChangeNumber(kNoDeadline);
    EXPECT_OK(newest);
    return newest.ok() ? *newest : 0;
  }
  // A replica of that name says what is in force there. 0: all there is.
  void Announce(const std::string& name, uint64_t change) {
    ReplicaRecord replica{IdOf(name), change == 0 ? Newest() : change, clock().Now(), hours(1)};
    ASSERT_OK(store().rotations().PutReplica(replica, kNoDeadline));
  }
  static std::string IdOf(const std::string& name) { return std::string(31, '0') + name.back(); }
  BarrierView Barrier(const RotationJob& job) {
    const auto view = Make().Barrier(RefOf(job), kNoDeadline);
    EXPECT_OK(view);
    return view.ok() ? *view : BarrierView();
  }
  // Of a key that may be leased.
  GrantedLease Lease(std::string_view name, bool encrypt, seconds time) {
    LeaseRequest request;
    request.tenant = "acme";
    request.key = name;
    request.encrypt = encrypt;
    request.time = time;
    request.principal = "app";
    auto granted = Leases(keyring()).Acquire(
        request, [](const KeyRecord&, bool) { return absl::OkStatus(); }, kNoDeadline);
    EXPECT_OK(granted);
    return granted.ok() ? *std::move(granted) : GrantedLease();
  }
  void HaveLeasedKey(std::string_view name) {
    KeySpec spec = SpecOf("acme", name);
    spec.lease = {hours(1), 1'000};
    ASSERT_OK(admin().CreateKey(spec, FreshId(), kNoDeadline));
  }

  KeyRecord key_;
};

TEST_F(RotationsTest, AJobIsMadeOnce) {
  const RotationJob job = Created(Wanted());
  EXPECT_EQ(job.record.state, RotationState::kPlanned);
  EXPECT_EQ(job.record.data_source, "shop");
  EXPECT_EQ(job.record.job_id.size(), 32u);
  EXPECT_EQ(job.details.spec().verify_sample(), 1'000u);
  EXPECT_EQ(job.details.edition(), 1u);
  const RotationJob again = Created(Wanted());
  EXPECT_EQ(again.record.job_id, job.record.job_id);
  EXPECT_EQ(again.record.change, job.record.change);
  EXPECT_NE(Created(Wanted("request-2")).record.job_id, job.record.job_id);
}

TEST_F(RotationsTest, ARepeatFindsTheJobAsItIs) {
  const RotationJob job = Created(Wanted());
  ASSERT_OK(Make().Cancel(RefOf(job), kNoDeadline));
  EXPECT_EQ(Created(Wanted()).record.state, RotationState::kCancelled);
}

TEST_F(RotationsTest, ARequestIdIsForOneJob) {
  Created(Wanted());
  NewRotation other = Wanted();
  other.spec.set_verify_sample(7);
  EXPECT_THAT(Make().Create(other, kNoDeadline),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kRequestIdReused));
  EXPECT_THAT(Make().Create(Wanted("request-1", /*start=*/true), kNoDeadline),
              StatusIs(Reason::kRequestIdReused));
  // What is a default may be said.
  NewRotation same = Wanted();
  same.spec.set_verify_sample(1'000);
  EXPECT_OK(Make().Create(same, kNoDeadline));
}

TEST_F(RotationsTest, RequestsOfTenantsAreTheirOwn) {
  const RotationJob job = Created(Wanted());
  ASSERT_OK(admin().CreateKey(SpecOf("other", "card"), FreshId(), kNoDeadline));
  NewRotation wanted = Wanted();
  wanted.tenant = "other";
  wanted.spec.set_verify_sample(7);
  EXPECT_NE(Created(wanted).record.job_id, job.record.job_id);
  EXPECT_THAT(Make().Get({"other", job.record.job_id}, kNoDeadline),
              StatusIs(Reason::kRotationNotFound));
  EXPECT_THAT(Make().Pause({"other", job.record.job_id}, kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kRotationNotFound));
}

TEST_F(RotationsTest, OfTwoAttemptsAtOnceOneMakesIt) {
  std::vector<std::string> ids(4);
  {
    std::vector<std::jthread> attempts;
    for (std::string& id : ids) {
      attempts.emplace_back([this, &id] { id = Created(Wanted()).record.job_id; });
    }
  }
  EXPECT_THAT(ids, ::testing::Each(ids[0]));
  const auto jobs = Make().List("acme", {}, 10, kNoDeadline);
  ASSERT_OK(jobs);
  EXPECT_EQ(jobs->size(), 1u);
}

TEST_F(RotationsTest, KeysMustBeThereAndEncrypt) {
  const auto refused = [this](auto change) {
    NewRotation wanted = Wanted();
    change(wanted.spec);
    const absl::Status status = Make().Create(wanted, kNoDeadline).status();
    return std::string(ReasonName(ReasonOf(status))) + " " + FieldOf(status);
  };
  KeySpec mac = SpecOf("acme", "mac");
  mac.purpose = KeyPurpose::kMac;
  ASSERT_OK(admin().CreateKey(mac, FreshId(), kNoDeadline));
  HaveKey("acme", "off");
  ASSERT_OK(admin().DisableVersion({"acme", "off"}, 1, FreshId(), kNoDeadline));
  EXPECT_EQ(refused([](auto& spec) { spec.set_key("none"); }), "KEY_NOT_FOUND spec.key");
  EXPECT_EQ(refused([](auto& spec) { spec.set_key("mac"); }), "KEY_PURPOSE spec.key");
  EXPECT_EQ(refused([](auto& spec) { spec.set_key("off"); }), "KEY_STATE spec.key");
  const auto rekey = [&](const std::string& to) {
    return refused([&](auto& spec) {
      spec.set_transform(v1::ROTATION_TRANSFORM_REKEY);
      spec.set_destination_key(to);
    });
  };
  EXPECT_EQ(rekey("none"), "KEY_NOT_FOUND spec.destination_key");
  EXPECT_EQ(rekey("mac"), "KEY_PURPOSE spec.destination_key");
  EXPECT_EQ(rekey("card"), "INVALID_FIELD spec.destination_key");
  EXPECT_EQ(refused([](auto& spec) { spec.set_data_source("!"); }),
            "INVALID_FIELD spec.data_source");
  NewRotation nobody = Wanted();
  nobody.tenant = "nobody";
  EXPECT_THAT(Make().Create(nobody, kNoDeadline), StatusIs(Reason::kTenantNotFound));
}

// Each transform works with keys of its purpose, and with no others.
TEST_F(RotationsTest, TransformsHaveTheirPurposes) {
  const std::vector<std::pair<KeyPurpose, std::string>> keys = {
      {KeyPurpose::kEncrypt, "seals"},
      {KeyPurpose::kBlindIndex, "indexes"},
      {KeyPurpose::kFpe, "keeps-formats"},
      {KeyPurpose::kToken, "makes-tokens"}};
  for (const auto& [purpose, name] : keys) {
    KeySpec spec = SpecOf("acme", name);
    spec.purpose = purpose;
    ASSERT_OK(admin().CreateKey(spec, FreshId(), kNoDeadline));
  }
  const std::vector<std::pair<v1::RotationTransform, KeyPurpose>> needs = {
      {v1::ROTATION_TRANSFORM_REENCRYPT, KeyPurpose::kEncrypt},
      {v1::ROTATION_TRANSFORM_ENCRYPT, KeyPurpose::kEncrypt},
      {v1::ROTATION_TRANSFORM_DECRYPT, KeyPurpose::kEncrypt},
      {v1::ROTATION_TRANSFORM_REINDEX, KeyPurpose::kBlindIndex},
      {v1::ROTATION_TRANSFORM_RETOKENIZE, KeyPurpose::kFpe}};
  for (const auto& [transform, needed] : needs) {
    for (const auto& [purpose, name] : keys) {
      const std::string request_id = FreshId();
      NewRotation wanted = Wanted(request_id, /*start=*/true);
      wanted.spec.set_transform(transform);
      wanted.spec.set_key(name);
      const auto job = Make().Create(wanted, kNoDeadline);
      if (purpose == needed) {
        ASSERT_OK(job);
        EXPECT_EQ(job->details.target().source_key(), name);
        EXPECT_EQ(job->details.target().key_version(), 1u);
        continue;
      }
      EXPECT_THAT(job, StatusIs(StatusCode::kFailedPrecondition, Reason::kKeyPurpose));
      EXPECT_EQ(FieldOf(job.status()), "spec.key");
      EXPECT_THAT(std::string(MessageOf(job.status())),
                  ::testing::HasSubstr("is not " + std::string(PurposeName(needed)) + ", which "));
    }
  }
}

TEST_F(RotationsTest, StartingTakesTheVersionsOfThen) {
  const RotationJob job = Created(Wanted());
  Rotate();
  const uint64_t before = Newest();
  ASSERT_OK_AND_ASSIGN(const RotationJob started, Make().Start(RefOf(job), kNoDeadline));
  EXPECT_EQ(started.record.state, RotationState::kRunning);
  const v1::RotationTarget& target = started.details.target();
  EXPECT_EQ(target.source_key(), "card");
  EXPECT_EQ(target.source_key_id(), FormatKeyId(key_.key_id));
  EXPECT_EQ(target.key_id(), FormatKeyId(key_.key_id));
  EXPECT_EQ(target.key_version(), 2u);
  EXPECT_GE(started.details.barrier().change(), before);
  Rotate();
  ASSERT_OK_AND_ASSIGN(const RotationJob again, Make().Start(RefOf(job), kNoDeadline));
  EXPECT_EQ(again.details.target().key_version(), 2u);  // it runs already
  ASSERT_OK(Make().Finish(RefOf(job), {"gave up", {}, {}}, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const RotationJob anew, Make().Start(RefOf(job), kNoDeadline));
  EXPECT_EQ(anew.details.target().key_version(), 3u);
}

TEST_F(RotationsTest, AnAliasStandsForItsKey) {
  const KeyRecord next = HaveKey("acme", "next");
  ASSERT_OK(admin().SetAlias("acme", "old-name", "card", 0, FreshId(), kNoDeadline));
  NewRotation wanted = Wanted("request-1", /*start=*/true);
  wanted.spec.set_key("old-name");
  wanted.spec.set_transform(v1::ROTATION_TRANSFORM_REKEY);
  wanted.spec.set_destination_key("next");
  const v1::RotationTarget target = Created(wanted).details.target();
  EXPECT_EQ(target.source_key(), "card");
  EXPECT_EQ(target.key(), "next");
  EXPECT_EQ(target.key_id(), FormatKeyId(next.key_id));
  EXPECT_EQ(target.key_version(), 1u);
}

TEST_F(RotationsTest, ThoseWhoChangeAJobAtOnceAllDoSo) {
  const RotationJob job = Created(Wanted("request-1", /*start=*/true));
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) {
      workers.emplace_back([&, i] {
        RotationReport report;
        report.worker.set_worker("worker-" + std::to_string(i));
        EXPECT_OK(Make().ReportProgress(RefOf(job), report, kNoDeadline));
      });
    }
  }
  const RotationJob after = Read(job);
  EXPECT_EQ(after.progress.workers_size(), 4);
  EXPECT_EQ(after.details.edition(), job.details.edition());
  EXPECT_GT(after.record.change, job.record.change);
}

TEST_F(RotationsTest, LimitsAndReportsAreChecked) {
  const RotationJob job = Created(Wanted());
  v1::RotationLimits limits;
  limits.set_most_batch_rows(99'999);
  EXPECT_THAT(Make().UpdateLimits(RefOf(job), limits, 0, kNoDeadline),
              StatusIs(Reason::kInvalidField));
  EXPECT_THAT(Make().ReportProgress(RefOf(job), {}, kNoDeadline), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(Make().Finish(RefOf(job), {std::string(5'000, 'e'), {}, {}}, kNoDeadline),
              StatusIs(Reason::kInvalidField));
  limits.set_most_batch_rows(9);
  ASSERT_OK_AND_ASSIGN(const RotationJob updated,
                       Make().UpdateLimits(RefOf(job), limits, 1, kNoDeadline));
  EXPECT_EQ(updated.details.edition(), 2u);
  EXPECT_THAT(Make().UpdateLimits(RefOf(job), limits, 1, kNoDeadline),
              StatusIs(StatusCode::kAborted, Reason::kEtagMismatch));
}

TEST_F(RotationsTest, TheLifeOfAJob) {
  const RotationJob job = Created(Wanted("request-1", /*start=*/true));
  Announce("replica-1", 0);
  EXPECT_THAT(Make().Finish(RefOf(job), {}, kNoDeadline), StatusIs(Reason::kRotationState));
  EXPECT_FALSE(Barrier(job).passed);
  ASSERT_OK(Make().Pause(RefOf(job), kNoDeadline));
  clock().Advance(kCallsEnd);
  EXPECT_TRUE(Barrier(job).passed);
  ASSERT_OK(Make().Resume(RefOf(job), kNoDeadline));
  RotationEnd end;
  end.outcome.set_passes(2);
  ASSERT_OK_AND_ASSIGN(const RotationJob done, Make().Finish(RefOf(job), end, kNoDeadline));
  EXPECT_EQ(done.record.state, RotationState::kDone);
  EXPECT_TRUE(done.details.outcome().has_retire_after());
  EXPECT_TRUE(Barrier(job).passed);
  EXPECT_THAT(Make().Cancel(RefOf(job), kNoDeadline), StatusIs(Reason::kRotationState));
}

TEST_F(RotationsTest, NoBarrierBeforeTheStart) {
  const RotationJob job = Created(Wanted());
  EXPECT_THAT(Make().Barrier(RefOf(job), kNoDeadline),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kRotationState));
}

TEST_F(RotationsTest, TheBarrierWaitsForReplicas) {
  Announce("replica-2", 0);
  Rotate();
  const RotationJob job = Created(Wanted("request-1", /*start=*/true));
  Announce("replica-1", 0);
  EXPECT_EQ(Barrier(job).silent_replicas, 1u);
  clock().Advance(minutes(5));
  EXPECT_EQ(Barrier(job).silent_replicas, 1u);
  Announce("replica-2", 0);
  EXPECT_FALSE(Barrier(job).passed);
  // They go on saying so, and that is no news.
  clock().Advance(kCallsEnd);
  Announce("replica-1", 0);
  Announce("replica-2", 0);
  EXPECT_TRUE(Barrier(job).passed);
  // Also by who was not there when it was passed.
  Announce("replica-3", 1);
  EXPECT_TRUE(Barrier(job).passed);
}

TEST_F(RotationsTest, TheBarrierWaitsForLeasesOfOlderVersions) {
  HaveLeasedKey("leased");
  Lease("leased", /*encrypt=*/false, minutes(50));  // opens only
  const GrantedLease first = Lease("leased", /*encrypt=*/true, minutes(30));
  Rotate("leased");
  const GrantedLease second = Lease("leased", /*encrypt=*/true, minutes(40));
  Rotate("leased");
  const GrantedLease third = Lease("leased", /*encrypt=*/true, minutes(55));  // of the new one
  NewRotation wanted = Wanted("request-1", /*start=*/true);
  wanted.spec.set_key("leased");
  const RotationJob job = Created(wanted);
  Announce("replica-1", 0);
  Barrier(job);
  clock().Advance(minutes(1));
  BarrierView view = Barrier(job);
  EXPECT_FALSE(view.passed);
  EXPECT_EQ(view.last_lease_end, second.lease.expire_time);
  EXPECT_EQ(view.passed_by, second.lease.expire_time + kLeaseClocks);
  ASSERT_OK(Leases(keyring()).End(
      {"acme", second.lease.lease_id, "app", 0},
      [](const KeyRecord&, bool) { return absl::OkStatus(); }, kNoDeadline));
  EXPECT_EQ(Barrier(job).last_lease_end, first.lease.expire_time);
  clock().Advance(minutes(30));
  EXPECT_TRUE(Barrier(job).passed);
  EXPECT_GT(third.lease.expire_time, clock().Now());
}

// Versions that were superseded too long ago to be leased are not asked for one by one.
TEST_F(RotationsTest, OldVersionsAreNotAskedForTheirLeases) {
  HaveLeasedKey("leased");
  for (int i = 0; i < 20; ++i) Rotate("leased");
  clock().Advance(hours(2));
  Rotate("leased");
  Lease("leased", /*encrypt=*/true, minutes(5));
  NewRotation wanted = Wanted("request-1", /*start=*/true);
  wanted.spec.set_key("leased");
  const RotationJob job = Created(wanted);
  const int before = store().watch().Count("LastLeaseEnd");
  Barrier(job);
  EXPECT_LE(store().watch().Count("LastLeaseEnd"), before + 3);
}

TEST_F(RotationsTest, WhereRowsGoToAnotherKeyLeasesOfTheFirstCount) {
  HaveLeasedKey("leased");
  HaveLeasedKey("next");
  const GrantedLease old = Lease("leased", /*encrypt=*/true, minutes(30));
  Lease("next", /*encrypt=*/true, minutes(50));
  NewRotation wanted = Wanted("request-1", /*start=*/true);
  wanted.spec.set_key("leased");
  wanted.spec.set_transform(v1::ROTATION_TRANSFORM_REKEY);
  wanted.spec.set_destination_key("next");
  EXPECT_EQ(Barrier(Created(wanted)).last_lease_end, old.lease.expire_time);
}

TEST_F(RotationsTest, AJobThatCannotBeReadIsSaidSo) {
  RotationJobRecord record = JobToRecord(Created(Wanted()));
  record.spec = "\xff\xff";
  ASSERT_OK(store().rotations().PutRotationJob(record, kNoDeadline));
  EXPECT_THAT(Make().Get({"acme", record.job_id}, kNoDeadline),
              StatusIs(StatusCode::kDataLoss, Reason::kStoreCorrupt));
}

}  // namespace
}  // namespace fieldkms::testing
