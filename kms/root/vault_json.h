// JSON with secrets in it: what is read is wiped when freed, what is written is exact.
#ifndef FIELDKMS_KMS_ROOT_VAULT_JSON_H_
#define FIELDKMS_KMS_ROOT_VAULT_JSON_H_

#include <cstdint>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/wiping_allocator.h"

namespace fieldkms {

// Texts of fewer than 16 characters lie in the object and are not wiped; tokens and
// keys are longer.
using WipedText = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;
using VaultJson = nlohmann::basic_json<std::map, std::vector, WipedText>;
using JsonPath = std::initializer_list<const char*>;
using JsonMembers = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// ParseVaultJson returns null for what is not JSON.
VaultJson ParseVaultJson(std::string_view text);

// The text or whole number at `path` below `json`; nullopt for anything else there.
std::optional<std::string_view> TextAt(const VaultJson& json, JsonPath path);
std::optional<int64_t> NumberAt(const VaultJson& json, JsonPath path);
bool TrueAt(const VaultJson& json, JsonPath path);

// IsPlain: whether `text` goes into JSON, URLs and headers as it stands: printable
// ASCII without space and ", \, ?, #, %.
bool IsPlain(std::string_view text);

// JsonObject writes names and plain texts, in memory that is not moved on the way.
std::string JsonObject(JsonMembers members);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_VAULT_JSON_H_
