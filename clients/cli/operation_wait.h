// Operations: showing them, and waiting for their end.
#ifndef FIELDKMS_CLIENTS_CLI_OPERATION_WAIT_H_
#define FIELDKMS_CLIENTS_CLI_OPERATION_WAIT_H_

#include <CLI/App.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "clients/cli/session.h"
#include "fieldkms/v1/operation_service.pb.h"

namespace fieldkms {

// Names as people and machines see them.
std::string OperationKindName(v1::OperationKind kind);
std::string OperationStateName(v1::OperationState state);
Json OperationJson(const v1::Operation& operation);

// One that has failed makes the exit code kFailure.
absl::StatusOr<ExitCode> ShowOperation(Session* session, const v1::Operation& operation);

// AwaitOperation asks until the operation has ended, with a bar on a terminal and a line
// now and then elsewhere, both on standard error; then shows it.
absl::StatusOr<ExitCode> AwaitOperation(Session* session, v1::Operation operation);

// The end of commands that start an operation, and their option.
absl::StatusOr<ExitCode> ShowStarted(Session* session,
                                     const absl::StatusOr<v1::Operation>& operation, bool wait);
CLI::Option* AddWaitOption(CLI::App* command, bool* wait);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_OPERATION_WAIT_H_
