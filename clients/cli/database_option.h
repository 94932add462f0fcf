// The application's database, for commands that work in it.
#ifndef FIELDKMS_CLIENTS_CLI_DATABASE_OPTION_H_
#define FIELDKMS_CLIENTS_CLI_DATABASE_OPTION_H_

#include <CLI/App.hpp>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "rotation/database.h"

namespace fieldkms {

// --conninfo-file. Whoever must have it says so with ->required().
CLI::Option* AddConninfoFileOption(CLI::App* command, std::string* path);

// ConnectTo connects by the connection string of a file, which may hold a password: no error
// repeats it (kms/postgres/conninfo.h, rotation/database.h).
absl::StatusOr<std::unique_ptr<rotation::Database>> ConnectTo(const std::string& conninfo_file);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_DATABASE_OPTION_H_
