#include "rotation/request.h"

#include "crypto/status.h"

namespace fieldkms::rotation {

const nlohmann::json* RequestOptions::Find(std::string_view name) const {
  const auto found = options_.find(name);
  return found == options_.end() || found->is_null() ? nullptr : &*found;
}

absl::StatusOr<std::string> RequestOptions::Text(std::string_view name, bool needed) const {
  const nlohmann::json* const value = Find(name);
  if (value == nullptr || (value->is_string() && value->get_ref<const std::string&>().empty())) {
    if (needed) return InvalidField(name, "is needed");
    return std::string();
  }
  if (!value->is_string()) return InvalidField(name, "must be a text");
  return value->get<std::string>();
}

absl::StatusOr<bool> RequestOptions::Flag(std::string_view name, bool otherwise) const {
  const nlohmann::json* const value = Find(name);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) return InvalidField(name, "must be true or false");
  return value->get<bool>();
}

absl::StatusOr<std::optional<std::vector<std::string>>> RequestOptions::Names(
    std::string_view name) const {
  const nlohmann::json* const value = Find(name);
  if (value == nullptr) return std::optional<std::vector<std::string>>();
  const absl::Status wrong = InvalidField(name, "must be a list of names");
  if (!value->is_array()) return wrong;
  std::vector<std::string> names;
  for (const nlohmann::json& each : *value) {
    if (!each.is_string()) return wrong;
    names.push_back(each.get<std::string>());
  }
  return std::optional(std::move(names));
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> RequestOptions::Pairs(
    std::string_view name) const {
  std::vector<std::pair<std::string, std::string>> pairs;
  const nlohmann::json* const value = Find(name);
  if (value == nullptr) return pairs;
  const absl::Status wrong = InvalidField(name, "must be an object of names and columns");
  if (!value->is_object()) return wrong;
  for (const auto& [key, each] : value->items()) {
    if (!each.is_string()) return wrong;
    pairs.emplace_back(key, each.get<std::string>());
  }
  return pairs;
}

}  // namespace fieldkms::rotation
