// Fields: changed by who read them last, kept as they were given, heard of, imported.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/contract/record_matchers.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// As a signed number it is negative.
constexpr uint64_t kId = 0xfedcba9876543210;
constexpr ImportId kOurs{1};
constexpr ImportId kTheirs{2};

auto FieldMissing() { return StatusIs(StatusCode::kNotFound, Reason::kFieldNotFound); }
auto Mismatch() { return StatusIs(StatusCode::kAborted, Reason::kEtagMismatch); }
auto NameTaken() { return StatusIs(StatusCode::kAlreadyExists, Reason::kFieldExists); }
auto IdTaken() { return StatusIs(StatusCode::kAborted, Reason::kFieldExists); }

std::vector<std::string> NamesOf(const std::vector<FieldRecord>& fields) {
  std::vector<std::string> names;
  for (const FieldRecord& field : fields) names.push_back(field.name);
  return names;
}

// Every byte there is, `size` of them.
std::string AnyBytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 131 % 251 + i % 5);
  return bytes;
}

TEST_P(StoreContract, FieldSurvivesReopening) {
  HaveTenant("acme");
  FieldRecord field = Field("acme", "customers.pan", kId, AnyBytes(300));
  field.update_time += std::chrono::microseconds(1);
  ASSERT_OK_AND_ASSIGN(const auto made, store().PutField(field, Fresh(), kNoDeadline));
  EXPECT_FALSE(made.replayed);
  field.change = 2;
  EXPECT_THAT(made.value, IsRecord(field));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetField("acme", "customers.pan", kNoDeadline));
  EXPECT_THAT(kept, IsRecord(field));
  ASSERT_OK_AND_ASSIGN(const auto list, store().ListFields("acme", "", 10, kNoDeadline));
  EXPECT_THAT(list, ElementsAre(IsRecord(field)));
}

TEST_P(StoreContract, FieldIsChangedByWhoReadItLast) {
  HaveTenant("acme");
  const FieldRecord first = HaveField(Field("acme", "f", kId, "one"));
  clock().Advance(std::chrono::seconds(1));
  FieldRecord next = Field("acme", "f", 77, "two");  // with another id and time of making
  next.change = first.change + 1;
  EXPECT_THAT(store().PutField(next, Fresh(), kNoDeadline), Mismatch());
  next.change = first.change;
  const FieldRecord second = HaveField(next);
  next.field_id = first.field_id;
  next.create_time = first.create_time;
  next.change = first.change + 1;
  EXPECT_THAT(second, IsRecord(next));
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetField("acme", "f", kNoDeadline));
  EXPECT_THAT(kept, IsRecord(next));
  EXPECT_THAT(store().PutField(first, Fresh(), kNoDeadline), Mismatch());
  HaveField(Field("acme", "g", 77));  // that id is free
}

TEST_P(StoreContract, FieldNamesAndIdsAreTakenOnce) {
  HaveTenant("acme");
  HaveTenant("globex");
  HaveField(Field("acme", "f", 7));
  EXPECT_THAT(store().PutField(Field("acme", "f", 8), Fresh(), kNoDeadline), NameTaken());
  EXPECT_THAT(store().PutField(Field("acme", "f", 7), Fresh(), kNoDeadline), NameTaken());
  EXPECT_THAT(store().PutField(Field("acme", "g", 7), Fresh(), kNoDeadline), IdTaken());
  EXPECT_THAT(store().PutField(Field("globex", "f", 7), Fresh(), kNoDeadline), IdTaken());
  HaveField(Field("globex", "f", 8));
  // Nor are they keys: those have names and ids of their own.
  HaveKey("acme", "f", 7);
  HaveAlias({"acme", "g", 7, 0});
  HaveField(Field("acme", "g", 9));
}

TEST_P(StoreContract, UnknownField) {
  HaveTenant("acme");
  HaveKey("acme", "k", 7);
  EXPECT_THAT(store().GetField("acme", "k", kNoDeadline), FieldMissing());
  FieldRecord field = Field("acme", "f", 7);
  field.change = NewestChange();
  EXPECT_THAT(store().PutField(field, Fresh(), kNoDeadline), FieldMissing());
  ASSERT_OK_AND_ASSIGN(const auto list, store().ListFields("acme", "", 10, kNoDeadline));
  EXPECT_THAT(list, IsEmpty());
}

