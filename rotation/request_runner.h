// What a request asks for, done: with the functions that the command line calls for the same
// (rotation/conversion.h, RotationClient). Whether who asked may have it is checked here, whatever
// was checked before.
#ifndef FIELDKMS_ROTATION_REQUEST_RUNNER_H_
#define FIELDKMS_ROTATION_REQUEST_RUNNER_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "rotation/database.h"
#include "rotation/request.h"
#include "rotation/source/source_keys.h"

namespace fieldkms::rotation {

// Kinds of requests that a worker carries out or not. Decrypting, also what other tools have
// encrypted, and making keys are left out unless they are asked for: with them, whoever may make
// requests has those rights of the worker's.
inline constexpr std::string_view kAllowConvert = "convert";
inline constexpr std::string_view kAllowUnprotect = "unprotect";
inline constexpr std::string_view kAllowMigrate = "migrate";
inline constexpr std::string_view kAllowRotate = "rotate";
inline constexpr std::string_view kAllowCreateKey = "create-key";
// All of them; and those by default.
std::vector<std::string> AllowedKinds();
std::vector<std::string> DefaultKinds();
// The actions of these kinds.
std::vector<std::string> ActionsOf(const std::set<std::string>& kinds);

struct RequestScope {
  std::string tenant;
  std::string data_source;
  std::set<std::string> allows;
  // What opens values of other tools; null: nothing does. It must outlive what has it.
  const SourceKeys* source_keys = nullptr;
};

// RunRequest may be repeated with a request that it has carried out before (fence above 1): then
// the outcome is that it is done. Errors: of conversions and of the service, with the option at
// fault as SQL has it; kPermissionDenied, where it may not be done.
absl::StatusOr<RequestOutcome> RunRequest(Database& database, Client& client,
                                          const RequestScope& scope, const Request& request);

// The parts of it, in request_columns.cc and request_keys.cc.
absl::StatusOr<RequestOutcome> RunColumnRequest(Database& database, Client& client,
                                                const RequestScope& scope, const Request& request);
absl::StatusOr<RequestOutcome> RunKeyRequest(Database& database, Client& client,
                                             const RequestScope& scope, const Request& request);

// How a job is that a request waits for: an outcome where it has ended well, an error where not,
// and otherwise `await_job`, with how far it is as the answer.
absl::StatusOr<RequestOutcome> LookAtJob(Client& client, const RequestScope& scope,
                                         const std::string& job_id);

// An error's message with what to CALL, where it has what to type.
absl::Status InSqlTerms(const absl::Status& status);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_REQUEST_RUNNER_H_
