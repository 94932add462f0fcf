#include "clients/cli/database_option.h"

#include "crypto/status.h"
#include "kms/postgres/conninfo.h"

namespace fieldkms {

CLI::Option* AddConninfoFileOption(CLI::App* command, std::string* path) {
  return command
      ->add_option("--conninfo-file", *path,
                   "A file of mode 0600 with a connection string of the application's database")
      ->envname("FIELDKMS_CONNINFO_FILE")
      ->type_name("FILE");
}

absl::StatusOr<std::unique_ptr<rotation::Database>> ConnectTo(const std::string& conninfo_file) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string conninfo, ReadConninfoFile(conninfo_file));
  return rotation::Database::Connect(conninfo, "fieldkms");
}

}  // namespace fieldkms
