#include "kms/root/vault_json.h"

#include <algorithm>

namespace fieldkms {
namespace {

const VaultJson* At(const VaultJson& json, JsonPath path) {
  const VaultJson* here = &json;
  for (const char* name : path) {
    if (!here->is_object()) return nullptr;
    const auto found = here->find(name);
    if (found == here->end()) return nullptr;
    here = &*found;
  }
  return here;
}

}  // namespace

VaultJson ParseVaultJson(std::string_view text) {
  VaultJson json = VaultJson::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  return json.is_discarded() ? VaultJson() : json;
}

std::optional<std::string_view> TextAt(const VaultJson& json, JsonPath path) {
  const VaultJson* value = At(json, path);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string_view(value->get_ref<const WipedText&>());
}

std::optional<int64_t> NumberAt(const VaultJson& json, JsonPath path) {
  const VaultJson* value = At(json, path);
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  return value->get<int64_t>();
}

bool TrueAt(const VaultJson& json, JsonPath path) {
  const VaultJson* value = At(json, path);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < '\x7f' && std::string_view("\"\\?#%").find(c) == std::string_view::npos;
  });
}

std::string JsonObject(JsonMembers members) {
  size_t size = 2;
  for (const auto& [name, text] : members) size += name.size() + text.size() + 6;
  std::string json;
  json.reserve(size);
  for (const auto& [name, text] : members) {
    json += json.empty() ? "{\"" : ",\"";
    json += name;
    json += "\":\"";
    json += text;
    json += '"';
  }
  json += json.empty() ? "{}" : "}";
  return json;
}

}  // namespace fieldkms
