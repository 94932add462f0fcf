#include "crypto/context.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "crypto/bytes.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kCountSize = 2;
constexpr size_t kNameLengthSize = 2;
constexpr size_t kValueLengthSize = 4;

absl::Status Refuse(std::string_view rule) { return InvalidField("context", rule); }

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

size_t EncodedSize(const ContextEntry& entry) {
  return kNameLengthSize + entry.name.size() + kValueLengthSize + entry.value.size();
}

// CheckEntries holds the rules of crypto/FORMAT.md for both directions; entries
// are in the order in which they are, or would be, written.
absl::Status CheckEntries(std::span<const ContextEntry> entries) {
  if (entries.size() > kMaxContextEntries) return Refuse("has more than 16 entries");
  size_t total = kCountSize;
  for (size_t i = 0; i < entries.size(); ++i) {
    const ContextEntry& entry = entries[i];
    if (entry.name.empty() || entry.name.size() > kMaxContextNameSize ||
        !std::all_of(entry.name.begin(), entry.name.end(), IsNameByte)) {
      return Refuse("has a name that is not 1 to 64 bytes of [a-z0-9_.-]");
    }
    if (entry.value.size() > kMaxContextValueSize) {
      return Refuse("has a value of more than 4,096 bytes");
    }
    if (i > 0 && entries[i - 1].name == entry.name) return Refuse("has a name twice");
    if (i > 0 && entries[i - 1].name > entry.name) return Refuse("is not sorted by name");
    total += EncodedSize(entry);
  }
  if (total > kMaxContextSize) return Refuse("has more than 8,192 bytes in canonical form");
  return absl::OkStatus();
}

void AppendU16(size_t v, std::string* out) {
  uint8_t bytes[kNameLengthSize];
  PutU16(bytes, static_cast<uint16_t>(v));
  out->append(AsText(bytes));
}

void AppendU32(size_t v, std::string* out) {
  uint8_t bytes[kValueLengthSize];
  PutU32(bytes, static_cast<uint32_t>(v));
  out->append(AsText(bytes));
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
    const auto bytes = Take(kNameLengthSize);
    if (!bytes) return std::nullopt;
    return GetU16(AsBytes(*bytes).data());
  }
  std::optional<size_t> TakeU32() {
    const auto bytes = Take(kValueLengthSize);
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
  if (entries.size() > kMaxContextEntries) return CheckEntries(entries);
  std::sort(entries.begin(), entries.end(),
            [](const ContextEntry& a, const ContextEntry& b) { return a.name < b.name; });
  FIELDKMS_RETURN_IF_ERROR(CheckEntries(entries));
  AppendU16(entries.size(), out);
  for (const ContextEntry& entry : entries) {
    AppendU16(entry.name.size(), out);
    out->append(entry.name);
    AppendU32(entry.value.size(), out);
    out->append(entry.value);
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
  FIELDKMS_RETURN_IF_ERROR(CheckEntries(entries));
  return entries;
}

}  // namespace fieldkms
