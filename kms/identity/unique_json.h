// JSON objects in which no member stands twice: parsers differ on which one counts, so a token that
// says two things is refused (RFC 7515 §4, RFC 7519 §4). Internal to kms/identity.
#ifndef FIELDKMS_KMS_IDENTITY_UNIQUE_JSON_H_
#define FIELDKMS_KMS_IDENTITY_UNIQUE_JSON_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace fieldkms {

// nullopt: not a JSON object, nested deeper than 16 times, or with a member twice.
std::optional<nlohmann::json> ParseUniqueObject(std::string_view text);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_IDENTITY_UNIQUE_JSON_H_
