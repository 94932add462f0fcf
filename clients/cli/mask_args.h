// Masks on the command line and in reports: "first=6,last=4,hides=digits,fill=#,length=5", any of
// them.
#ifndef FIELDKMS_CLIENTS_CLI_MASK_ARGS_H_
#define FIELDKMS_CLIENTS_CLI_MASK_ARGS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "fieldkms/v1/field_service.pb.h"

namespace fieldkms {

// Error: InvalidField(field). Bounds are the service's to check.
absl::StatusOr<v1::MaskTemplate> ParseMask(std::string_view text, std::string_view field);
// "ROLE=" and a mask.
absl::StatusOr<v1::RoleMask> ParseRoleMask(std::string_view text, std::string_view field);

// What ParseMask takes.
std::string MaskText(const v1::MaskTemplate& mask);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_MASK_ARGS_H_
