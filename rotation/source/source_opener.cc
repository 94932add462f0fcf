#include "rotation/source/source_opener.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rotation/source/source_text.h"

namespace fieldkms::rotation {
namespace {

constexpr std::array<std::pair<SourceKind, std::string_view>, 4> kKinds = {{
    {SourceKind::kPgcryptoPgp, "pgcrypto_pgp"},
    {SourceKind::kPgcryptoRaw, "pgcrypto_raw"},
    {SourceKind::kPgsodium, "pgsodium"},
    {SourceKind::kVaultTransit, "vault_transit"},
}};

}  // namespace

std::string_view SourceKindName(SourceKind kind) {
  for (const auto& [known, name] : kKinds) {
    if (known == kind) return name;
  }
  return {};
}

std::optional<SourceKind> ParseSourceKind(std::string_view name) {
  for (const auto& [kind, known] : kKinds) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

std::optional<std::string> BesideText(std::span<const SourceRole> roles, const SourceCell& cell,
                                      SourceRole role) {
  if (cell.beside.size() != roles.size() || !HasRole(roles, role)) return std::nullopt;
  std::string text;
  for (size_t i = 0; i < roles.size(); ++i) {
    if (roles[i] != role) continue;
    if (!cell.beside[i]) return std::nullopt;
    text += *cell.beside[i];
  }
  return text;
}

std::optional<std::string> BesideBytes(std::span<const SourceRole> roles, const SourceCell& cell,
                                       SourceRole role) {
  const std::optional<std::string> text = BesideText(roles, cell, role);
  if (!text || !text->starts_with("\\x")) return std::nullopt;
  return BytesOfText(*text, SourceText::kHex);
}

bool HasRole(std::span<const SourceRole> roles, SourceRole role) {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

}  // namespace fieldkms::rotation
