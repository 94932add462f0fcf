// What is wrong with a command line, for people and without its values.
#ifndef FIELDKMS_CLIENTS_CLI_USAGE_ERROR_H_
#define FIELDKMS_CLIENTS_CLI_USAGE_ERROR_H_

#include <CLI/CLI.hpp>
#include <string_view>

#include "absl/status/status.h"

namespace fieldkms {

// UsageStatus is what a complaint of the parser comes to. Arguments are not repeated,
// since somebody may have typed a secret where none belongs: of an option its name
// stands in the message, of a command only the known one that is nearest.
absl::Status UsageStatus(const CLI::App& app, const CLI::ParseError& error);

// WithField is an error that names another field: the option that a request's field came from.
absl::Status WithField(const absl::Status& status, std::string_view field);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_USAGE_ERROR_H_
