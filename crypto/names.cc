#include "crypto/names.h"

#include <algorithm>
#include <numeric>

#include "crypto/status.h"

namespace fieldkms {
namespace {

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsTenantByte(char c) { return IsLower(c) || IsDigit(c) || c == '-'; }
bool IsKeyNameByte(char c) { return IsTenantByte(c) || c == '.' || c == '_'; }
bool IsRequestIdByte(char c) {
  return IsLower(c) || IsUpper(c) || IsDigit(c) || c == '_' || c == '-';
}

// The rule is a parameter of the template, so that it is part of the loop: a batch may name a
// key with each of its items.
template <bool (*IsByte)(char)>
bool Fits(std::string_view name, size_t min, size_t max) {
  return name.size() >= min && name.size() <= max &&
         std::all_of(name.begin(), name.end(), [](char c) { return IsByte(c); });
}

// Levenshtein's distance.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t substitute = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substitute, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

absl::Status CheckTenantId(std::string_view id, std::string_view field) {
  if (Fits<IsTenantByte>(id, 1, 63) && IsLower(id.front())) return absl::OkStatus();
  return InvalidField(field,
                      "must be 1 to 63 bytes of [a-z0-9-] and start with a lower-case letter");
}

absl::Status CheckKeyName(std::string_view name, std::string_view field) {
  if (Fits<IsKeyNameByte>(name, 1, 128) && (IsLower(name.front()) || IsDigit(name.front()))) {
    return absl::OkStatus();
  }
  return InvalidField(
      field, "must be 1 to 128 bytes of [a-z0-9._-] and start with a lower-case letter or a digit");
}

absl::Status CheckRequestId(std::string_view id, std::string_view field) {
  if (Fits<IsRequestIdByte>(id, 8, 64)) return absl::OkStatus();
  return InvalidField(field, "must be 8 to 64 bytes of [A-Za-z0-9_-]");
}

std::string FormatKeyId(uint64_t key_id) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, key_id >>= 4) {
    *digit = kHex[key_id & 15];
  }
  return text;
}

std::string DidYouMean(std::string_view name, const std::vector<std::string_view>& known) {
  // Half of a short name, or a third of a long one, may be wrong.
  size_t best = std::max<size_t>(2, name.size() / 3) + 1;
  std::string_view nearest;
  for (const std::string_view candidate : known) {
    const size_t distance = Distance(name, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest.empty() ? "" : "; did you mean '" + std::string(nearest) + "'?";
}

}  // namespace fieldkms
