// Reading YAML into typed values, with errors that say where and what is wrong.
// yaml-cpp reports by exceptions, and so does this file; ParseConfig catches both.
#ifndef FIELDKMS_KMS_SETTINGS_YAML_READER_H_
#define FIELDKMS_KMS_SETTINGS_YAML_READER_H_

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/names.h"

namespace fieldkms {

// "line 3: server.threads: message". Messages name keys and rules.
class YamlError : public std::runtime_error {
 public:
  YamlError(const YAML::Node& at, const std::string& message)
      : YamlError(at.Mark().line + 1, "", message) {}

  // The same error, in the value of the key at `path`.
  YamlError Under(const std::string& path) const {
    return {line_, path_.empty() ? path : path + "." + path_, message_};
  }

 private:
  YamlError(int line, const std::string& path, const std::string& message)
      : std::runtime_error((line > 0 ? "line " + std::to_string(line) + ": " : std::string()) +
                           (path.empty() ? std::string() : path + ": ") + message),
        line_(line),
        path_(path),
        message_(message) {}

  int line_;
  std::string path_, message_;
};

// A key that a mapping may have, by its dotted path from where reading starts, and
// how its value is put into a T.
template <class T>
struct YamlKey {
  std::string_view path;
  std::string_view type;           // for the manual
  std::string_view default_value;  // for the manual
  void (*read)(const YAML::Node& value, T& out);
};

// Scalars. Each throws YamlError for another kind of value or one out of range.
std::string ReadText(const YAML::Node& node);
bool ReadBool(const YAML::Node& node);
int ReadInt(const YAML::Node& node, int min, int max);
double ReadNumber(const YAML::Node& node, double min, double max);
// "500ms", "30s", "5m", "1h".
std::chrono::milliseconds ReadDuration(const YAML::Node& node, std::chrono::milliseconds min,
                                       std::chrono::milliseconds max);
// One of `choices`; returns its index.
size_t ReadChoice(const YAML::Node& node, std::span<const std::string_view> choices);
// A sequence of at least one string, or a single string.
std::vector<std::string> ReadTexts(const YAML::Node& node);

// Runs f(key, value) for each entry of a mapping. Throws for another kind of node
// and for a key given twice.
template <class Function>
void ForEachEntry(const YAML::Node& mapping, Function f) {
  if (!mapping.IsMap()) throw YamlError(mapping, "must be a mapping");
  std::set<std::string> seen;
  for (const auto& entry : mapping) {
    const std::string key = ReadText(entry.first);
    if (!seen.insert(key).second) throw YamlError(entry.first, "'" + key + "' is given twice");
    f(entry.first, key, entry.second);
  }
}

namespace internal {

template <class T>
void RefuseUnknown(const YAML::Node& at, const std::string& path, std::string_view prefix,
                   std::span<const YamlKey<T>> keys) {
  std::vector<std::string_view> known;
  for (const YamlKey<T>& key : keys) {
    if (!key.path.starts_with(prefix)) continue;
    known.push_back(key.path.substr(0, key.path.find('.', prefix.size())));
  }
  // A key of another section is more often misplaced than misspelt.
  for (const YamlKey<T>& key : keys) known.push_back(key.path);
  throw YamlError(at, "unknown key '" + path + "'" + DidYouMean(path, known));
}

}  // namespace internal

// ReadMapping reads each entry of `mapping` by the key of its path, and refuses one
// that has none, naming the nearest that there is.
template <class T>
void ReadMapping(const YAML::Node& mapping, std::span<const YamlKey<T>> keys, T& out,
                 const std::string& prefix = "") {
  ForEachEntry(mapping,
               [&](const YAML::Node& at, const std::string& name, const YAML::Node& value) {
                 const std::string path = prefix + name;
                 bool is_section = false;
                 for (const YamlKey<T>& key : keys) {
                   if (key.path == path) {
                     try {
                       return key.read(value, out);
                     } catch (const YamlError& error) {
                       throw error.Under(path);
                     }
                   }
                   is_section = is_section || key.path.starts_with(path + ".");
                 }
                 if (!is_section) internal::RefuseUnknown(at, path, prefix, keys);
                 ReadMapping(value, keys, out, path + ".");
               });
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SETTINGS_YAML_READER_H_