TEST_P(StoreContract, FieldMutationsAreReplayed) {
  HaveTenant("acme");
  const Mutation make = Fresh();
  const Mutation change = Fresh();
  ASSERT_OK_AND_ASSIGN(const auto made,
                       store().PutField(Field("acme", "f", kId, AnyBytes(99)), make, kNoDeadline));
  clock().Advance(std::chrono::seconds(1));
  FieldRecord next = made.value;
  next.policy = "";
  next.update_time = Now();
  ASSERT_OK_AND_ASSIGN(const auto changed, store().PutField(next, change, kNoDeadline));
  FieldRecord last = changed.value;
  last.policy = "last";
  last = HaveField(last);
  for (const bool reopened : {false, true}) {
    if (reopened) Reopen();
    ASSERT_OK_AND_ASSIGN(const auto made_again,
                         store().PutField(Field("acme", "f", 8), make, kNoDeadline));
    EXPECT_TRUE(made_again.replayed);
    EXPECT_THAT(made_again.value, IsRecord(made.value));
    ASSERT_OK_AND_ASSIGN(const auto changed_again, store().PutField(next, change, kNoDeadline));
    EXPECT_TRUE(changed_again.replayed);
    EXPECT_THAT(changed_again.value, IsRecord(changed.value));
  }
  EXPECT_EQ(NewestChange(), last.change);
  Mutation other = Fresh();
  other.request_id = make.request_id;
  const auto reused = StatusIs(StatusCode::kFailedPrecondition, Reason::kRequestIdReused);
  EXPECT_THAT(store().PutField(Field("acme", "g", 9), other, kNoDeadline), reused);
  EXPECT_THAT(store().SetAlias({"acme", "a", 0, 0}, other, kNoDeadline), reused);
  EXPECT_THAT(store().GetField("acme", "g", kNoDeadline), FieldMissing());
}

TEST_P(StoreContract, FieldsOfTenantsDoNotMix) {
  HaveTenant("acme");
  HaveTenant("globex");
  const FieldRecord ours = HaveField(Field("acme", "f", 7, "ours"));
  HaveField(Field("acme", "only-ours", 8));
  FieldRecord taken = ours;
  taken.tenant = "globex";
  taken.policy = "evil";
  EXPECT_THAT(store().PutField(taken, Fresh(), kNoDeadline), FieldMissing());
  EXPECT_THAT(store().GetField("globex", "f", kNoDeadline), FieldMissing());
  const FieldRecord theirs = HaveField(Field("globex", "f", 9, "theirs"));
  taken.change = theirs.change;
  HaveField(taken);  // theirs, by its name
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetField("acme", "f", kNoDeadline));
  EXPECT_THAT(kept, IsRecord(ours));
  ASSERT_OK_AND_ASSIGN(const auto list, store().ListFields("globex", "", 10, kNoDeadline));
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].field_id, 9u);
  // Request ids are a tenant's own.
  const Mutation mutation = Fresh();
  ASSERT_OK(store().PutField(Field("acme", "g", 10), mutation, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto made,
                       store().PutField(Field("globex", "g", 11), mutation, kNoDeadline));
  EXPECT_FALSE(made.replayed);
}

TEST_P(StoreContract, PagesOfFieldsAreInByteOrder) {
  HaveTenant("acme");
  HaveTenant("globex");
  HaveField(Field("globex", "a1", 99));
  uint64_t id = 0;
  for (const char* name : {"b", "a_b", "a.b", "a-b", "a", "0"}) {
    HaveField(Field("acme", name, ++id));
  }
  std::vector<std::string> names;
  for (std::string after; names.size() < 6; after = names.back()) {
    ASSERT_OK_AND_ASSIGN(const auto page, store().ListFields("acme", after, 2, kNoDeadline));
    ASSERT_EQ(page.size(), 2u);
    for (const FieldRecord& field : page) names.push_back(field.name);
  }
  EXPECT_THAT(names, ElementsAre("0", "a", "a-b", "a.b", "a_b", "b"));
  ASSERT_OK_AND_ASSIGN(const auto end, store().ListFields("acme", "b", 2, kNoDeadline));
  EXPECT_THAT(end, IsEmpty());
  ASSERT_OK_AND_ASSIGN(const auto all, store().ListFields("acme", "", SIZE_MAX, kNoDeadline));
  EXPECT_EQ(all.size(), 6u);
}

