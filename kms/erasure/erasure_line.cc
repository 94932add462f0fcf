#include "kms/erasure/erasure_line.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <nlohmann/json.hpp>

#include "crypto/base64.h"
#include "crypto/bytes.h"
#include "crypto/names.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kKinds[] = {"token", "lookup", "subject"};
constexpr std::string_view kEnds[] = {"done", "partly", "refused"};
static_assert(static_cast<size_t>(ErasureKind::kSubject) + 1 == std::size(kKinds));
static_assert(static_cast<size_t>(ErasureEnd::kRefused) + 1 == std::size(kEnds));

constexpr size_t kHexDigits = 16;  // of a number of 64 bits

std::string ToBase64(std::string_view bytes) {
  std::string text(Base64Size(Base64::kPadded, bytes.size()), '\0');
  EncodeBase64(Base64::kPadded, AsBytes(bytes),
               {reinterpret_cast<uint8_t*>(text.data()), text.size()});
  return text;
}

std::optional<std::string> FromBase64(std::string_view text) {
  std::string bytes(MaxBase64Bytes(text.size()), '\0');
  const auto size = DecodeBase64(Base64::kPadded, AsBytes(text),
                                 {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

// What is spelled in another way, with upper case or a sign, is refused with its whole line.
std::optional<uint64_t> FromHex(std::string_view text) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number, 16);
  if (text.size() != kHexDigits || error != std::errc() || at != end) return std::nullopt;
  return number;
}

std::optional<uint64_t> NumberIn(const Json& json, const char* name) {
  const auto at = json.find(name);
  if (at == json.end() || !at->is_number_unsigned()) return std::nullopt;
  const auto number = at->get<uint64_t>();
  return number <= INT64_MAX ? std::optional(number) : std::nullopt;
}

std::optional<std::string> TextIn(const Json& json, const char* name) {
  const auto at = json.find(name);
  if (at == json.end() || !at->is_string()) return std::nullopt;
  return at->get<std::string>();
}

template <class Enum, size_t kSize>
std::optional<Enum> ChoiceIn(const Json& json, const char* name,
                             const std::string_view (&choices)[kSize]) {
  const auto text = TextIn(json, name);
  const auto* const at = text ? std::find(choices, choices + kSize, *text) : choices + kSize;
  if (at == choices + kSize) return std::nullopt;
  return static_cast<Enum>(at - choices);
}

std::optional<LoggedErasure> ErasureFrom(const Json& json) {
  const auto number = NumberIn(json, "n");
  const auto time = NumberIn(json, "time");
  const auto kind = ChoiceIn<ErasureKind>(json, "kind", kKinds);
  auto tenant = TextIn(json, "tenant");
  const auto field_id = TextIn(json, "field_id");
  const auto name = TextIn(json, "name");
  if (!number || !time || !kind || !tenant || !name) return std::nullopt;
  auto bytes = FromBase64(*name);
  const auto id = field_id ? FromHex(*field_id) : std::optional<uint64_t>(0);
  if (!bytes || !id || *number == 0) return std::nullopt;
  return LoggedErasure{*number, WallTime(std::chrono::microseconds(*time)),
                       *kind,   *std::move(tenant),
                       *id,     *std::move(bytes)};
}

std::optional<LoggedEnd> EndFrom(const Json& json) {
  const auto first = NumberIn(json, "n");
  const auto last = json.contains("to") ? NumberIn(json, "to") : first;
  const auto end = ChoiceIn<ErasureEnd>(json, "end", kEnds);
  if (!first || !last || !end || *first == 0 || *last < *first) return std::nullopt;
  return LoggedEnd{*first, *last, *end};
}

std::optional<Json> ObjectFrom(std::string_view line) {
  if (line.size() > kMaxErasureLine) return std::nullopt;
  Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? std::optional(std::move(json)) : std::nullopt;
}

bool HasLegalName(const LoggedErasure& erasure) {
  const size_t size = erasure.name.size();
  switch (erasure.kind) {
    case ErasureKind::kToken:
      return size >= 1 && size <= kMaxTokenBytes;
    case ErasureKind::kLookup:
      return size >= 1 && size <= kMaxLookupBytes;
    case ErasureKind::kSubject:
      return size == kSubjectHandleSize;
  }
  return false;
}

}  // namespace

absl::Status CheckErasure(const LoggedErasure& erasure) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(erasure.tenant));
  if ((erasure.field_id == 0) != (erasure.kind == ErasureKind::kSubject)) {
    return InvalidField("field_id", "an erasure of tokens names a field, one of a subject none");
  }
  if (!HasLegalName(erasure)) return InvalidField("name", "it has not the length of its kind");
  return absl::OkStatus();
}

void AppendErasureHeader(const SubjectStore::LogId& log, std::string* out) {
  uint64_t halves[2] = {};
  for (size_t i = 0; i < log.size(); ++i) halves[i / 8] = halves[i / 8] << 8 | log[i];
  *out +=
      R"({"erasure_log":")" + FormatKeyId(halves[0]) + FormatKeyId(halves[1]) + "\",\"form\":1}\n";
}

void AppendErasure(const LoggedErasure& erasure, std::string* out) {
  *out += "{\"n\":" + std::to_string(erasure.number);
  *out += ",\"time\":" + std::to_string(erasure.time.time_since_epoch().count());
  *out += ",\"kind\":\"";
  *out += kKinds[static_cast<size_t>(erasure.kind)];
  *out += "\",\"tenant\":\"" + erasure.tenant + '"';
  if (erasure.kind != ErasureKind::kSubject) {
    *out += ",\"field_id\":\"" + FormatKeyId(erasure.field_id) + '"';
  }
  *out += ",\"name\":\"" + ToBase64(erasure.name) + "\"}\n";
}

void AppendErasureEnd(const LoggedEnd& end, std::string* out) {
  *out += "{\"n\":" + std::to_string(end.first);
  if (end.last != end.first) *out += ",\"to\":" + std::to_string(end.last);
  *out += ",\"end\":\"";
  *out += kEnds[static_cast<size_t>(end.end)];
  *out += "\"}\n";
}

std::optional<SubjectStore::LogId> ParseErasureHeader(std::string_view line) {
  const auto json = ObjectFrom(line);
  const auto text = json ? TextIn(*json, "erasure_log") : std::nullopt;
  if (!text || text->size() != 2 * kHexDigits) return std::nullopt;
  SubjectStore::LogId log{};
  for (size_t half = 0; half < 2; ++half) {
    const auto number = FromHex(std::string_view(*text).substr(half * kHexDigits, kHexDigits));
    if (!number) return std::nullopt;
    for (size_t i = 0; i < 8; ++i) {
      log[half * 8 + i] = static_cast<uint8_t>(*number >> (56 - 8 * i));
    }
  }
  std::string again;
  AppendErasureHeader(log, &again);
  return again == line ? std::optional(log) : std::nullopt;
}

std::optional<std::variant<LoggedErasure, LoggedEnd>> ParseErasureLine(std::string_view line) {
  const auto json = ObjectFrom(line);
  if (!json) return std::nullopt;
  std::string again;
  if (json->contains("end")) {
    const auto end = EndFrom(*json);
    if (end) AppendErasureEnd(*end, &again);
    if (again.empty() || again != line) return std::nullopt;
    return *end;
  }
  auto erasure = ErasureFrom(*json);
  if (!erasure || !CheckErasure(*erasure).ok()) return std::nullopt;
  AppendErasure(*erasure, &again);
  if (again != line) return std::nullopt;
  return *std::move(erasure);
}

}  // namespace fieldkms
