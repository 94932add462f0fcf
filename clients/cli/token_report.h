// How tokens, and the policies of fields about them, are shown.
#ifndef FIELDKMS_CLIENTS_CLI_TOKEN_REPORT_H_
#define FIELDKMS_CLIENTS_CLI_TOKEN_REPORT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "clients/cli/report.h"
#include "fieldkms/v1/field_service.pb.h"

namespace fieldkms {

// "TOKEN_FORM_NUMERIC" is "numeric", and back. Error: InvalidField("token.form"), naming all.
std::string TokenFormName(v1::TokenForm form);
absl::StatusOr<v1::TokenForm> ParseTokenForm(const std::string& name);

Json TokenPolicyJson(const v1::TokenPolicy& policy);
// "numeric, as long as the value, last 4 kept, single use, for 30m".
std::string TokenPolicyText(const v1::TokenPolicy& policy);

// One token.
Json TokenJson(const v1::TokenValue& token);
// Rows of Properties.
std::vector<std::pair<std::string, std::string>> TokenRows(const v1::TokenValue& token);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_TOKEN_REPORT_H_
