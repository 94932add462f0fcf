// Options about what a rotation may do to the database.
#ifndef FIELDKMS_CLIENTS_CLI_LIMIT_ARGS_H_
#define FIELDKMS_CLIENTS_CLI_LIMIT_ARGS_H_

#include <CLI/App.hpp>
#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fieldkms/v1/rotation_service.pb.h"

namespace fieldkms {

// What the command line changes, in its order; empty where no limit was given.
struct LimitArgs {
  std::vector<std::function<absl::Status(v1::RotationLimits*)>> changes;
};

// Fills `args`, which must outlive the parsing.
void AddLimitOptions(CLI::App* command, LimitArgs* args);

// Puts into `limits` what was given, and leaves the rest as it is; 0 goes back to the default.
// Error: InvalidField for the option.
absl::Status ApplyLimitArgs(const LimitArgs& args, v1::RotationLimits* limits);

// "22:00-06:30", of UTC. Error: InvalidField("quiet").
absl::StatusOr<v1::QuietHours> ParseQuietHours(std::string_view text);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_LIMIT_ARGS_H_
