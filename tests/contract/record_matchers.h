// Records as GoogleTest compares and prints them.
#ifndef FIELDKMS_TESTS_CONTRACT_RECORD_MATCHERS_H_
#define FIELDKMS_TESTS_CONTRACT_RECORD_MATCHERS_H_

#include <gmock/gmock.h>

#include <string>
#include <tuple>
#include <vector>

#include "kms/store/store.h"

namespace fieldkms::testing {

inline auto Fields(const TenantRecord& r) {
  return std::make_tuple(r.tenant, r.primary_kek, r.create_time.time_since_epoch().count());
}
inline auto Fields(const KekRecord& r) {
  return std::make_tuple(r.version, r.wrapped, r.create_time.time_since_epoch().count());
}
inline auto Fields(const KeyRecord& r) {
  return std::make_tuple(r.tenant, r.name, r.key_id, r.purpose, r.primary_version,
                         r.create_time.time_since_epoch().count(),
                         r.primary_create_time.time_since_epoch().count());
}
inline auto Fields(const KeyVersionRecord& r) {
  return std::make_tuple(r.version, r.state, r.kek_version, r.wrapped,
                         r.create_time.time_since_epoch().count());
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
