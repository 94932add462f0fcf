#include "rotation/source_keys/read_source_keys.h"

#include <map>
#include <string_view>
#include <utility>

#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/settings/config_file.h"
#include "kms/settings/yaml_reader.h"
#include "rotation/source_keys/key_entry.h"
#include "rotation/source_keys/make_opener.h"

namespace fieldkms::rotation {
namespace {

struct KeysFile {
  std::map<std::string, KeyEntry> entries;
};

void ReadEntries(const YAML::Node& node, KeysFile& file) {
  ForEachEntry(node, [&](const YAML::Node& at, const std::string& name, const YAML::Node& value) {
    if (!CheckKeyName(name, "name").ok()) throw YamlError(at, "is no name of a key");
    try {
      ReadMapping(value, KeyEntryKeys(), file.entries[name]);
    } catch (const YamlError& error) {
      throw error.Under(name);
    }
  });
}

constexpr YamlKey<KeysFile> kKeys[] = {{"source_keys", "names and keys", "required", ReadEntries}};

absl::Status In(const std::string& path, std::string_view name, const absl::Status& status) {
  const std::string where = path + ": " + (name.empty() ? "" : std::string(name) + ": ");
  return Error(status.code(), ReasonOf(status), where + std::string(MessageOf(status)));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const SourceKeys>> ReadSourceKeys(const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string yaml, ReadTrustedFile(path));
  KeysFile file;
  const absl::Status parsed = ParseYaml<KeysFile>(yaml, kKeys, file);
  if (!parsed.ok()) return In(path, "", parsed);
  auto keys = std::make_shared<SourceKeys>();
  for (const auto& [name, entry] : file.entries) {
    auto opener = MakeOpener(entry);
    if (!opener.ok()) return In(path, name, opener.status());
    keys->Add(name, *std::move(opener));
  }
  return keys;
}

}  // namespace fieldkms::rotation
