// What a job may be asked to do: each rule broken once, by the name of its field.
#include "kms/rotations/rotation_spec.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

v1::RotationSpec Good() {
  v1::RotationSpec spec;
  spec.set_data_source("shop.main-1");
  spec.set_key("customers.card");
  return spec;
}

v1::RotationTable* AddTable(v1::RotationSpec* spec, const std::string& schema,
                            const std::string& table) {
  v1::RotationTable* const added = spec->add_tables();
  added->set_schema(schema);
  added->set_table(table);
  return added;
}

void AddQuiet(v1::RotationSpec* spec, uint32_t from, uint32_t until) {
  v1::QuietHours* const part = spec->mutable_limits()->add_quiet_hours();
  part->set_from_minute(from);
  part->set_until_minute(until);
}

struct Case {
  std::string field;
  std::function<void(v1::RotationSpec*)> change;
};

std::vector<Case> Refused() {
  using Spec = v1::RotationSpec;
  return {
      {"spec.data_source", [](Spec* s) { s->clear_data_source(); }},
      {"spec.data_source", [](Spec* s) { s->set_data_source("1shop"); }},
      {"spec.data_source", [](Spec* s) { s->set_data_source("Shop"); }},
      {"spec.data_source", [](Spec* s) { s->set_data_source("a/b"); }},
      {"spec.data_source", [](Spec* s) { s->set_data_source(std::string(65, 'a')); }},
      {"spec.key", [](Spec* s) { s->clear_key(); }},
      {"spec.key", [](Spec* s) { s->set_key("no key"); }},
      {"spec.destination_key", [](Spec* s) { s->set_destination_key("other"); }},
      {"spec.destination_key", [](Spec* s) { s->set_transform(v1::ROTATION_TRANSFORM_REKEY); }},
      {"spec.transform", [](Spec* s) { s->set_transform(static_cast<v1::RotationTransform>(99)); }},
      {"spec.tables[1].schema", [](Spec* s) { AddTable(s, "public", "t"), AddTable(s, "", "t"); }},
      {"spec.tables[0].schema", [](Spec* s) { AddTable(s, std::string(64, 's'), "t"); }},
      {"spec.tables[0].table", [](Spec* s) { AddTable(s, "public", ""); }},
      {"spec.tables[0].table", [](Spec* s) { AddTable(s, "public", std::string("t\0", 2)); }},
      {"spec.tables[0].columns[1]",
       [](Spec* s) {
         v1::RotationTable* const table = AddTable(s, "public", "t");
         table->add_columns("a");
         table->add_columns("");
       }},
      {"spec.tables[0].columns[1]",
       [](Spec* s) {
         v1::RotationTable* const table = AddTable(s, "public", "t");
         table->add_columns("a");
         table->add_columns("a");
       }},
      {"spec.tables[0].columns",
       [](Spec* s) {
         v1::RotationTable* const table = AddTable(s, "public", "t");
         for (int i = 0; i < 1'601; ++i) table->add_columns("c" + std::to_string(i));
       }},
      {"spec.tables[1]", [](Spec* s) { AddTable(s, "public", "t"), AddTable(s, "public", "t"); }},
      {"spec.tables",
       [](Spec* s) {
         for (int i = 0; i < 1'001; ++i) AddTable(s, "public", "t" + std::to_string(i));
       }},
      {"spec",
       [](Spec* s) {
         for (int i = 0; i < 200; ++i) {
           v1::RotationTable* const table = AddTable(s, "public", "t" + std::to_string(i));
           for (int j = 0; j < 100; ++j) table->add_columns("a_long_name_" + std::to_string(j));
         }
       }},
      {"spec.limits.batch_time",
       [](Spec* s) { s->mutable_limits()->mutable_batch_time()->set_nanos(9'000'000); }},
      {"spec.limits.batch_time",
       [](Spec* s) { s->mutable_limits()->mutable_batch_time()->set_seconds(11); }},
      {"spec.limits.batch_time",
       [](Spec* s) { s->mutable_limits()->mutable_batch_time()->set_seconds(-1); }},
      {"spec.limits.most_batch_rows",
       [](Spec* s) { s->mutable_limits()->set_most_batch_rows(50'001); }},
      {"spec.limits.most_replication_lag",
       [](Spec* s) { s->mutable_limits()->mutable_most_replication_lag()->set_seconds(86'401); }},
      {"spec.limits.most_dead_percent",
       [](Spec* s) { s->mutable_limits()->set_most_dead_percent(101); }},
      {"spec.limits.most_forced_checkpoint_percent",
       [](Spec* s) { s->mutable_limits()->set_most_forced_checkpoint_percent(101); }},
      {"spec.limits.most_busy_percent",
       [](Spec* s) { s->mutable_limits()->set_most_busy_percent(101); }},
      {"spec.limits.quiet_hours[1]", [](Spec* s) { AddQuiet(s, 0, 10), AddQuiet(s, 1'440, 10); }},
      {"spec.limits.quiet_hours[0]", [](Spec* s) { AddQuiet(s, 10, 1'440); }},
      {"spec.limits.quiet_hours[0]", [](Spec* s) { AddQuiet(s, 10, 10); }},
      // Together they are the whole day.
      {"spec.limits.quiet_hours", [](Spec* s) { AddQuiet(s, 600, 60), AddQuiet(s, 50, 700); }},
      {"spec.limits.quiet_hours",
       [](Spec* s) {
         for (uint32_t i = 0; i < 17; ++i) AddQuiet(s, i, i + 1);
       }},
      {"spec.backup_horizon", [](Spec* s) { s->mutable_backup_horizon()->set_nanos(1); }},
      {"spec.backup_horizon",
       [](Spec* s) { s->mutable_backup_horizon()->set_seconds(int64_t{3'651} * 86'400); }},
      {"spec.verify_sample", [](Spec* s) { s->set_verify_sample(1'000'001); }},
  };
}

TEST(RotationSpecTest, EachRuleNamesItsField) {
  ASSERT_OK(CheckRotationSpec(Good(), "spec"));
  for (const Case& refused : Refused()) {
    v1::RotationSpec spec = Good();
    refused.change(&spec);
    const absl::Status status = CheckRotationSpec(spec, "spec");
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField))
        << refused.field;
    EXPECT_EQ(FieldOf(status), refused.field);
  }
}

// Each transform goes without a second key, but for the one that is about it.
TEST(RotationSpecTest, ASecondKeyIsForRekeyOnly) {
  for (const auto transform : {v1::ROTATION_TRANSFORM_UNSPECIFIED, v1::ROTATION_TRANSFORM_REENCRYPT,
                               v1::ROTATION_TRANSFORM_REKEY, v1::ROTATION_TRANSFORM_ENCRYPT,
                               v1::ROTATION_TRANSFORM_DECRYPT, v1::ROTATION_TRANSFORM_REINDEX,
                               v1::ROTATION_TRANSFORM_RETOKENIZE}) {
    v1::RotationSpec spec = Good();
    spec.set_transform(transform);
    const bool rekey = transform == v1::ROTATION_TRANSFORM_REKEY;
    EXPECT_EQ(FieldOf(CheckRotationSpec(spec, "spec")), rekey ? "spec.destination_key" : "");
    spec.set_destination_key("other");
    EXPECT_EQ(FieldOf(CheckRotationSpec(spec, "spec")), rekey ? "" : "spec.destination_key");
  }
}

TEST(RotationSpecTest, PlaintextFollowsNoVersions) {
  EXPECT_TRUE(FollowsVersions(v1::ROTATION_TRANSFORM_UNSPECIFIED));
  EXPECT_TRUE(FollowsVersions(v1::ROTATION_TRANSFORM_REENCRYPT));
  EXPECT_TRUE(FollowsVersions(v1::ROTATION_TRANSFORM_REKEY));
  EXPECT_TRUE(FollowsVersions(v1::ROTATION_TRANSFORM_REINDEX));
  EXPECT_TRUE(FollowsVersions(v1::ROTATION_TRANSFORM_RETOKENIZE));
  EXPECT_FALSE(FollowsVersions(v1::ROTATION_TRANSFORM_ENCRYPT));
  EXPECT_FALSE(FollowsVersions(v1::ROTATION_TRANSFORM_DECRYPT));
}

TEST(RotationSpecTest, EdgesAreAllowed) {
  v1::RotationSpec spec = Good();
  spec.set_data_source("a" + std::string(63, '9'));
  spec.set_transform(v1::ROTATION_TRANSFORM_REKEY);
  spec.set_destination_key("other");
  AddTable(&spec, std::string(63, 's'), "Odd \"name\"; --")->add_columns(std::string(63, 'c'));
  AddTable(&spec, "public", "t");
  AddTable(&spec, "other", "t");
  v1::RotationLimits* const limits = spec.mutable_limits();
  limits->mutable_batch_time()->set_nanos(10'000'000);
  limits->set_most_batch_rows(50'000);
  limits->set_most_dead_percent(100);
  AddQuiet(&spec, 1'380, 60);  // over midnight
  spec.mutable_backup_horizon();
  spec.set_verify_sample(1'000'000);
  EXPECT_OK(CheckRotationSpec(spec, "spec"));
  limits->mutable_batch_time()->set_seconds(10);
  limits->mutable_batch_time()->set_nanos(0);
  EXPECT_OK(CheckRotationLimits(*limits, "limits"));
  EXPECT_OK(CheckRotationLimits(v1::RotationLimits(), "limits"));
}

TEST(RotationSpecTest, LimitsAreNamedByTheirPlace) {
  v1::RotationLimits limits;
  limits.set_most_batch_rows(50'001);
  EXPECT_EQ(FieldOf(CheckRotationLimits(limits, "limits")), "limits.most_batch_rows");
}

TEST(RotationSpecTest, DefaultsAreFilledInButForLimits) {
  const v1::RotationSpec spec = WithDefaults(Good());
  EXPECT_EQ(spec.transform(), v1::ROTATION_TRANSFORM_REENCRYPT);
  EXPECT_EQ(spec.backup_horizon().seconds(), 35 * 86'400);
  EXPECT_EQ(spec.verify_sample(), 1'000u);
  EXPECT_FALSE(spec.has_limits());
}

TEST(RotationSpecTest, WhatIsGivenStays) {
  v1::RotationSpec given = Good();
  given.set_transform(v1::ROTATION_TRANSFORM_REKEY);
  given.mutable_backup_horizon();  // no backups are kept
  given.set_verify_sample(7);
  const v1::RotationSpec spec = WithDefaults(given);
  EXPECT_EQ(spec.SerializeAsString(), given.SerializeAsString());
}

}  // namespace
}  // namespace fieldkms
