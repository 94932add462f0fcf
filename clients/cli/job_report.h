// How rotation jobs are shown.
#ifndef FIELDKMS_CLIENTS_CLI_JOB_REPORT_H_
#define FIELDKMS_CLIENTS_CLI_JOB_REPORT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/cli/session.h"
#include "fieldkms/v1/rotation_service.pb.h"

namespace fieldkms {

// Names as people and machines see them: "DONE", "FINAL_SWEEP"; "" of a phase that is none yet.
std::string JobStateName(v1::RotationState state);
std::string JobPhaseName(v1::RotationPhase phase);
std::string TransformName(v1::RotationTransform transform);

// "cards, version 2", of a rekey "cards to cards2, version 1".
std::string TargetText(const v1::RotationTarget& target);

// "cards", of a rekey "cards to cards2".
std::string KeyText(const v1::RotationSpec& spec);
// "public.cards, public.accounts", of tables that were named; "": all.
std::string TablesText(const v1::RotationSpec& spec);

// Limits that were not set are null.
Json LimitsJson(const v1::RotationLimits& limits);
Json SpecJson(const v1::RotationSpec& spec);
Json JobJson(const v1::RotationJob& job);

// Rows of Properties: what a job does and how far it is, without its tables.
std::vector<std::pair<std::string, std::string>> JobRows(const v1::RotationJob& job);
// The same with tables and workers, where there are any.
std::string JobText(const v1::RotationJob& job);
// All limits, those that were not set by their defaults.
std::string LimitsText(const v1::RotationLimits& limits);

// Shows the job of an answer, or passes its error on.
absl::StatusOr<ExitCode> ShowJob(Session* session, const absl::StatusOr<v1::RotationJob>& job);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_JOB_REPORT_H_
