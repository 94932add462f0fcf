// How keys and what belongs to them are shown.
#ifndef FIELDKMS_CLIENTS_CLI_KEY_REPORT_H_
#define FIELDKMS_CLIENTS_CLI_KEY_REPORT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/cli/session.h"
#include "fieldkms/v1/key_service.pb.h"

namespace fieldkms {

// Names as people and machines see them: "KEY_PURPOSE_ENCRYPT" is "ENCRYPT".
std::string PurposeName(v1::KeyPurpose purpose);
std::string StateName(v1::KeyVersionState state);
std::string OriginName(v1::KeyOrigin origin);

Json KeyJson(const v1::Key& key);
// Rows for Properties. What is not set has none.
std::vector<std::pair<std::string, std::string>> KeyProperties(const v1::Key& key);

// Shows the key of an answer, or passes its error on.
absl::StatusOr<ExitCode> ShowKey(Session* session, const absl::StatusOr<v1::Key>& key);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_KEY_REPORT_H_
