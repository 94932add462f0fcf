#include "kms/service/records.h"

#include <algorithm>

#include "crypto/names.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kDefaultPageSize = 100;
constexpr size_t kMaxPageSize = 1'000;
constexpr std::string_view kTokenPrefix = "1.";

void SetTime(WallTime time, google::protobuf::Timestamp* out) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  out->set_seconds(seconds.time_since_epoch().count());
  out->set_nanos(static_cast<int32_t>((time - seconds).count() * 1'000));
}

v1::KeyPurpose ToProto(KeyPurpose purpose) {
  switch (purpose) {
    case KeyPurpose::kEncrypt:
      return v1::KEY_PURPOSE_ENCRYPT;
  }
  return v1::KEY_PURPOSE_UNSPECIFIED;
}

v1::KeyVersionState ToProto(VersionState state) {
  switch (state) {
    case VersionState::kEnabled:
      return v1::KEY_VERSION_STATE_ENABLED;
  }
  return v1::KEY_VERSION_STATE_UNSPECIFIED;
}

}  // namespace

void ToProto(const TenantRecord& record, v1::Tenant* out) {
  out->set_tenant(record.tenant);
  SetTime(record.create_time, out->mutable_create_time());
}

void ToProto(const KeyRecord& record, v1::Key* out) {
  out->set_tenant(record.tenant);
  out->set_name(record.name);
  out->set_key_id(FormatKeyId(record.key_id));
  out->set_purpose(ToProto(record.purpose));
  out->set_primary_version(record.primary_version);
  SetTime(record.create_time, out->mutable_create_time());
  SetTime(record.primary_create_time, out->mutable_primary_create_time());
}

void ToProto(const KeyVersionRecord& record, uint32_t primary_version, v1::KeyVersion* out) {
  out->set_version(record.version);
  out->set_state(ToProto(record.state));
  out->set_primary(record.version == primary_version);
  SetTime(record.create_time, out->mutable_create_time());
}

absl::StatusOr<size_t> PageSize(int32_t requested) {
  if (requested < 0) return InvalidField("page_size", "must not be negative");
  if (requested == 0) return kDefaultPageSize;
  return std::min(static_cast<size_t>(requested), kMaxPageSize);
}

std::string PageToken(std::string_view last) {
  return std::string(kTokenPrefix) + std::string(last);
}

absl::StatusOr<std::string> ParsePageToken(const std::string& token) {
  if (token.empty()) return std::string();
  if (!token.starts_with(kTokenPrefix) ||
      !CheckKeyName(std::string_view(token).substr(kTokenPrefix.size())).ok()) {
    return InvalidField("page_token", "is not one that this service gave");
  }
  return token.substr(kTokenPrefix.size());
}

}  // namespace fieldkms
