#include "kms/rotations/rotation_spec.h"

#include <algorithm>
#include <bitset>
#include <chrono>
#include <set>
#include <string>
#include <utility>

#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/proto/times.h"

namespace fieldkms {
namespace {

using std::chrono::days;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kMaxDataSource = 64;
constexpr uint32_t kMinutesOfDay = 1'440;
constexpr uint32_t kMostBatchRows = 50'000;
constexpr uint32_t kMostPercent = 100;
constexpr milliseconds kShortestBatch{10};
constexpr seconds kLongestBatch{10};
constexpr days kLongestLag{1};
constexpr days kLongestHorizon{3'650};
constexpr days kDefaultHorizon{35};
constexpr uint32_t kDefaultVerifySample = 1'000;

std::string Below(std::string_view field, std::string_view name) {
  return std::string(field) + "." + std::string(name);
}
std::string At(std::string_view field, std::string_view list, int index) {
  return Below(field, list) + "[" + std::to_string(index) + "]";
}

// A name of PostgreSQL's catalog: nearly anything may be one.
absl::Status CheckSqlName(std::string_view name, std::string_view field) {
  if (name.empty() || name.size() > kMaxSqlName) {
    return InvalidField(field, "is not 1 to 63 bytes");
  }
  if (name.find('\0') != std::string_view::npos) return InvalidField(field, "has a NUL in it");
  return absl::OkStatus();
}

absl::Status CheckTransform(const v1::RotationSpec& spec, std::string_view field) {
  const std::string destination = Below(field, "destination_key");
  if (!v1::RotationTransform_IsValid(spec.transform())) {
    return InvalidField(Below(field, "transform"), "is not one that this release knows");
  }
  if (spec.transform() == v1::ROTATION_TRANSFORM_REKEY) {
    return CheckKeyName(spec.destination_key(), destination);
  }
  return spec.destination_key().empty() ? absl::OkStatus()
                                        : InvalidField(destination, "is for REKEY only");
}

absl::Status CheckTable(const v1::RotationTable& table, std::string_view field) {
  FIELDKMS_RETURN_IF_ERROR(CheckSqlName(table.schema(), Below(field, "schema")));
  FIELDKMS_RETURN_IF_ERROR(CheckSqlName(table.table(), Below(field, "table")));
  if (static_cast<size_t>(table.columns_size()) > kMaxTableColumns) {
    return InvalidField(Below(field, "columns"), "has more than 1,600 columns");
  }
  std::set<std::string_view> seen;
  for (int i = 0; i < table.columns_size(); ++i) {
    const std::string at = At(field, "columns", i);
    FIELDKMS_RETURN_IF_ERROR(CheckSqlName(table.columns(i), at));
    if (!seen.insert(table.columns(i)).second) return InvalidField(at, "is there twice");
  }
  return absl::OkStatus();
}

absl::Status CheckTables(const v1::RotationSpec& spec, std::string_view field) {
  if (static_cast<size_t>(spec.tables_size()) > kMaxRotationTables) {
    return InvalidField(Below(field, "tables"), "has more than 1,000 tables");
  }
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (int i = 0; i < spec.tables_size(); ++i) {
    const v1::RotationTable& table = spec.tables(i);
    FIELDKMS_RETURN_IF_ERROR(CheckTable(table, At(field, "tables", i)));
    if (!seen.emplace(table.schema(), table.table()).second) {
      return InvalidField(At(field, "tables", i), "is there twice");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckBatchTime(const google::protobuf::Duration& time, std::string_view field) {
  FIELDKMS_ASSIGN_OR_RETURN(const microseconds given, Microseconds(time, field));
  const bool in_range = given >= kShortestBatch && given <= kLongestBatch;
  return given.count() == 0 || in_range ? absl::OkStatus()
                                        : InvalidField(field, "is not 10 ms to 10 s");
}

absl::Status CheckLag(const google::protobuf::Duration& time, std::string_view field) {
  FIELDKMS_ASSIGN_OR_RETURN(const microseconds given, Microseconds(time, field));
  return given <= kLongestLag ? absl::OkStatus() : InvalidField(field, "is more than a day");
}

absl::Status CheckPercent(uint32_t percent, std::string_view field) {
  return percent <= kMostPercent ? absl::OkStatus() : InvalidField(field, "is more than 100");
}

absl::Status CheckQuietHours(const v1::RotationLimits& limits, std::string_view field) {
  if (static_cast<size_t>(limits.quiet_hours_size()) > kMaxQuietHours) {
    return InvalidField(Below(field, "quiet_hours"), "has more than 16 parts");
  }
  std::bitset<kMinutesOfDay> quiet;
  for (int i = 0; i < limits.quiet_hours_size(); ++i) {
    const v1::QuietHours& part = limits.quiet_hours(i);
    const std::string at = At(field, "quiet_hours", i);
    if (part.from_minute() >= kMinutesOfDay || part.until_minute() >= kMinutesOfDay) {
      return InvalidField(at, "has a minute that is not 0 to 1439");
    }
    if (part.from_minute() == part.until_minute()) return InvalidField(at, "is empty");
    for (uint32_t minute = part.from_minute(); minute != part.until_minute();
         minute = (minute + 1) % kMinutesOfDay) {
      quiet.set(minute);
    }
  }
  if (quiet.all()) {
    return InvalidField(Below(field, "quiet_hours"), "leave no minute of the day to work in");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckDataSource(std::string_view name, std::string_view field) {
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  const bool good = !name.empty() && name.size() <= kMaxDataSource && name.front() >= 'a' &&
                    name.front() <= 'z' && std::all_of(name.begin(), name.end(), legal);
  return good ? absl::OkStatus()
              : InvalidField(field, "is not 1 to 64 of a-z, 0-9, '.', '_' and '-', a letter first");
}

absl::Status CheckRotationLimits(const v1::RotationLimits& limits, std::string_view field) {
  FIELDKMS_RETURN_IF_ERROR(CheckBatchTime(limits.batch_time(), Below(field, "batch_time")));
  if (limits.most_batch_rows() > kMostBatchRows) {
    return InvalidField(Below(field, "most_batch_rows"), "is more than 50,000");
  }
  FIELDKMS_RETURN_IF_ERROR(
      CheckLag(limits.most_replication_lag(), Below(field, "most_replication_lag")));
  FIELDKMS_RETURN_IF_ERROR(
      CheckPercent(limits.most_dead_percent(), Below(field, "most_dead_percent")));
  FIELDKMS_RETURN_IF_ERROR(CheckPercent(limits.most_forced_checkpoint_percent(),
                                        Below(field, "most_forced_checkpoint_percent")));
  FIELDKMS_RETURN_IF_ERROR(
      CheckPercent(limits.most_busy_percent(), Below(field, "most_busy_percent")));
  return CheckQuietHours(limits, field);
}

absl::Status CheckRotationSpec(const v1::RotationSpec& spec, std::string_view field) {
  FIELDKMS_RETURN_IF_ERROR(CheckDataSource(spec.data_source(), Below(field, "data_source")));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(spec.key(), Below(field, "key")));
  FIELDKMS_RETURN_IF_ERROR(CheckTransform(spec, field));
  FIELDKMS_RETURN_IF_ERROR(CheckTables(spec, field));
  FIELDKMS_RETURN_IF_ERROR(CheckRotationLimits(spec.limits(), Below(field, "limits")));
  const std::string horizon = Below(field, "backup_horizon");
  FIELDKMS_ASSIGN_OR_RETURN(const seconds kept, WholeSeconds(spec.backup_horizon(), horizon));
  if (kept > kLongestHorizon) return InvalidField(horizon, "is more than 3,650 days");
  if (spec.verify_sample() > kMaxVerifySample) {
    return InvalidField(Below(field, "verify_sample"), "is more than 1,000,000");
  }
  if (spec.ByteSizeLong() > kMaxRotationRequest) {
    return InvalidField(field, "is more than 192 KiB");
  }
  return absl::OkStatus();
}

bool FollowsVersions(v1::RotationTransform transform) {
  return transform != v1::ROTATION_TRANSFORM_ENCRYPT && transform != v1::ROTATION_TRANSFORM_DECRYPT;
}

v1::RotationSpec WithDefaults(v1::RotationSpec spec) {
  spec.DiscardUnknownFields();
  if (spec.transform() == v1::ROTATION_TRANSFORM_UNSPECIFIED) {
    spec.set_transform(v1::ROTATION_TRANSFORM_REENCRYPT);
  }
  if (!spec.has_backup_horizon()) ToProto(kDefaultHorizon, spec.mutable_backup_horizon());
  if (spec.verify_sample() == 0) spec.set_verify_sample(kDefaultVerifySample);
  return spec;
}

}  // namespace fieldkms
