#include "kms/service/audit_records.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <charconv>
#include <variant>

#include "crypto/status.h"
#include "kms/audit/record_members.h"

namespace fieldkms {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::TimeUtil;

constexpr std::string_view kKindPrefix = "AUDIT_RECORD_KIND_";
constexpr std::string_view kTokenPrefix = "1.";

// The kind that a line has as "outcome"; unspecified: it has another.
v1::AuditRecordKind KindOf(std::string_view name) {
  std::string full(kKindPrefix);
  for (const char c : name) full += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  v1::AuditRecordKind kind = v1::AUDIT_RECORD_KIND_UNSPECIFIED;
  v1::AuditRecordKind_Parse(full, &kind);
  return kind;
}

std::string NameOf(v1::AuditRecordKind kind) {
  std::string name = v1::AuditRecordKind_Name(kind).substr(kKindPrefix.size());
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name;
}

// The member of the message that has what a line has as `name`: one key is a line's "key", several
// are its "keys".
const FieldDescriptor* MemberOf(const std::string& name) {
  const auto* const descriptor = v1::AuditRecord::descriptor();
  const FieldDescriptor* const member = descriptor->FindFieldByName(name);
  return member != nullptr ? member : descriptor->FindFieldByName(name + "s");
}

template <class Number>
void SetNumber(Number value, const FieldDescriptor& member, Message* out) {
  const auto* const reflection = out->GetReflection();
  if (member.is_repeated()) return;
  switch (member.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection->SetUInt64(out, &member, static_cast<uint64_t>(value));
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection->SetUInt32(out, &member, static_cast<uint32_t>(value));
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection->SetInt32(out, &member, static_cast<int32_t>(value));
    default:
      return;
  }
}

void SetText(const std::string& value, const FieldDescriptor& member, Message* out) {
  if (member.type() != FieldDescriptor::TYPE_STRING) return;
  const auto* const reflection = out->GetReflection();
  if (member.is_repeated()) return reflection->AddString(out, &member, value);
  reflection->SetString(out, &member, value);
}

// Sets a member to a value. What it has no member of the type for is left out.
struct SetMember {
  const FieldDescriptor& member;
  Message* out;

  void operator()(const std::string& text) const { SetText(text, member, out); }
  void operator()(const std::vector<std::string>& texts) const {
    if (!member.is_repeated()) return;
    for (const std::string& text : texts) SetText(text, member, out);
  }
  void operator()(uint64_t number) const { SetNumber(number, member, out); }
  void operator()(int64_t number) const { SetNumber(number, member, out); }
  void operator()(bool flag) const {
    const bool fits = member.cpp_type() == FieldDescriptor::CPPTYPE_BOOL;
    if (fits) out->GetReflection()->SetBool(out, &member, flag);
  }
};

void Set(const std::string& name, const RecordValue& value, v1::AuditRecord* out) {
  const auto* const text = std::get_if<std::string>(&value);
  if (name == "time") {
    if (text != nullptr && !TimeUtil::FromString(*text, out->mutable_time())) out->clear_time();
  } else if (name == "kind") {
    if (text != nullptr) out->set_kind(KindOf(*text));
  } else if (name == "uid" || name == "pid") {
    const FieldDescriptor* const member = v1::AuditPeer::descriptor()->FindFieldByName(name);
    if (text == nullptr) std::visit(SetMember{*member, out->mutable_peer()}, value);
  } else if (const FieldDescriptor* const member = MemberOf(name)) {
    std::visit(SetMember{*member, out}, value);
  }
}

// A beginning of what lines have, of a microsecond that is not before the time: so many of them
// are on each side of it as of the time itself.
absl::StatusOr<std::string> TextOf(google::protobuf::Timestamp time, std::string_view field) {
  constexpr int32_t kMicro = 1'000;
  constexpr int32_t kSecond = 1'000'000'000;
  if (time.nanos() < 0 || time.nanos() >= kSecond ||
      time.seconds() < TimeUtil::kTimestampMinSeconds ||
      time.seconds() >= TimeUtil::kTimestampMaxSeconds) {
    return InvalidField(field, "is out of range");
  }
  const int32_t nanos = (time.nanos() + kMicro - 1) / kMicro * kMicro;
  time.set_seconds(time.seconds() + nanos / kSecond);
  time.set_nanos(nanos % kSecond);
  std::string text = TimeUtil::ToString(time);
  text.pop_back();  // the Z
  return text;
}

absl::Status BadToken(std::string_view field) {
  return InvalidField(field, "is none that this replica gave");
}

}  // namespace

void ToProto(const FoundRecord& found, bool with_line, v1::AuditRecord* out) {
  ForEachMember(found.line, [out](const std::string& name, const RecordValue& value) {
    Set(name, value, out);
  });
  out->set_index(found.index);
  out->clear_line();
  if (with_line) out->set_line(found.line);
}

absl::StatusOr<RecordFilter> FromProto(std::string_view tenant, const v1::AuditFilter& filter) {
  RecordFilter out;
  if (filter.has_since()) {
    FIELDKMS_ASSIGN_OR_RETURN(out.since, TextOf(filter.since(), "filter.since"));
  }
  if (filter.has_until()) {
    FIELDKMS_ASSIGN_OR_RETURN(out.until, TextOf(filter.until(), "filter.until"));
  }
  if (!v1::AuditRecordKind_IsValid(filter.kind())) {
    return InvalidField("filter.kind", "is not known");
  }
  if (filter.kind() != v1::AUDIT_RECORD_KIND_UNSPECIFIED) out.kind = NameOf(filter.kind());
  out.method = filter.method();
  out.principal = filter.principal();
  out.tenant = tenant;
  out.key = filter.key();
  out.field = filter.field();
  out.code = filter.code();
  return out;
}

std::string AuditToken(std::string_view log, const AuditPlace& place) {
  return std::string(kTokenPrefix) + FormatPosition(place.at) + "/" + std::to_string(place.end) +
         "/" + std::string(log);
}

absl::StatusOr<AuditPlace> ParseAuditToken(std::string_view log, const std::string& token,
                                           std::string_view field) {
  if (!token.starts_with(kTokenPrefix)) return BadToken(field);
  const std::string_view text = std::string_view(token).substr(kTokenPrefix.size());
  const size_t slash = std::min(text.find('/'), text.size());
  const auto position = ParsePosition(text.substr(0, slash));
  if (!position.ok()) return BadToken(field);
  AuditPlace place{*position};
  const std::string_view rest = text.substr(std::min(slash + 1, text.size()));
  const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), place.end);
  if (parsed.ec != std::errc() || AuditToken(log, place) != token) return BadToken(field);
  return place;
}

}  // namespace fieldkms
