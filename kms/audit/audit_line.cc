#include "kms/audit/audit_line.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "kms/observe/json_line.h"

namespace fieldkms {
namespace {

constexpr std::string_view kSeq = "{\"seq\":";

std::string_view KindName(AuditKind kind) {
  switch (kind) {
    case AuditKind::kStart:
      return "start";
    case AuditKind::kStop:
      return "stop";
    case AuditKind::kIntent:
      return "intent";
    case AuditKind::kOutcome:
      return "outcome";
    case AuditKind::kRefusal:
      return "refusal";
    case AuditKind::kFlood:
      return "flood";
    case AuditKind::kDropped:
      return "dropped";
    case AuditKind::kAlarm:
      return "alarm";
  }
  return "unknown";
}

// One key is a member by itself, so that most lines need no list.
void AppendKeys(const AuditKeys& keys, std::string_view one, std::string_view several,
                std::string_view more, JsonLine* line) {
  if (keys.count == 1) line->Text(one, keys.names[0]);
  if (keys.count > 1) line->Texts(several, std::span(keys.names).first(keys.count));
  if (keys.more) line->Bool(more, true);
}

}  // namespace

void AppendAuditBody(const AuditRecord& record, WallTime time, std::string* out) {
  const size_t brace = out->size();
  JsonLine line(out);
  (*out)[brace] = ',';  // continues the object that the sequence number opens
  line.Time("time", time);
  line.Text("kind", KindName(record.kind));
  const auto text = [&line](std::string_view name, std::string_view value) {
    if (!value.empty()) line.Text(name, value);
  };
  text("method", record.method);
  text("principal", record.principal);
  if (record.peer.known) {
    line.Unsigned("uid", record.peer.uid);
    line.Signed("pid", record.peer.pid);
  }
  text("address", record.address);
  text("tenant", record.tenant);
  AppendKeys(record.keys, "key", "keys", "more_keys", &line);
  AppendKeys(record.destination_keys, "destination_key", "destination_keys",
             "more_destination_keys", &line);
  if (record.key_version != 0) line.Unsigned("key_version", record.key_version);
  text("alias", record.alias);
  AppendKeys(record.fields, "field", "fields", "more_fields", &line);
  text("shown", record.shown);
  text("recipient", record.recipient);
  text("subject", record.subject);
  text("job", record.job);
  text("request_id", record.request_id);
  text("trace_id", record.trace_id);
  text("lease_id", record.lease_id);
  if (record.used_messages != 0) line.Unsigned("used_messages", record.used_messages);
  if (record.items != 0) line.Unsigned("items", record.items);
  if (record.failed != 0) line.Unsigned("failed", record.failed);
  if (record.end_record != 0) {
    line.Unsigned("first_record", record.first_record);
    line.Unsigned("end_record", record.end_record);
  }
  text("code", record.code);
  text("reason", record.reason);
  line.Finish();
}

void AppendAuditSeq(uint64_t seq, std::string* out) {
  char digits[24];
  const auto result = std::to_chars(digits, digits + sizeof digits, seq);
  *out += kSeq;
  out->append(digits, result.ptr);
}

std::optional<uint64_t> ParseAuditSeq(std::string_view line) {
  if (!line.starts_with(kSeq)) return std::nullopt;
  uint64_t seq = 0;
  const auto [end, error] =
      std::from_chars(line.data() + kSeq.size(), line.data() + line.size(), seq);
  if (error != std::errc() || end == line.data() + line.size() || *end != ',') return std::nullopt;
  return seq;
}

std::string_view AuditTimeOf(std::string_view line) {
  constexpr std::string_view kTime = ",\"time\":\"";
  constexpr size_t kLength = std::string_view("2026-01-02T03:04:05.678901Z").size();
  if (!line.starts_with(kSeq)) return {};
  const size_t digits_end = line.find_first_not_of("0123456789", kSeq.size());
  if (digits_end == std::string_view::npos || line.substr(digits_end, kTime.size()) != kTime) {
    return {};
  }
  const std::string_view rest = line.substr(digits_end + kTime.size());
  return rest.find('"') == kLength && rest[kLength - 1] == 'Z' ? rest.substr(0, kLength)
                                                               : std::string_view();
}

uint64_t MaxAuditSeq(std::string_view text) {
  uint64_t max = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1);
    max = std::max(max, ParseAuditSeq(text.substr(0, end + 1)).value_or(0));
    text.remove_prefix(end + 1);
  }
  return max;
}

}  // namespace fieldkms
