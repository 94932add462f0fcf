#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "crypto/status.h"
#include "kms/audit/audit_line.h"
#include "kms/audit/trail_reader.h"

namespace fieldkms {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kTimeForm = "0000-00-00T00:00:00.000000";

// A beginning of the form, digits where it has some, which ends behind a number.
bool IsTimeBeginning(std::string_view text) {
  if (text.size() < 4 || text.size() > kTimeForm.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kTimeForm[i] == '0' ? !digit : text[i] != kTimeForm[i]) return false;
  }
  return text.back() >= '0' && text.back() <= '9';
}

bool Is(const Json& record, const char* name, const std::string& wanted) {
  if (wanted.empty()) return true;
  const auto at = record.find(name);
  return at != record.end() && at->is_string() && at->get_ref<const std::string&>() == wanted;
}

bool Names(const Json& record, const char* one, const char* several, const std::string& wanted) {
  if (Is(record, one, wanted)) return true;
  const auto at = record.find(several);
  return at != record.end() && at->is_array() &&
         std::any_of(at->begin(), at->end(),
                     [&wanted](const Json& item) { return item == wanted; });
}

// What is not in the line at all is not in its record: most lines are told without parsing them.
bool MayTake(const RecordFilter& filter, std::string_view line) {
  const std::array wanted = {&filter.kind, &filter.method, &filter.principal, &filter.tenant,
                             &filter.key,  &filter.field,  &filter.code};
  return std::all_of(wanted.begin(), wanted.end(), [line](const std::string* text) {
    // A text that JSON writes in another way is looked for after parsing only.
    const bool plain = std::all_of(text->begin(), text->end(), [](char c) {
      return c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '/';
    });
    return text->empty() || !plain || line.find(*text) != std::string_view::npos;
  });
}

bool InRange(const RecordFilter& filter, std::string_view line) {
  if (filter.since.empty() && filter.until.empty()) return true;
  const std::string_view time = AuditTimeOf(line);
  return !time.empty() && time >= filter.since && (filter.until.empty() || time < filter.until);
}

}  // namespace

absl::Status CheckFilter(const RecordFilter& filter) {
  const auto check = [](const char* name, const std::string& text) {
    return text.empty() || IsTimeBeginning(text)
               ? absl::OkStatus()
               : InvalidField(name, "it must be a time in UTC, such as 2026-11-27T14:00:00");
  };
  FIELDKMS_RETURN_IF_ERROR(check("since", filter.since));
  return check("until", filter.until);
}

bool Takes(const RecordFilter& filter, std::string_view line) {
  if (!InRange(filter, line) || !MayTake(filter, line)) return false;
  const bool any = filter.kind.empty() && filter.method.empty() && filter.principal.empty() &&
                   filter.tenant.empty() && filter.key.empty() && filter.field.empty() &&
                   filter.code.empty();
  if (any) return true;
  const Json record = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  return record.is_object() && Is(record, "kind", filter.kind) &&
         Is(record, "method", filter.method) && Is(record, "principal", filter.principal) &&
         Is(record, "tenant", filter.tenant) && Is(record, "code", filter.code) &&
         (Names(record, "key", "keys", filter.key) ||
          Names(record, "destination_key", "destination_keys", filter.key)) &&
         Names(record, "field", "fields", filter.field);
}

}  // namespace fieldkms
