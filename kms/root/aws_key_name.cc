#include "kms/root/aws_key_name.h"

#include <algorithm>
#include <array>

#include "crypto/status.h"
#include "kms/root/aws_url.h"

namespace fieldkms {
namespace {

constexpr size_t kMaxName = 2048;

bool IsNameCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '/';
}

bool IsName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsNameCharacter);
}

// "alias/NAME".
bool IsAlias(std::string_view text) {
  constexpr std::string_view kAlias = "alias/";
  return text.starts_with(kAlias) && IsName(text.substr(kAlias.size()));
}

bool IsKeyId(std::string_view text) {
  return IsName(text) && text.find('/') == std::string_view::npos;
}

absl::Status BadName() {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid,
               "the key of AWS KMS is not a key ARN, a key id, alias/NAME or an alias ARN");
}

// arn:PARTITION:kms:REGION:ACCOUNT:key/ID
absl::StatusOr<AwsKeyName> ParseArn(std::string_view text) {
  std::array<std::string_view, 6> parts;
  std::string_view rest = text;
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    parts[i] = rest.substr(0, last ? rest.size() : rest.find(':'));
    rest.remove_prefix(std::min(parts[i].size() + 1, rest.size()));
  }
  const auto& [arn, partition, service, region, account, resource] = parts;
  if (!IsKeyId(partition) || service != "kms" || !IsAwsRegion(region) || !IsKeyId(account)) {
    return BadName();
  }
  constexpr std::string_view kKey = "key/";
  const bool is_key = resource.starts_with(kKey) && IsKeyId(resource.substr(kKey.size()));
  if (!is_key && !IsAlias(resource)) return BadName();
  return AwsKeyName{std::string(text), std::string(region), is_key};
}

}  // namespace

absl::StatusOr<AwsKeyName> ParseAwsKeyName(std::string_view text) {
  if (text.size() > kMaxName) return BadName();
  if (text.starts_with("arn:")) return ParseArn(text);
  if (!IsAlias(text) && !IsKeyId(text)) return BadName();
  return AwsKeyName{std::string(text), "", false};
}

}  // namespace fieldkms
