#include "kms/audit/record_members.h"

#include <nlohmann/json.hpp>
#include <optional>

namespace fieldkms {
namespace {

using Json = nlohmann::json;

std::vector<std::string> TextsOf(const Json& list) {
  std::vector<std::string> texts;
  for (const Json& item : list) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::optional<RecordValue> ValueOf(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_unsigned()) return value.get<uint64_t>();
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_array()) return TextsOf(value);
  return std::nullopt;
}

}  // namespace

void ForEachMember(std::string_view line,
                   const std::function<void(const std::string&, const RecordValue&)>& body) {
  const Json record = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!record.is_object()) return;
  for (const auto& [name, value] : record.items()) {
    if (const std::optional<RecordValue> known = ValueOf(value)) body(name, *known);
  }
}

}  // namespace fieldkms
