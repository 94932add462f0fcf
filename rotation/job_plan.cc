#include "rotation/job_plan.h"

#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/status.h"
#include "rotation/database.h"

namespace fieldkms::rotation {
namespace {

constexpr size_t kKeyIdSize = 8;
constexpr size_t kMostFindings = 10;

absl::StatusOr<std::string> KeyIdOf(const std::string& hex) {
  std::string id(kKeyIdSize, '\0');
  if (hex.size() != 2 * kKeyIdSize || !DecodeHex(hex, AsMutableBytes(id))) {
    return Bug("the service gave a key id that is not of 16 hex digits");
  }
  return id;
}

std::string PlaceOf(const Finding& finding) {
  std::string place = finding.table.schema + "." + finding.table.table;
  return finding.column.empty() ? place : place + "." + finding.column;
}

}  // namespace

absl::StatusOr<Target> TargetOf(const v1::RotationTarget& target) {
  Target result;
  FIELDKMS_ASSIGN_OR_RETURN(result.source_key_id, KeyIdOf(target.source_key_id()));
  FIELDKMS_ASSIGN_OR_RETURN(result.key_id, KeyIdOf(target.key_id()));
  result.version = target.key_version();
  return result;
}

absl::StatusOr<Work> WorkOf(v1::RotationTransform transform) {
  switch (transform) {
    case v1::ROTATION_TRANSFORM_UNSPECIFIED:
    case v1::ROTATION_TRANSFORM_REENCRYPT:
    case v1::ROTATION_TRANSFORM_REKEY:
      return Work::kReseal;
    case v1::ROTATION_TRANSFORM_ENCRYPT:
      return Work::kEncrypt;
    case v1::ROTATION_TRANSFORM_DECRYPT:
      return Work::kDecrypt;
    case v1::ROTATION_TRANSFORM_REINDEX:
      return Work::kReindex;
    case v1::ROTATION_TRANSFORM_RETOKENIZE:
      return Work::kRetokenize;
    default:
      return DatabaseRefused(
          "the job is of a kind that this release does not know: take the "
          "release of the service");
  }
}

absl::StatusOr<PlanRequest> PlanRequestOf(const std::string& tenant, const v1::RotationSpec& spec,
                                          const v1::RotationTarget& target) {
  FIELDKMS_ASSIGN_OR_RETURN(const Target ids, TargetOf(target));
  PlanRequest request;
  request.tenant = tenant;
  FIELDKMS_ASSIGN_OR_RETURN(request.work, WorkOf(spec.transform()));
  request.key_names = {spec.key()};
  if (target.source_key() != spec.key()) request.key_names.push_back(target.source_key());
  request.source_key_id = ids.source_key_id;
  request.target_key_id = ids.key_id;
  request.target_version = ids.version;
  for (const v1::RotationTable& table : spec.tables()) {
    request.tables.push_back({.name = {table.schema(), table.table()},
                              .columns = {table.columns().begin(), table.columns().end()}});
  }
  request.accept_triggers = spec.accept_triggers();
  if (spec.limits().most_batch_rows() > 0) {
    request.batch_rows = spec.limits().most_batch_rows();
  }
  return request;
}

absl::StatusOr<std::vector<TablePlan>> AcceptedTables(const JobPlan& plan) {
  std::string refused;
  size_t count = 0;
  for (const Finding& finding : plan.findings) {
    if (finding.severity != Severity::kRefused || ++count > kMostFindings) continue;
    refused += (refused.empty() ? "" : "; ") + PlaceOf(finding) + ": " + finding.message;
  }
  if (count > kMostFindings) refused += "; and " + std::to_string(count - kMostFindings) + " more";
  if (count > 0) return DatabaseRefused(refused);
  if (plan.tables.empty()) {
    return DatabaseRefused("the registry has no such column under this key: fieldkms column list");
  }
  std::vector<TablePlan> tables;
  for (const TableEstimate& table : plan.tables) tables.push_back(table.plan);
  return tables;
}

}  // namespace fieldkms::rotation
