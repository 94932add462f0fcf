#include "kms/watch/watched_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "kms/audit/audit_line.h"

namespace fieldkms {
namespace {

// AuditTimeOf's: digits and marks at fixed places.
std::optional<WallTime> ParseTime(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00.000000Z";
  if (text.size() != kForm.size()) return std::nullopt;
  const auto number = [text](size_t at, size_t size) {
    unsigned value = 0;
    const auto parsed = std::from_chars(text.data() + at, text.data() + at + size, value);
    return parsed.ptr == text.data() + at + size ? value : UINT32_MAX;
  };
  const std::chrono::year_month_day day{std::chrono::year(static_cast<int>(number(0, 4))),
                                        std::chrono::month(number(5, 2)),
                                        std::chrono::day(number(8, 2))};
  const std::array<unsigned, 4> clock = {number(11, 2), number(14, 2), number(17, 2),
                                         number(20, 6)};
  if (!day.ok() || day.year() < std::chrono::year(0) || clock[0] > 23 || clock[1] > 59 ||
      clock[2] > 60 || clock[3] > 999'999) {
    return std::nullopt;
  }
  return WallTime(std::chrono::sys_days(day)) + std::chrono::hours(clock[0]) +
         std::chrono::minutes(clock[1]) + std::chrono::seconds(clock[2]) +
         std::chrono::microseconds(clock[3]);
}

std::string_view* TextOf(AuditRecord* record, std::string_view name) {
  const std::array<std::pair<std::string_view, std::string_view*>, 8> texts = {{
      {"method", &record->method},
      {"principal", &record->principal},
      {"address", &record->address},
      {"tenant", &record->tenant},
      {"alias", &record->alias},
      {"code", &record->code},
      {"reason", &record->reason},
      {"trace_id", &record->trace_id},
  }};
  const auto* const found = std::find_if(texts.begin(), texts.end(),
                                         [name](const auto& text) { return text.first == name; });
  return found == texts.end() ? nullptr : found->second;
}

// One key is a line's "key", several are its "keys".
AuditKeys* NamesOf(AuditRecord* record, std::string_view name) {
  if (name == "key" || name == "keys") return &record->keys;
  if (name == "destination_key" || name == "destination_keys") return &record->destination_keys;
  return name == "field" || name == "fields" ? &record->fields : nullptr;
}

uint32_t Clamped(uint64_t number) {
  return static_cast<uint32_t>(std::min<uint64_t>(number, UINT32_MAX));
}

}  // namespace

bool WatchedLine::Read(std::string_view line) {
  const std::optional<WallTime> time = ParseTime(AuditTimeOf(line));
  if (!time) return false;
  record_ = {};
  values_.clear();
  has_kind_ = false;
  time_ = *time;
  ForEachMember(line,
                [this](const std::string& name, const RecordValue& value) { Set(name, value); });
  record_.failed = std::min(record_.failed, record_.items);
  return has_kind_;
}

void WatchedLine::Set(const std::string& name, const RecordValue& value) {
  if (const auto* const number = std::get_if<uint64_t>(&value)) {
    if (name == "items") record_.items = Clamped(*number);
    if (name == "failed") record_.failed = Clamped(*number);
    if (name == "uid") record_.peer.uid = Clamped(*number);
    if (name == "uid") record_.peer.known = true;
    return;
  }
  const RecordValue& kept = values_.emplace_back(value);
  if (const auto* const text = std::get_if<std::string>(&kept)) {
    if (name == "kind") {
      has_kind_ = *text == "outcome" || *text == "refusal";
      record_.kind = *text == "refusal" ? AuditKind::kRefusal : AuditKind::kOutcome;
    } else if (std::string_view* const member = TextOf(&record_, name)) {
      *member = *text;
    } else if (AuditKeys* const names = NamesOf(&record_, name)) {
      *names = AuditKeys(*text);
    }
  } else if (const auto* const texts = std::get_if<std::vector<std::string>>(&kept)) {
    AuditKeys* const names = NamesOf(&record_, name);
    if (names == nullptr) return;
    names->count = std::min(texts->size(), kMaxAuditKeys);
    std::copy_n(texts->begin(), names->count, names->names.begin());
  }
}

}  // namespace fieldkms
