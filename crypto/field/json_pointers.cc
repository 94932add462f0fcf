#include "crypto/field/json_pointers.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <system_error>
#include <utility>

#include "crypto/field/json_string.h"
#include "crypto/field/unicode.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kMostPointers = 64, kMostPointerBytes = 1024;

// RFC 6901, 3: "~" stands before "0" or "1" only.
bool Unescape(std::string_view spelled, std::string* name) {
  for (size_t i = 0; i < spelled.size(); ++i) {
    if (spelled[i] != '~') {
      name->push_back(spelled[i]);
      continue;
    }
    const char kind = ++i < spelled.size() ? spelled[i] : '\0';
    if (kind != '0' && kind != '1') return false;
    name->push_back(kind == '0' ? '~' : '/');
  }
  return true;
}

// RFC 6901, 4: digits without leading zeros.
std::optional<size_t> IndexOf(std::string_view token) {
  if (token.empty() || (token.size() > 1 && token[0] == '0')) return std::nullopt;
  size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return index;
}

absl::Status ReadPointer(std::string_view text, std::string_view field, Pointer* pointer) {
  if (text.size() > kMostPointerBytes || !IsUtf8(text)) {
    return InvalidField(field, "has a pointer that is not UTF-8 of at most 1,024 bytes");
  }
  if (text.empty() || text[0] != '/') {
    return InvalidField(field, "has a pointer that does not begin with '/' (RFC 6901)");
  }
  while (!text.empty()) {
    text.remove_prefix(1);
    const size_t end = std::min(text.find('/'), text.size());
    PointerToken token{std::string(text.substr(0, end)), {}, {}, false};
    if (!Unescape(token.spelled, &token.name)) {
      return InvalidField(field, "has a pointer with a '~' that is not of ~0 or ~1 (RFC 6901)");
    }
    token.index = IndexOf(token.name);
    token.every = token.name == "*";
    pointer->push_back(std::move(token));
    text.remove_prefix(end);
  }
  if (pointer->size() > kMostJsonDepth) {
    return InvalidField(field, "has a pointer to what is nested deeper than 64");
  }
  return absl::OkStatus();
}

// Whether both may name one thing.
bool Meet(const PointerToken& a, const PointerToken& b) {
  return a.name == b.name || (a.every && b.index) || (b.every && a.index);
}

// Whether a member that one names may be, or be within, one that the other names.
bool Overlap(const Pointer& a, const Pointer& b) {
  const auto shorter = static_cast<std::ptrdiff_t>(std::min(a.size(), b.size()));
  return std::equal(a.begin(), a.begin() + shorter, b.begin(), Meet);
}

class Finder {
 public:
  Finder(std::string_view document, const JsonNodes& nodes, std::vector<FoundMember>* found)
      : document_(document), nodes_(nodes), found_(found) {}

  // `where`: the tokens that led to `node`; `tokens`: those that lead on.
  void Find(size_t node, const std::string& where, size_t depth,
            std::span<const PointerToken> tokens) {
    if (tokens.empty()) {
      if (nodes_[node].kind != JsonKind::kNull) found_->push_back({node, depth, where});
      return;
    }
    const PointerToken& token = tokens[0];
    const bool object = nodes_[node].kind == JsonKind::kObject;
    if (!object && nodes_[node].kind != JsonKind::kArray) return;
    size_t index = 0;
    for (size_t i = node + 1; i < nodes_[node].next; i = nodes_[i].next, ++index) {
      const bool named = object ? JsonStringIs(NameOf(document_, nodes_[i]), token.name)
                                : token.every || token.index == index;
      if (!named) continue;
      std::string there = where;
      there += '/';
      there += object ? token.spelled : std::to_string(index);
      Find(i, there, depth + 1, tokens.subspan(1));
    }
  }

 private:
  std::string_view document_;
  const JsonNodes& nodes_;
  std::vector<FoundMember>* found_;
};

}  // namespace

absl::StatusOr<std::vector<Pointer>> ReadPointers(const std::vector<std::string>& pointers,
                                                  std::string_view field) {
  if (pointers.empty() || pointers.size() > kMostPointers) {
    return InvalidField(field, "must have 1 to 64 pointers");
  }
  std::vector<Pointer> read(pointers.size());
  for (size_t i = 0; i < pointers.size(); ++i) {
    FIELDKMS_RETURN_IF_ERROR(ReadPointer(pointers[i], field, &read[i]));
    for (size_t j = 0; j < i; ++j) {
      if (Overlap(read[i], read[j])) {
        return InvalidField(field, "has two pointers to the same, or one within the other");
      }
    }
  }
  return read;
}

std::vector<FoundMember> FindMembers(std::string_view document, const JsonNodes& nodes,
                                     const std::vector<Pointer>& pointers) {
  std::vector<FoundMember> found;
  Finder finder(document, nodes, &found);
  for (const Pointer& pointer : pointers) finder.Find(0, "", 0, pointer);
  std::sort(found.begin(), found.end(),
            [](const FoundMember& a, const FoundMember& b) { return a.node < b.node; });
  return found;
}

}  // namespace fieldkms
