// Options that commands about rotations share: what a job is about, and which job.
#ifndef FIELDKMS_CLIENTS_CLI_ROTATION_ARGS_H_
#define FIELDKMS_CLIENTS_CLI_ROTATION_ARGS_H_

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
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

// --data-source.
CLI::Option* AddDataSourceOption(CLI::App* command, std::string* data_source);
// The job's id, as the command's argument.
CLI::Option* AddJobArgument(CLI::App* command, std::string* job_id);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_ROTATION_ARGS_H_
