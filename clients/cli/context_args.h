// Contexts on the command line.
#ifndef FIELDKMS_CLIENTS_CLI_CONTEXT_ARGS_H_
#define FIELDKMS_CLIENTS_CLI_CONTEXT_ARGS_H_

#include <google/protobuf/repeated_ptr_field.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fieldkms/v1/crypto_service.pb.h"

namespace fieldkms {

using ContextEntries = google::protobuf::RepeatedPtrField<v1::ContextEntry>;

// ParseContextArgs reads arguments of the form NAME=VALUE or NAME:b64=BASE64.
// Values are taken as they stand, further '=' included. Error: InvalidField with
// `field` for another form and for what breaks the rules of crypto/context.h; a
// value is never repeated.
absl::StatusOr<ContextEntries> ParseContextArgs(const std::vector<std::string>& arguments,
                                                const std::string& field);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_CONTEXT_ARGS_H_
