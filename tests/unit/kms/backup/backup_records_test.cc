#include "kms/backup/backup_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kms/store/record_json.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/backup/backup_fixture.h"

namespace fieldkms::testing {
namespace {

using ::testing::ElementsAre;

class BackupRecords : public ::testing::Test {
 protected:
  // Writes what `write` writes, and reads it. What was read stands in `seen_`, a line each.
  absl::StatusOr<BackupSummary> Read(const std::function<void(RecordWriter&)>& write) {
    std::string bytes;
    ChunkWriter chunks(key_, [&](ByteView more) {
      bytes.append(AsText(more));
      return absl::OkStatus();
    });
    RecordWriter records(&chunks);
    write(records);
    EXPECT_OK(records.End(42));
    EXPECT_OK(chunks.Finish());
    ChunkReader reader(key_, SourceOf(bytes));
    seen_.clear();
    RecordVisitor visitor;
    visitor.on_key = [this](const WholeKey& whole) {
      seen_.push_back(whole.key.name + "/" + std::to_string(whole.versions.size()));
      return absl::OkStatus();
    };
    visitor.on_alias = [this](const AliasRecord& alias) {
      seen_.push_back("alias " + alias.alias);
      return absl::OkStatus();
    };
    visitor.on_field = [this](const FieldRecord& field) {
      seen_.push_back("field " + field.name + field.policy);
      return absl::OkStatus();
    };
    visitor.on_tenant = [this](const TenantRecord& tenant, const std::vector<BackupKek>& keks) {
      seen_.push_back("tenant " + tenant.tenant + "/" + std::to_string(keks.size()));
      return absl::OkStatus();
    };
    return ReadRecords(reader, visitor);
  }
  void ExpectDamaged(const std::function<void(RecordWriter&)>& write) {
    EXPECT_THAT(Read(write), StatusIs(absl::StatusCode::kDataLoss, Reason::kBackupInvalid));
  }
  static WholeKey Key(const std::string& name = "k") {
    WholeKey whole;
    whole.key.tenant = "acme";
    whole.key.name = name;
    whole.key.key_id = 7;
    whole.key.primary_version = 2;
    whole.versions.resize(2);
    whole.versions[0] = {1, VersionState::kDestroyed, 1, "", {}, KeyOrigin::kGenerated, WallTime()};
    whole.versions[1] = {2, VersionState::kEnabled, 2, "wrapped", {}, KeyOrigin::kImported, {}};
    return whole;
  }
  static FieldRecord Field(const std::string& name) { return {"acme", name, 9, "{}", {}, {}, 4}; }
  static BackupKek Kek(uint32_t version) { return {version, {}, SecretBytes::Random(32).value()}; }
  static void Tenant(RecordWriter& records, uint32_t primary = 2) {
    EXPECT_OK(records.Tenant({"acme", {}, primary, 3}));
    EXPECT_OK(records.Kek(Kek(1)));
    EXPECT_OK(records.Kek(Kek(2)));
  }

  const SecretBytes key_ = SecretBytes::Random(kBackupKeySize).value();
  std::vector<std::string> seen_;
};

TEST_F(BackupRecords, ReadsWhatWasWritten) {
  ASSERT_OK_AND_ASSIGN(const BackupSummary summary, Read([](RecordWriter& records) {
                         EXPECT_OK(records.Key(Key("a")));
                         EXPECT_OK(records.Alias({"acme", "x", 7, 1}));
                         EXPECT_OK(records.Field(Field("f")));
                         EXPECT_OK(records.Key(Key("a")));
                         EXPECT_OK(records.Field(Field("f")));
                         EXPECT_OK(records.Field(Field("g")));
                         Tenant(records);
                       }));
  EXPECT_THAT(seen_, ElementsAre("a/2", "alias x", "field f{}", "a/2", "field f{}", "field g{}",
                                 "tenant acme/2"));
  EXPECT_EQ(summary, (BackupSummary{42, 1, 2, 2, 4, 1, 3}));
  EXPECT_OK(Read([](RecordWriter&) {}));  // of a store without tenants
}

TEST_F(BackupRecords, KeysOfNoTenantAreRefused) {
  ExpectDamaged([](RecordWriter& records) { EXPECT_OK(records.Key(Key())); });
  ExpectDamaged([](RecordWriter& records) { EXPECT_OK(records.Alias({"acme", "x", 7, 1})); });
  ExpectDamaged([](RecordWriter& records) { EXPECT_OK(records.Field(Field("f"))); });
}

// A policy of 64 KiB is as long as they get; a record may be a megabyte.
TEST_F(BackupRecords, LongPoliciesFit) {
  FieldRecord field = Field("f");
  field.policy = std::string(64 * 1024, '\xff');
  ASSERT_OK(Read([&](RecordWriter& records) {
    EXPECT_OK(records.Field(field));
    Tenant(records);
  }));
  EXPECT_EQ(seen_.front(), "field f" + field.policy);
}

TEST_F(BackupRecords, OtherOrdersAreRefused) {
  ExpectDamaged([](RecordWriter& records) {
    Tenant(records);
    EXPECT_OK(records.Key(Key()));
  });
  ExpectDamaged([](RecordWriter& records) {
    Tenant(records);
    EXPECT_OK(records.Alias({"acme", "x", 7, 1}));
  });
  ExpectDamaged([](RecordWriter& records) {
    Tenant(records);
    EXPECT_OK(records.Field(Field("f")));
  });
  ExpectDamaged([](RecordWriter& records) {
    Tenant(records);
    Tenant(records);
  });
  ExpectDamaged([](RecordWriter& records) { EXPECT_OK(records.Kek(Kek(1))); });
  ExpectDamaged([](RecordWriter& records) {
    WholeKey whole = Key();
    std::swap(whole.versions[0], whole.versions[1]);
    EXPECT_OK(records.Key(whole));
    Tenant(records);
  });
}

TEST_F(BackupRecords, WhatAStoreCouldNotHoldIsRefused) {
  const auto refused = [this](const std::function<void(WholeKey&)>& change) {
    ExpectDamaged([&](RecordWriter& records) {
      WholeKey whole = Key();
      change(whole);
      EXPECT_OK(records.Key(whole));
      Tenant(records);
    });
  };
  refused([](WholeKey& whole) { whole.key.primary_version = 3; });
  refused([](WholeKey& whole) { whole.versions.clear(); });
  refused([](WholeKey& whole) { whole.versions[0].wrapped = "not destroyed"; });
  refused([](WholeKey& whole) { whole.versions[1].wrapped.clear(); });
  refused([](WholeKey& whole) { whole.versions[1].kek_version = 3; });
  refused([](WholeKey& whole) { whole.key.key_id = 0; });
  refused([](WholeKey& whole) { whole.key.name = "../k"; });
  refused([](WholeKey& whole) { whole.key.tenant = "Acme"; });
  const auto field_refused = [this](const std::function<void(FieldRecord&)>& change) {
    ExpectDamaged([&](RecordWriter& records) {
      FieldRecord field = Field("f");
      change(field);
      EXPECT_OK(records.Field(field));
      Tenant(records);
    });
  };
  field_refused([](FieldRecord& field) { field.name = "../f"; });
  field_refused([](FieldRecord& field) { field.tenant = "Acme"; });
  field_refused([](FieldRecord& field) { field.field_id = 0; });
  ExpectDamaged([](RecordWriter& records) { Tenant(records, 3); });
  ExpectDamaged([](RecordWriter& records) { EXPECT_OK(records.Tenant({"acme", {}, 1, 3})); });
}

}  // namespace
}  // namespace fieldkms::testing
