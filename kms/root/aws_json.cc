#include "kms/root/aws_json.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/root/aws_credentials.h"

namespace fieldkms {
namespace {

constexpr char kMask = '*';

absl::Status Unreadable() {
  return AwsSourceUnavailable("an answer in JSON does not have the documented form");
}

size_t SkipSpace(std::string_view json, size_t at) {
  return std::min(json.find_first_not_of(" \t\r\n", at), json.size());
}

// Where the string of the member `name` begins, after its quote; npos if there is none.
size_t FindText(std::string_view json, std::string_view name) {
  const std::string quoted = "\"" + std::string(name) + "\"";
  for (size_t at = json.find(quoted); at != std::string_view::npos;
       at = json.find(quoted, at + 1)) {
    const size_t colon = SkipSpace(json, at + quoted.size());
    if (colon == json.size() || json[colon] != ':') continue;
    const size_t quote = SkipSpace(json, colon + 1);
    if (quote < json.size() && json[quote] == '"') return quote + 1;
  }
  return std::string_view::npos;
}

// Moves the string that begins at `text` out, and leaves kMask for each character.
absl::StatusOr<SecretBytes> TakeText(std::span<char> text) {
  size_t size = 0, end = 0;
  for (; end < text.size() && text[end] != '"'; ++end, ++size) {
    if (text[end] == '\\' && (++end == text.size() || text[end] != '/')) return Unreadable();
  }
  if (end == text.size() || size > 4096) return Unreadable();
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes secret, SecretBytes::Allocate(size));
  uint8_t* out = secret.ExposeMutable().data();
  for (size_t i = 0; i < end; ++i) {
    if (text[i] != '\\') *out++ = static_cast<uint8_t>(text[i]);
    text[i] = kMask;
  }
  return secret;
}

absl::Status TakeSecrets(std::string& body, std::initializer_list<std::string_view> names,
                         JsonMembers& members) {
  for (const std::string_view name : names) {
    const size_t at = FindText(body, name);
    if (at == std::string::npos) continue;
    FIELDKMS_ASSIGN_OR_RETURN(SecretBytes secret, TakeText(std::span(body).subspan(at)));
    members.secrets.emplace(name, std::move(secret));
  }
  return absl::OkStatus();
}

// Whether what was taken was the member itself: not one of that name further down, nor
// a string that looks like one.
bool IsMasked(const nlohmann::json& object, const std::string& name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() &&
         found->get_ref<const std::string&>().find_first_not_of(kMask) == std::string::npos;
}

absl::StatusOr<JsonMembers> Read(std::string& body,
                                 std::initializer_list<std::string_view> secrets) {
  JsonMembers members;
  FIELDKMS_RETURN_IF_ERROR(TakeSecrets(body, secrets, members));
  const nlohmann::json object = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return Unreadable();
  for (const std::string_view view : secrets) {
    const std::string name(view);
    if (members.HasSecret(name) ? !IsMasked(object, name) : object.contains(name)) {
      return Unreadable();
    }
  }
  for (const auto& [name, value] : object.items()) {
    if (value.is_string() && !members.HasSecret(name)) {
      members.texts.emplace(name, value.get_ref<const std::string&>());
    }
  }
  return members;
}

}  // namespace

std::string JsonMembers::Text(const std::string& name) const {
  const auto found = texts.find(name);
  return found == texts.end() ? std::string() : found->second;
}

absl::StatusOr<JsonMembers> ReadJson(std::string* body,
                                     std::initializer_list<std::string_view> secrets) {
  absl::StatusOr<JsonMembers> members = Read(*body, secrets);
  WipeString(body);
  return members;
}

}  // namespace fieldkms
