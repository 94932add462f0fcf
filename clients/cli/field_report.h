// How fields, and what is made of values, are shown.
#ifndef FIELDKMS_CLIENTS_CLI_FIELD_REPORT_H_
#define FIELDKMS_CLIENTS_CLI_FIELD_REPORT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "clients/cli/session.h"
#include "fieldkms/v1/field_service.pb.h"

namespace fieldkms {

// "FIELD_FORMAT_EU_VAT" is "eu_vat", and back. Error: InvalidField("format"), naming all.
std::string FormatName(v1::FieldFormat format);
absl::StatusOr<v1::FieldFormat> ParseFormat(const std::string& name);

// "VIEW_BIN_LAST4" is "bin_last4", and back; "" is VIEW_UNSPECIFIED. Error: InvalidField("view").
std::string ViewName(v1::View view);
absl::StatusOr<v1::View> ParseView(const std::string& name);

Json FieldJson(const v1::Field& field);
absl::StatusOr<ExitCode> ShowField(Session* session, const absl::StatusOr<v1::Field>& field);

// What Protect made, as members of a JSON object and as Properties shows it. Indexes are in
// lower-case hex, as PostgreSQL shows bytea without its "\x".
Json ProtectedJson(const v1::ProtectedValue& made);
std::string ProtectedText(const v1::ProtectedValue& made);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_FIELD_REPORT_H_
