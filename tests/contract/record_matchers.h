// Records as GoogleTest compares and prints them.
#ifndef FIELDKMS_TESTS_CONTRACT_RECORD_MATCHERS_H_
#define FIELDKMS_TESTS_CONTRACT_RECORD_MATCHERS_H_

#include <gmock/gmock.h>

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "kms/store/store.h"

namespace fieldkms::testing {

inline int64_t Micros(WallTime time) { return time.time_since_epoch().count(); }
inline std::optional<int64_t> Micros(const std::optional<WallTime>& time) {
  return time ? std::optional(Micros(*time)) : std::nullopt;
}

inline auto Fields(const TenantRecord& r) {
  return std::make_tuple(r.tenant, r.primary_kek, Micros(r.create_time), r.change);
}
inline auto Fields(const KekRecord& r) {
  return std::make_tuple(r.version, r.wrapped, Micros(r.create_time));
}
inline auto Fields(const KeyRecord& r) {
  return std::make_tuple(r.tenant, r.name, r.key_id, r.purpose, r.primary_version,
                         Micros(r.create_time), Micros(r.primary_create_time), int{r.suite},
                         r.exportable, r.audit_per_operation, r.min_decrypt_version,
                         r.rotation_period.count(), Micros(r.next_rotation),
                         r.lease.longest.count(), r.lease.most_messages, r.labels, r.change);
}
inline auto Fields(const KeyVersionRecord& r) {
  return std::make_tuple(r.version, r.state, r.kek_version, r.wrapped, Micros(r.create_time),
                         r.origin, Micros(r.destroy_time));
}
inline auto Fields(const AliasRecord& r) {
  return std::make_tuple(r.tenant, r.alias, r.key_id, r.change);
}
inline auto Fields(const FieldRecord& r) {
  return std::make_tuple(r.tenant, r.name, r.field_id, r.policy, Micros(r.create_time),
                         Micros(r.update_time), r.change);
}
inline auto Fields(const TokenRecord& r) {
  return std::make_tuple(r.token, r.lookup, r.convergent, r.single_use, r.sealed, r.metadata,
                         Micros(r.create_time), Micros(r.expire_time), r.subject);
}
inline auto Fields(const SubjectRecord& r) {
  return std::make_tuple(r.subject, r.handle, r.secret, Micros(r.create_time), r.hold.has_value(),
                         r.hold ? r.hold->reason : "", r.hold ? Micros(r.hold->time) : 0);
}
inline auto Fields(const PutOutcome& r) {
  return std::make_tuple(static_cast<int>(r.result), r.token, Micros(r.expire_time));
}
inline auto Fields(const LeaseRecord& r) {
  return std::make_tuple(r.lease_id, r.tenant, r.key_id, r.version, r.encrypt, r.principal,
                         Micros(r.create_time), Micros(r.expire_time), r.most_messages,
                         r.used_messages);
}
inline auto Fields(const OperationRecord& r) {
  return std::make_tuple(r.operation_id, r.kind, r.tenant, r.state, r.cursor, r.done, r.total,
                         r.error, Micros(r.create_time), Micros(r.update_time), r.owner,
                         Micros(r.owner_until), r.change);
}
inline auto Fields(const RotationJobRecord& r) {
  return std::make_tuple(r.job_id, r.tenant, r.data_source, r.state, r.spec, r.progress, r.error,
                         Micros(r.create_time), Micros(r.update_time), r.change);
}
inline auto Fields(const RotationScheduleRecord& r) {
  return std::make_tuple(r.schedule_id, r.tenant, r.spec, Micros(r.next_run), Micros(r.create_time),
                         Micros(r.update_time), r.change);
}
inline auto Fields(const ReplicaRecord& r) {
  return std::make_tuple(r.replica_id, r.change, Micros(r.seen), r.stale_limit.count());
}
inline auto Fields(const Change& r) {
  return std::make_tuple(r.number, static_cast<int>(r.kind), r.tenant, r.name, r.key_id);
}

// Matches a record with the very fields of `expected`.
template <class Record>
auto IsRecord(const Record& expected) {
  return ::testing::ResultOf([](const Record& r) { return Fields(r); },
                             ::testing::Eq(Fields(expected)));
}

inline std::vector<std::string> NamesOf(const std::vector<KeyRecord>& keys) {
  std::vector<std::string> names;
  for (const KeyRecord& key : keys) names.push_back(key.name);
  return names;
}
inline std::vector<std::string> NamesOf(const std::vector<TenantRecord>& tenants) {
  std::vector<std::string> names;
  for (const TenantRecord& tenant : tenants) names.push_back(tenant.tenant);
  return names;
}
inline std::vector<uint32_t> NumbersOf(const std::vector<KeyVersionRecord>& versions) {
  std::vector<uint32_t> numbers;
  for (const KeyVersionRecord& version : versions) numbers.push_back(version.version);
  return numbers;
}

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_CONTRACT_RECORD_MATCHERS_H_