TEST_P(StoreContract, ChangesOfFieldsAreHeardOf) {
  HaveTenant("acme");
  HaveKey("acme", "f", 7);
  const FieldRecord made = HaveField(Field("acme", "f", kId));
  EXPECT_THAT(ChangesAfter(0),
              ElementsAre(IsRecord(Change{1, ChangeKind::kTenant, "acme", "", 0}),
                          IsRecord(Change{2, ChangeKind::kKey, "acme", "f", 7}),
                          IsRecord(Change{3, ChangeKind::kField, "acme", "f", 0})));
  HaveField(made);
  HaveAlias({"acme", "a", 7, 0});
  HaveField(Field("acme", "g", 8));
  EXPECT_THAT(ChangesAfter(2),
              ElementsAre(IsRecord(Change{4, ChangeKind::kField, "acme", "f", 0}),
                          IsRecord(Change{5, ChangeKind::kAlias, "acme", "a", 7}),
                          IsRecord(Change{6, ChangeKind::kField, "acme", "g", 0})));
  ASSERT_OK_AND_ASSIGN(const auto page, store().ReadChanges(3, 1, kNoDeadline));
  EXPECT_THAT(page, ElementsAre(IsRecord(Change{4, ChangeKind::kField, "acme", "f", 0})));
}

TEST_P(StoreContract, LongPoliciesAreKept) {
  HaveTenant("acme");
  const Mutation make = Fresh();
  const FieldRecord field = Field("acme", "f", 7, AnyBytes(64 * 1024));
  ASSERT_OK_AND_ASSIGN(const auto made, store().PutField(field, make, kNoDeadline));
  FieldRecord next = made.value;
  next.policy = std::string(64 * 1024, '\0');
  HaveField(next);
  ASSERT_OK_AND_ASSIGN(const auto again, store().PutField(field, make, kNoDeadline));
  EXPECT_TRUE(again.replayed);
  EXPECT_TRUE(again.value.policy == field.policy);  // no print of all of it
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetField("acme", "f", kNoDeadline));
  EXPECT_TRUE(kept.policy == next.policy);
  HaveField(Field("acme", "empty", 8, ""));
  ASSERT_OK_AND_ASSIGN(const auto empty, store().GetField("acme", "empty", kNoDeadline));
  EXPECT_EQ(empty.policy, "");
}

TEST_P(StoreContract, ConcurrentChangesOfAFieldHaveOneWinner) {
  HaveTenant("acme");
  FieldRecord field = HaveField(Field("acme", "f", 7));
  for (int round = 0; round < 5; ++round) {
    std::atomic<int> winners = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&, mutation = Fresh()] {
          const auto changed = store().PutField(field, mutation, kNoDeadline);
          if (changed.ok()) return void(++winners);
          EXPECT_THAT(changed, Mismatch());
        });
      }
    }
    EXPECT_EQ(winners, 1);
    ASSERT_OK_AND_ASSIGN(field, store().GetField("acme", "f", kNoDeadline));
  }
}

TEST_P(StoreContract, ConcurrentFieldsOfOneNameAreMadeOnce) {
  HaveTenant("acme");
  for (uint64_t round = 0; round < 5; ++round) {
    std::atomic<int> made = 0;
    {
      std::vector<std::jthread> threads;
      for (uint64_t i = 1; i <= 3; ++i) {
        threads.emplace_back([&, i, mutation = Fresh()] {
          const FieldRecord field = Field("acme", "f" + std::to_string(round), 10 * round + i);
          const auto put = store().PutField(field, mutation, kNoDeadline);
          if (put.ok()) return void(++made);
          EXPECT_THAT(put, NameTaken());
        });
      }
    }
    EXPECT_EQ(made, 1);
  }
}

absl::StatusOr<uint64_t> Apply(Store& store, const WholeTenant& tenant, uint64_t fields,
                               ImportMode mode = ImportMode::kNew, uint64_t above = 0) {
  const std::vector<StagedTenant> tenants = {{tenant, {0, 0, 0, fields}}};
  return store.ApplyStaged(kOurs, tenants, mode, above, kNoDeadline);
}

TEST_P(StoreContract, StagedFieldsAreNotThereAndThenAllOfThemAre) {
  HaveTenant("other");
  const uint64_t before = NewestChange();
  FieldRecord field = Field("acme", "f", kId, AnyBytes(64 * 1024));
  field.change = 77;
  field.update_time += std::chrono::seconds(1);
  FieldRecord again = field;
  again.policy = "the last counts";
  const std::vector<FieldRecord> staged = {field, Field("acme", "g", 8), again};
  ASSERT_OK(store().StageFields(kOurs, "acme", staged, kNoDeadline));
  EXPECT_THAT(store().ListFields("acme", "", 9, kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound));
  HaveField(Field("other", "f", 9));  // names are free
  EXPECT_EQ(NewestChange(), before + 1);
  Reopen();
  ASSERT_OK_AND_ASSIGN(const uint64_t number, Apply(store(), NewTenant("acme"), 2));
  again.change = number - 1;  // nobody needs to hear of each
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetField("acme", "f", kNoDeadline));
  EXPECT_THAT(kept, IsRecord(again));
  ASSERT_OK_AND_ASSIGN(const auto list, store().ListFields("acme", "", 9, kNoDeadline));
  EXPECT_THAT(NamesOf(list), ElementsAre("f", "g"));
  EXPECT_THAT(ChangesAfter(number - 1),
              ElementsAre(IsRecord(Change{number, ChangeKind::kTenant, "acme", "", 0})));
  // And lives on.
  EXPECT_EQ(HaveField(kept).change, number + 1);
}

