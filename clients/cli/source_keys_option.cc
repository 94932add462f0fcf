#include "clients/cli/source_keys_option.h"

#include "rotation/source_keys/read_source_keys.h"

namespace fieldkms {

CLI::Option* AddSourceKeysOption(CLI::App* command, std::string* path) {
  return command
      ->add_option("--source-keys", *path,
                   "File with the keys of what other tools have encrypted, for jobs over it")
      ->type_name("FILE");
}

absl::StatusOr<std::shared_ptr<const rotation::SourceKeys>> SourceKeysOf(const std::string& path) {
  if (path.empty()) return nullptr;
  return rotation::ReadSourceKeys(path);
}

}  // namespace fieldkms
