#include "kms/audit/verified_state.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "crypto/hex.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::string_view kStateHeader = "fieldkms-audit-verified-1";

}  // namespace

std::string FormatVerified(const VerifiedUpTo& verified) {
  std::string text = std::string(kStateHeader) + " " + verified.origin + " " +
                     std::to_string(verified.tree.end()) + " " + std::to_string(verified.max_seq);
  for (const MerkleHash& hash : verified.tree.hashes()) text += " " + EncodeHex(hash);
  return text + "\n";
}

absl::StatusOr<VerifiedUpTo> ParseVerified(std::string_view text) {
  const absl::Status invalid = InvalidField("state", "it is not what `audit verify` writes");
  std::vector<std::string_view> words;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find_first_of(" \n"), rest.size());
    words.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  uint64_t numbers[2] = {};
  if (words.size() < 4 || words[0] != kStateHeader) return invalid;
  for (size_t i = 0; i < 2; ++i) {
    const std::string_view word = words[2 + i];
    const auto result = std::from_chars(word.data(), word.data() + word.size(), numbers[i]);
    if (result.ec != std::errc()) return invalid;
  }
  std::vector<MerkleHash> hashes(words.size() - 4);
  for (size_t i = 0; i < hashes.size(); ++i) {
    if (!DecodeHex(words[4 + i], hashes[i])) return invalid;
  }
  auto tree = CompactRange::FromHashes(0, numbers[0], hashes);
  if (!tree.ok()) return invalid;
  VerifiedUpTo verified{std::string(words[1]), *std::move(tree), numbers[1]};
  return FormatVerified(verified) == text ? absl::StatusOr<VerifiedUpTo>(std::move(verified))
                                          : invalid;
}

}  // namespace fieldkms
