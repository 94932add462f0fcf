#include "kms/service/records.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

TEST(RecordsTest, Keys) {
  KeyRecord record;
  record.tenant = "acme";
  record.name = "customers.card";
  record.key_id = 0x0123456789abcdef;
  record.primary_version = 7;
  record.create_time = WallTime(std::chrono::microseconds(1'000'002));
  record.primary_create_time = WallTime(std::chrono::microseconds(-1));
  v1::Key key;
  ToProto(record, &key);
  EXPECT_EQ(key.tenant(), "acme");
  EXPECT_EQ(key.name(), "customers.card");
  EXPECT_EQ(key.key_id(), "0123456789abcdef");
  EXPECT_EQ(key.purpose(), v1::KEY_PURPOSE_ENCRYPT);
  EXPECT_EQ(key.primary_version(), 7u);
  EXPECT_EQ(key.create_time().seconds(), 1);
  EXPECT_EQ(key.create_time().nanos(), 2'000);
  EXPECT_EQ(key.primary_create_time().seconds(), -1);
  EXPECT_EQ(key.primary_create_time().nanos(), 999'999'000);
}

TEST(RecordsTest, KeysWithAllSettings) {
  KeyRecord record;
  record.suite = 2;
  record.exportable = record.audit_per_operation = true;
  record.min_decrypt_version = 3;
  record.rotation_period = std::chrono::hours(24);
  record.next_rotation = WallTime(std::chrono::seconds(99));
  record.lease = {std::chrono::seconds(60), 1'000};
  record.labels = {{"team", "payments"}};
  record.change = 42;
  v1::Key key;
  ToProto(record, &key);
  EXPECT_EQ(key.suite(), v1::SUITE_KC_XAES_256_GCM);
  EXPECT_TRUE(key.exportable());
  EXPECT_TRUE(key.audit_per_operation());
  EXPECT_EQ(key.min_decrypt_version(), 3u);
  EXPECT_EQ(key.rotation_period().seconds(), 86'400);
  EXPECT_EQ(key.next_rotation_time().seconds(), 99);
  EXPECT_EQ(key.lease().longest().seconds(), 60);
  EXPECT_EQ(key.lease().most_messages(), 1'000u);
  EXPECT_EQ(key.labels().at("team"), "payments");
  EXPECT_EQ(key.etag(), "42");
}

TEST(RecordsTest, WhatAKeyDoesNotHaveIsUnset) {
  KeyRecord record;
  record.purpose = KeyPurpose::kMac;
  v1::Key key;
  ToProto(record, &key);
  EXPECT_EQ(key.purpose(), v1::KEY_PURPOSE_MAC);
  EXPECT_EQ(key.suite(), v1::SUITE_UNSPECIFIED);
  EXPECT_FALSE(key.has_rotation_period());
  EXPECT_FALSE(key.has_next_rotation_time());
  EXPECT_FALSE(key.has_lease());
}

TEST(RecordsTest, Leases) {
  KeyRecord key;
  key.name = "customers.card";
  key.suite = 2;
  LeaseRecord record;
  record.lease_id = "0123";
  record.tenant = "acme";
  record.key_id = 0x0123456789abcdef;
  record.version = 3;
  record.encrypt = true;
  record.create_time = WallTime(std::chrono::seconds(10));
  record.expire_time = WallTime(std::chrono::seconds(310));
  record.most_messages = 1'000;
  v1::Lease lease;
  ToProto(record, key, &lease);
  EXPECT_EQ(lease.lease_id(), "0123");
  EXPECT_EQ(lease.tenant(), "acme");
  EXPECT_EQ(lease.key(), "customers.card");
  EXPECT_EQ(lease.key_id(), "0123456789abcdef");
  EXPECT_EQ(lease.version(), 3u);
  EXPECT_EQ(lease.use(), v1::LEASE_USE_ENCRYPT_AND_DECRYPT);
  EXPECT_EQ(lease.suite(), v1::SUITE_KC_XAES_256_GCM);
  EXPECT_EQ(lease.create_time().seconds(), 10);
  EXPECT_EQ(lease.expire_time().seconds(), 310);
  EXPECT_EQ(lease.max_messages(), 1'000u);
  record.encrypt = false;
  ToProto(record, key, &lease);
  EXPECT_EQ(lease.use(), v1::LEASE_USE_DECRYPT);
}

TEST(RecordsTest, SpecsOfNewKeys) {
  v1::CreateKeyRequest request;
  request.set_name("k");
  request.set_purpose(v1::KEY_PURPOSE_MAC);
  request.set_suite(v1::SUITE_KC_XAES_256_GCM);
  request.set_exportable(true);
  request.mutable_rotation_period()->set_seconds(7'200);
  request.mutable_lease()->mutable_longest()->set_seconds(5);
  request.mutable_lease()->set_most_messages(6);
  (*request.mutable_labels())["a"] = "b";
  ASSERT_OK_AND_ASSIGN(const KeySpec spec, FromProto(request));
  EXPECT_EQ(spec.name, "k");
  EXPECT_EQ(spec.purpose, KeyPurpose::kMac);
  EXPECT_EQ(spec.suite, 2);
  EXPECT_TRUE(spec.exportable);
  EXPECT_EQ(spec.rotation_period, std::chrono::hours(2));
  EXPECT_EQ(spec.lease, (LeasePolicy{std::chrono::seconds(5), 6}));
  EXPECT_EQ(spec.labels.at("a"), "b");

  const auto field = [](const v1::CreateKeyRequest& bad) {
    return FieldOf(FromProto(bad).status());
  };
  v1::CreateKeyRequest bad = request;
  bad.mutable_rotation_period()->set_nanos(1);
  EXPECT_EQ(field(bad), "rotation_period");
  bad = request;
  bad.mutable_lease()->mutable_longest()->set_seconds(INT64_MAX);
  EXPECT_EQ(field(bad), "lease.longest");
  bad = request;
  bad.set_purpose(static_cast<v1::KeyPurpose>(99));
  EXPECT_EQ(field(bad), "purpose");
  bad = request;
  bad.set_suite(static_cast<v1::Suite>(258));  // 2, to who looks at the last byte only
  EXPECT_EQ(field(bad), "suite");
}

TEST(RecordsTest, SpecsOfImportedKeys) {
  v1::ImportKeyRequest request;
  request.set_tenant("acme");
  request.set_name("k");
  request.set_audit_per_operation(true);
  (*request.mutable_labels())["a"] = "b";
  ASSERT_OK_AND_ASSIGN(const KeySpec spec, FromProto(request));
  EXPECT_EQ(spec.tenant, "acme");
  EXPECT_EQ(spec.purpose, KeyPurpose::kEncrypt);
  EXPECT_EQ(spec.origin, KeyOrigin::kImported);
  EXPECT_EQ(spec.suite, 0);
  EXPECT_FALSE(spec.exportable);
  EXPECT_TRUE(spec.audit_per_operation);
  EXPECT_EQ(spec.labels.at("a"), "b");
  request.set_purpose(static_cast<v1::KeyPurpose>(99));
  EXPECT_EQ(FieldOf(FromProto(request).status()), "purpose");
}

TEST(RecordsTest, PatchesHaveWhatTheMaskNamesAndNothingElse) {
  v1::UpdateKeyRequest request;
  request.set_min_decrypt_version(7);
  request.set_audit_per_operation(true);
  EXPECT_EQ(FieldOf(FromProto(request).status()), "update_mask");
  request.mutable_update_mask()->add_paths("labels");
  request.mutable_update_mask()->add_paths("lease");
  ASSERT_OK_AND_ASSIGN(const KeyPatch patch, FromProto(request));
  EXPECT_TRUE(patch.labels.has_value());
  EXPECT_EQ(patch.lease, LeasePolicy{});
  EXPECT_FALSE(patch.min_decrypt_version || patch.rotation_period || patch.audit_per_operation);
  request.mutable_update_mask()->add_paths("min_decrypt_version");
  request.mutable_update_mask()->add_paths("audit_per_operation");
  request.mutable_update_mask()->add_paths("rotation_period");
  ASSERT_OK_AND_ASSIGN(const KeyPatch all, FromProto(request));
  EXPECT_EQ(all.min_decrypt_version, 7u);
  EXPECT_EQ(all.audit_per_operation, true);
  EXPECT_EQ(all.rotation_period, std::chrono::seconds(0));
  for (const char* path : {"name", "lease.longest", ""}) {
    v1::UpdateKeyRequest bad = request;
    bad.mutable_update_mask()->add_paths(path);
    EXPECT_EQ(FieldOf(FromProto(bad).status()), "update_mask") << path;
  }
}

TEST(RecordsTest, EtagsReadBackAndForgeriesDoNot) {
  EXPECT_EQ(*ParseEtag(""), 0u);
  for (const uint64_t change : {uint64_t{1}, uint64_t{42}, UINT64_MAX}) {
    EXPECT_EQ(*ParseEtag(Etag(change)), change);
  }
  for (const char* forged : {"0", "01", "-1", "1 ", "x", "18446744073709551616"}) {
    EXPECT_THAT(ParseEtag(forged), StatusIs(Reason::kInvalidField)) << forged;
  }
}

TEST(RecordsTest, Operations) {
  OperationRecord record;
  record.operation_id = std::string(32, '1');
  record.kind = OperationKind::kRotateRoot;
  record.state = OperationState::kFailed;
  record.done = 3;
  record.total = 5;
  record.error = "why";
  v1::Operation operation;
  ToProto(record, &operation);
  EXPECT_EQ(operation.operation_id(), record.operation_id);
  EXPECT_EQ(operation.kind(), v1::OPERATION_KIND_ROTATE_ROOT);
  EXPECT_EQ(operation.state(), v1::OPERATION_STATE_FAILED);
  EXPECT_EQ(operation.done(), 3u);
  EXPECT_EQ(operation.total(), 5u);
  EXPECT_EQ(operation.error(), "why");
}

TEST(RecordsTest, Versions) {
  KeyVersionRecord record;
  record.version = 3;
  record.wrapped = "never part of it";
  v1::KeyVersion version;
  ToProto(record, 3, &version);
  EXPECT_TRUE(version.primary());
  EXPECT_EQ(version.state(), v1::KEY_VERSION_STATE_ENABLED);
  ToProto(record, 4, &version);
  EXPECT_FALSE(version.primary());
  EXPECT_EQ(version.origin(), v1::KEY_ORIGIN_GENERATED);
  EXPECT_FALSE(version.has_destroy_time());
  record.state = VersionState::kDestroyScheduled;
  record.origin = KeyOrigin::kImported;
  record.destroy_time = WallTime(std::chrono::seconds(5));
  ToProto(record, 4, &version);
  EXPECT_EQ(version.state(), v1::KEY_VERSION_STATE_DESTROY_SCHEDULED);
  EXPECT_EQ(version.origin(), v1::KEY_ORIGIN_IMPORTED);
  EXPECT_EQ(version.destroy_time().seconds(), 5);
}

TEST(RecordsTest, PageSizes) {
  EXPECT_EQ(*PageSize(0), 100u);
  EXPECT_EQ(*PageSize(1), 1u);
  EXPECT_EQ(*PageSize(1'000), 1'000u);
  EXPECT_EQ(*PageSize(INT32_MAX), 1'000u);
  EXPECT_THAT(PageSize(-1), StatusIs(Reason::kInvalidField));
}

TEST(RecordsTest, PageTokensReadBackAndForgeriesDoNot) {
  EXPECT_EQ(*ParsePageToken(""), "");
  EXPECT_EQ(*ParsePageToken(PageToken("customers.card")), "customers.card");
  for (const char* forged : {"customers.card", "1.", "2.x", "1.UPPER", "1. x", "."}) {
    EXPECT_THAT(ParsePageToken(forged), StatusIs(Reason::kInvalidField)) << forged;
  }
}

}  // namespace
}  // namespace fieldkms