TEST_P(StoreContract, ReplacedFieldsAreBroughtUpToDate) {
  const WholeTenant tenant = NewTenant("acme");
  const std::vector<FieldRecord> first = {Field("acme", "f", kId, "one"), Field("acme", "g", 8)};
  ASSERT_OK(store().StageFields(kOurs, "acme", first, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const uint64_t made, Apply(store(), tenant, 2, ImportMode::kReplace, 1'000));
  EXPECT_EQ(made, 1'001u);
  FieldRecord next = first[0];
  next.policy = "two";
  next.update_time += std::chrono::seconds(1);
  ASSERT_OK(store().StageFields(kOurs, "acme", std::vector{next}, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const uint64_t number, Apply(store(), tenant, 1, ImportMode::kReplace));
  next.change = number;
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetField("acme", "f", kNoDeadline));
  EXPECT_THAT(kept, IsRecord(next));
  ASSERT_OK_AND_ASSIGN(const auto other, store().GetField("acme", "g", kNoDeadline));
  EXPECT_EQ(other.change, made);
  EXPECT_THAT(ChangesAfter(made),
              UnorderedElementsAre(IsRecord(Change{number, ChangeKind::kTenant, "acme", "", 0}),
                                   IsRecord(Change{number, ChangeKind::kField, "acme", "f", 0})));
}

TEST_P(StoreContract, StagedFieldsAreCountedAndDropped) {
  const auto refused = StatusIs(StatusCode::kAborted, Reason::kStoreUnavailable);
  const std::vector<FieldRecord> fields = {Field("acme", "f", 7)};
  ASSERT_OK(store().StageFields(kOurs, "acme", fields, kNoDeadline));
  ASSERT_OK(store().StageFields(kTheirs, "acme", fields, kNoDeadline));
  ASSERT_OK(store().DropStaged(kOurs, "acme", kNoDeadline));
  for (const ImportMode mode : {ImportMode::kNew, ImportMode::kReplace}) {
    EXPECT_THAT(Apply(store(), NewTenant("acme"), 1, mode), refused);
  }
  ASSERT_OK(store().StageFields(kOurs, "acme", fields, kNoDeadline));
  EXPECT_THAT(Apply(store(), NewTenant("acme"), 0), refused);
  EXPECT_THAT(store().GetTenant("acme", kNoDeadline), StatusIs(Reason::kTenantNotFound));
  ASSERT_OK(Apply(store(), NewTenant("acme"), 1));
  // Nothing is left of theirs.
  const std::vector<StagedTenant> theirs = {{NewTenant("acme"), {0, 0, 0, 1}}};
  EXPECT_THAT(store().ApplyStaged(kTheirs, theirs, ImportMode::kReplace, 0, kNoDeadline), refused);
}

TEST_P(StoreContract, AFieldIdOfAnotherTenantIsRefused) {
  HaveTenant("globex");
  HaveField(Field("globex", "theirs", kId));
  const auto refused = StatusIs(StatusCode::kAlreadyExists, Reason::kFieldExists);
  const auto stage = [&](uint64_t id) {
    return store().StageFields(kOurs, "acme", std::vector{Field("acme", "f", id)}, kNoDeadline);
  };
  const absl::Status staged = stage(kId);
  EXPECT_THAT(staged, refused);
  EXPECT_THAT(staged.message(), HasSubstr("fedcba9876543210"));
  // Also one that was free when it was staged.
  ASSERT_OK(stage(7));
  HaveField(Field("globex", "more", 7));
  const auto applied = Apply(store(), NewTenant("acme"), 1);
  EXPECT_THAT(applied, refused);
  EXPECT_THAT(applied.status().message(), HasSubstr("0000000000000007"));
  EXPECT_THAT(store().GetTenant("acme", kNoDeadline), StatusIs(Reason::kTenantNotFound));
  EXPECT_THAT(
      store().StageFields(kOurs, "acme", std::vector{Field("globex", "x", 10)}, kNoDeadline),
      StatusIs(StatusCode::kInternal, Reason::kInternal));
}

}  // namespace
}  // namespace fieldkms::testing
