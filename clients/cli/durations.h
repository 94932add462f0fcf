// Durations as people write them: a number and a unit.
#ifndef FIELDKMS_CLIENTS_CLI_DURATIONS_H_
#define FIELDKMS_CLIENTS_CLI_DURATIONS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fieldkms {

// ParseSeconds reads "45s", "30m", "12h", "90d", or "0". Error: InvalidField(field, ...).
absl::StatusOr<int64_t> ParseSeconds(std::string_view text, std::string_view field);

// The same in milliseconds, for short ones: "300ms", too.
absl::StatusOr<int64_t> ParseMilliseconds(std::string_view text, std::string_view field);

// FormatSeconds writes them in the largest unit that leaves a whole number.
std::string FormatSeconds(int64_t seconds);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_DURATIONS_H_
