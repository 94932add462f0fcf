// Options that commands about rotations share: what a job does, and which job or schedule it is.
#ifndef FIELDKMS_CLIENTS_CLI_ROTATION_ARGS_H_
#define FIELDKMS_CLIENTS_CLI_ROTATION_ARGS_H_

#include <CLI/App.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/cli/limit_args.h"
#include "fieldkms/v1/rotation_service.pb.h"

namespace fieldkms {

// Which values, and what becomes of them, as it was given.
struct ScopeArgs {
  v1::RotationTransform transform = v1::ROTATION_TRANSFORM_UNSPECIFIED;  // not given
  std::string key;
  std::string to_key;
  std::vector<std::string> tables;
  bool accept_triggers = false;
};
void AddScopeOptions(CLI::App* command, ScopeArgs* args);
// Errors: InvalidField("table"); InvalidField("to-key") where it is missing, or not for that.
absl::StatusOr<v1::RotationSpec> SpecOf(const ScopeArgs& args);

// All that a job does.
struct SpecArgs {
  ScopeArgs scope;
  std::string data_source;
  std::string backup_horizon;
  uint32_t verify_sample = 0;
  LimitArgs limits;
};
// Fills `args`, which must outlive the parsing.
void AddSpecOptions(CLI::App* command, SpecArgs* args);
// Errors: those of the parts; InvalidField("backup-horizon").
absl::StatusOr<v1::RotationSpec> SpecOf(const SpecArgs& args);

// --workers and --name, of commands that work on jobs. Both must outlive the parsing.
void AddWorkerOptions(CLI::App* command, uint32_t* workers, std::string* name);
// --data-source.
CLI::Option* AddDataSourceOption(CLI::App* command, std::string* data_source);
// The id of a job or of a schedule, as the command's argument.
CLI::Option* AddJobArgument(CLI::App* command, std::string* job_id);
CLI::Option* AddScheduleArgument(CLI::App* command, std::string* schedule_id);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_ROTATION_ARGS_H_
