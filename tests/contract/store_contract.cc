#include "tests/contract/store_contract.h"

#include <utility>

#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

// 32 lower-case hex digits.
std::string HexId(uint32_t number) {
  std::string id(32, '0');
  for (size_t i = id.size(); number != 0; number /= 10) {
    id[--i] = static_cast<char>('0' + number % 10);
  }
  return id;
}

}  // namespace

void StoreContract::SetUp() {
  place_ = GetParam()();
  ASSERT_OK_AND_ASSIGN(store_, place_->Open(clock_));
}

void StoreContract::Reopen() {
  store_.reset();
  ASSERT_OK_AND_ASSIGN(store_, place_->Open(clock_));
}

void SharedStoreContract::SetUp() {
  StoreContract::SetUp();
  ASSERT_TRUE(place().Shared());
  ASSERT_OK_AND_ASSIGN(other_, place().Open(clock()));
}

KekRecord StoreContract::Kek(std::string_view tag, uint32_t version) const {
  return {version, std::string("wrapped\0", 8) + std::string(tag), Now()};
}

KeyRecord StoreContract::Key(std::string_view tenant, std::string_view name,
                             uint64_t key_id) const {
  KeyRecord key;
  key.tenant = tenant;
  key.name = name;
  key.key_id = key_id;
  key.primary_version = 1;
  key.create_time = Now();
  key.primary_create_time = Now();
  return key;
}

KeyRecord StoreContract::FullKey(std::string_view tenant, std::string_view name,
                                 uint64_t key_id) const {
  KeyRecord key = Key(tenant, name, key_id);
  key.purpose = KeyPurpose::kSignAudit;
  key.suite = 255;
  key.exportable = true;
  key.audit_per_operation = true;
  key.min_decrypt_version = 0xffffffff;
  key.rotation_period = std::chrono::hours(24 * 36500);
  key.next_rotation = Now() + std::chrono::microseconds(3);
  key.lease = {std::chrono::seconds(300), UINT64_MAX};
  key.labels = {{"team", "payments"}, {"", "sch\xc3\xb6n \"\\\n"}, {"empty", ""}};
  return key;
}

KeyVersionRecord StoreContract::Version(uint32_t version, std::string_view tag) const {
  KeyVersionRecord made;
  made.version = version;
  made.kek_version = 1;
  made.wrapped = std::string("\xff\0", 2) + std::string(tag) + std::to_string(version);
  made.create_time = Now();
  return made;
}

KeyVersionRecord StoreContract::Destroyed(uint32_t version) const {
  KeyVersionRecord made = Version(version);
  made.state = VersionState::kDestroyed;
  made.wrapped.clear();
  made.destroy_time = Now();
  return made;
}

WholeTenant StoreContract::NewTenant(std::string_view tenant) const {
  return {{std::string(tenant), Now(), 2, 77}, {Kek("first", 1), Kek("second", 2)}};
}

WholeKey StoreContract::PlainWhole(std::string_view tenant, std::string_view name,
                                   uint64_t key_id) const {
  return {Key(tenant, name, key_id), {Version(1)}};
}

WholeKey StoreContract::FullWhole(std::string_view tenant, std::string_view name,
                                  uint64_t key_id) const {
  WholeKey whole{FullKey(tenant, name, key_id), {}};
  whole.key.primary_version = 3;
  whole.key.change = 99;
  whole.versions = {Destroyed(1), Version(2), Version(3), Version(4)};
  whole.versions[1].state = VersionState::kDisabled;
  whole.versions[1].kek_version = 2;
  whole.versions[2].origin = KeyOrigin::kImported;
  whole.versions[3].state = VersionState::kDestroyScheduled;
  whole.versions[3].destroy_time = Now() + std::chrono::hours(24);
  return whole;
}

FieldRecord StoreContract::Field(std::string_view tenant, std::string_view name, uint64_t field_id,
                                 std::string_view policy) const {
  return {std::string(tenant), std::string(name), field_id, std::string(policy), Now(), Now(), 0};
}

LeaseRecord StoreContract::Lease(std::string_view tenant, uint64_t key_id, uint32_t number) const {
  LeaseRecord lease;
  lease.lease_id = HexId(number);
  lease.tenant = tenant;
  lease.key_id = key_id;
  lease.version = 1;
  lease.principal = "spiffe://acme/app";
  lease.create_time = Now();
  lease.expire_time = Now() + std::chrono::minutes(5);
  lease.most_messages = 1000;
  return lease;
}

OperationRecord StoreContract::Operation(std::string_view tenant, uint32_t number) const {
  OperationRecord operation;
  operation.operation_id = HexId(number);
  operation.tenant = tenant;
  operation.total = 10;
  operation.create_time = Now();
  operation.update_time = Now();
  operation.owner = "replica-1";
  operation.owner_until = Now() + std::chrono::seconds(30);
  return operation;
}

Mutation StoreContract::Fresh() {
  const std::string id = std::to_string(++mutations_);
  return {"request-" + id, std::string(32 - id.size(), '#') + id};
}

TenantRecord StoreContract::HaveTenant(std::string_view tenant) {
  auto made = store().CreateTenant(tenant, Kek(), Fresh(), kNoDeadline);
  EXPECT_OK(made);
  return made.ok() ? made->value : TenantRecord();
}

KeyRecord StoreContract::HaveKey(std::string_view tenant, std::string_view name, uint64_t key_id) {
  auto made = store().CreateKey(Key(tenant, name, key_id), Version(1), Fresh(), kNoDeadline);
  EXPECT_OK(made);
  return made.ok() ? made->value : KeyRecord();
}

KeyRecord StoreContract::HaveChanged(const KeyRecord& key, std::vector<KeyVersionRecord> versions) {
  auto made = store().ChangeKey({key, std::move(versions)}, Fresh(), kNoDeadline);
  EXPECT_OK(made);
  return made.ok() ? made->value : KeyRecord();
}

KeyRecord StoreContract::HaveRotated(const KeyRecord& key) {
  KeyRecord next = key;
  ++next.primary_version;
  return HaveChanged(next, {Version(next.primary_version)});
}

AliasRecord StoreContract::HaveAlias(const AliasRecord& alias) {
  auto made = store().SetAlias(alias, Fresh(), kNoDeadline);
  EXPECT_OK(made);
  return made.ok() ? made->value : AliasRecord();
}

FieldRecord StoreContract::HaveField(const FieldRecord& field) {
  auto made = store().PutField(field, Fresh(), kNoDeadline);
  EXPECT_OK(made);
  return made.ok() ? made->value : FieldRecord();
}

std::vector<Change> StoreContract::ChangesAfter(uint64_t after) {
  auto changes = store().ReadChanges(after, SIZE_MAX, kNoDeadline);
  EXPECT_OK(changes);
  return changes.ok() ? *std::move(changes) : std::vector<Change>();
}

uint64_t StoreContract::NewestChange() {
  const auto newest = store().GetChangeNumber(kNoDeadline);
  EXPECT_OK(newest);
  return newest.value_or(0);
}

}  // namespace fieldkms::testing
