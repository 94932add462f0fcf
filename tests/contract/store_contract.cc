#include "tests/contract/store_contract.h"

#include "tests/support/status_matchers.h"

namespace fieldkms::testing {

void StoreContract::SetUp() {
  place_ = GetParam()();
  ASSERT_OK_AND_ASSIGN(store_, place_->Open(clock_));
}

void StoreContract::Reopen() {
  store_.reset();
  ASSERT_OK_AND_ASSIGN(store_, place_->Open(clock_));
}

KekRecord StoreContract::Kek(std::string_view tag) const {
  return {1, std::string("wrapped\0", 8) + std::string(tag), clock_.Now()};
}

KeyRecord StoreContract::Key(std::string_view tenant, std::string_view name,
                             uint64_t key_id) const {
  return {std::string(tenant), std::string(name), key_id, KeyPurpose::kEncrypt, 1,
          clock_.Now(),        clock_.Now()};
}

KeyVersionRecord StoreContract::Version(uint32_t version, std::string_view tag) const {
  return {version, VersionState::kEnabled, 1,
          std::string("\xff\0", 2) + std::string(tag) + std::to_string(version), clock_.Now()};
}

Mutation StoreContract::Fresh() {
  const std::string id = std::to_string(++mutations_);
  return {"request-" + id, std::string(32 - id.size(), '#') + id};
}

void StoreContract::HaveTenant(std::string_view tenant) {
  ASSERT_OK(store().CreateTenant(tenant, Kek(), Fresh(), kNoDeadline));
}

KeyRecord StoreContract::HaveKey(std::string_view tenant, std::string_view name, uint64_t key_id) {
  auto made = store().CreateKey(Key(tenant, name, key_id), Version(1), Fresh(), kNoDeadline);
  EXPECT_OK(made);
  return made.ok() ? made->value : KeyRecord();
}

KeyRecord StoreContract::HaveRotated(const KeyRecord& key) {
  auto made = store().AddKeyVersion(key.tenant, key.name, Version(key.primary_version + 1), Fresh(),
                                    kNoDeadline);
  EXPECT_OK(made);
  return made.ok() ? made->value : KeyRecord();
}

}  // namespace fieldkms::testing
