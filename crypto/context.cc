#include "crypto/context.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "crypto/bytes.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::Status Refuse(std::string_view rule) { return InvalidField("context", rule); }

// A table, since this is asked for every byte of every name of every value.
constexpr auto kIsNameByte = [] {
  std::array<bool, 256> is = {};
  for (int c = 'a'; c <= 'z'; ++c) is[static_cast<size_t>(c)] = true;
  for (int c = '0'; c <= '9'; ++c) is[static_cast<size_t>(c)] = true;
  is['_'] = is['.'] = is['-'] = true;
  return is;
}();

bool IsName(std::string_view name) {
  if (name.empty() || name.size() > kMaxContextNameSize) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return kIsNameByte[static_cast<uint8_t>(c)]; });
}

size_t EncodedSize(const ContextEntry& entry) {
  return kContextNameLengthSize + entry.name.size() + kContextValueLengthSize + entry.value.size();
}

// CheckEntries holds the rules of crypto/FORMAT.md for both directions; entries
// are in the order in which they are, or would be, written. `size` gets the size of
// the canonical form.
absl::Status CheckEntries(std::span<const ContextEntry> entries, size_t* size) {
  if (entries.size() > kMaxContextEntries) return Refuse("has more than 16 entries");
  *size = kContextCountSize;
  for (size_t i = 0; i < entries.size(); ++i) {
    const ContextEntry& entry = entries[i];
    if (!IsName(entry.name)) {
      return Refuse("has a name that is not 1 to 64 bytes of [a-z0-9_.-]");
    }
    if (entry.value.size() > kMaxContextValueSize) {
      return Refuse("has a value of more than 4,096 bytes");
    }
    if (i > 0 && entries[i - 1].name >= entry.name) {
      return Refuse(entries[i - 1].name == entry.name ? "has a name twice"
                                                      : "is not sorted by name");
    }
    *size += EncodedSize(entry);
  }
  if (*size > kMaxContextSize) return Refuse("has more than 8,192 bytes in canonical form");
  return absl::OkStatus();
}

// Each writes at `to` and returns the place behind.
uint8_t* WriteU16(size_t v, uint8_t* to) {
  PutU16(to, static_cast<uint16_t>(v));
  return to + 2;
}
uint8_t* WriteU32(size_t v, uint8_t* to) {
  PutU32(to, static_cast<uint32_t>(v));
  return to + 4;
}
uint8_t* WriteText(std::string_view text, uint8_t* to) {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

// A cursor over canonical bytes: each Take is the next piece, or nothing at the
// end.
class Reader {
 public:
  explicit Reader(std::string_view rest) : rest_(rest) {}

  std::optional<std::string_view> Take(size_t size) {
    if (size > rest_.size()) return std::nullopt;
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::optional<size_t> TakeU16() {
    const auto bytes = Take(kContextNameLengthSize);
    if (!bytes) return std::nullopt;
    return GetU16(AsBytes(*bytes).data());
  }
  std::optional<size_t> TakeU32() {
    const auto bytes = Take(kContextValueLengthSize);
    if (!bytes) return std::nullopt;
    return GetU32(AsBytes(*bytes).data());
  }
  std::optional<ContextEntry> TakeEntry() {
    const auto name_size = TakeU16();
    const auto name = name_size ? Take(*name_size) : std::nullopt;
    const auto value_size = name ? TakeU32() : std::nullopt;
    const auto value = value_size ? Take(*value_size) : std::nullopt;
    if (!value) return std::nullopt;
    return ContextEntry{*name, *value};
  }
  bool AtEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace

absl::Status AppendContext(std::span<ContextEntry> entries, std::string* out) {
  size_t size = 0;
  if (entries.size() > kMaxContextEntries) return CheckEntries(entries, &size);
  const auto by_name = [](const ContextEntry& a, const ContextEntry& b) { return a.name < b.name; };
  if (!std::is_sorted(entries.begin(), entries.end(), by_name)) {  // mostly it is
    std::sort(entries.begin(), entries.end(), by_name);
  }
  FIELDKMS_RETURN_IF_ERROR(CheckEntries(entries, &size));
  const size_t start = out->size();
  out->resize(start + size);  // once: this runs for every value
  uint8_t* to = reinterpret_cast<uint8_t*>(out->data()) + start;
  to = WriteU16(entries.size(), to);
  for (const ContextEntry& entry : entries) {
    to = WriteText(entry.name, WriteU16(entry.name.size(), to));
    to = WriteText(entry.value, WriteU32(entry.value.size(), to));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ContextEntry>> ParseContext(std::string_view canonical) {
  if (canonical.size() > kMaxContextSize) return Refuse("has more than 8,192 bytes");
  Reader reader(canonical);
  const auto count = reader.TakeU16();
  if (!count) return Refuse("is truncated");
  if (*count > kMaxContextEntries) return Refuse("has more than 16 entries");
  std::vector<ContextEntry> entries;
  entries.reserve(*count);
  for (size_t i = 0; i < *count; ++i) {
    const auto entry = reader.TakeEntry();
    if (!entry) return Refuse("is truncated");
    entries.push_back(*entry);
  }
  if (!reader.AtEnd()) return Refuse("has bytes after its end");
  size_t size = 0;
  FIELDKMS_RETURN_IF_ERROR(CheckEntries(entries, &size));
  return entries;
}

}  // namespace fieldkms
