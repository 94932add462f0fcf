#include "kms/store/record_json.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>
#include <vector>

#include "crypto/base64.h"
#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/store/record_enums.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

using Json = nlohmann::json;
using Labels = std::map<std::string, std::string>;

constexpr size_t kIdDigits = 16;

std::string IdText(uint64_t id) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text(kIdDigits, '0');
  for (size_t i = kIdDigits; id != 0; id >>= 4) text[--i] = kDigits[id & 15];
  return text;
}

std::optional<uint64_t> IdOf(std::string_view text) {
  if (text.size() != kIdDigits) return std::nullopt;
  uint64_t id = 0;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return std::nullopt;
    id = (id << 4) | static_cast<uint64_t>(digit ? c - '0' : c - 'a' + 10);
  }
  return id;
}

std::string DumpOf(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Labels> LabelsOf(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  Labels labels;
  for (const auto& [label, text] : json.items()) {
    if (!text.is_string()) return std::nullopt;
    labels[label] = text.get_ref<const std::string&>();
  }
  return labels;
}

// Writer and Reader take the members of a record from the same list (Members).
class Writer {
 public:
  void Text(const char* name, const std::string& value) { object_[name] = value; }
  void Id(const char* name, uint64_t value) { object_[name] = IdText(value); }
  void Bool(const char* name, bool value) { object_[name] = value; }
  template <class Number>
  void Unsigned(const char* name, Number value) {
    object_[name] = uint64_t{value};
  }
  template <class Enumeration>
  void Enum(const char* name, Enumeration value) {
    object_[name] = static_cast<unsigned>(value);
  }
  void Time(const char* name, WallTime value) { object_[name] = value.time_since_epoch().count(); }
  void TimeIfAny(const char* name, const std::optional<WallTime>& value) {
    if (value) Time(name, *value);
  }
  void Seconds(const char* name, std::chrono::seconds value) { object_[name] = value.count(); }
  void Bytes(const char* name, const std::string& value) {
    std::string text(Base64Size(Base64::kPadded, value.size()), '\0');
    EncodeBase64(Base64::kPadded, AsBytes(value), AsMutableBytes(text));
    object_[name] = std::move(text);
  }
  void Map(const char* name, const Labels& value) { object_[name] = value; }

  std::string Dump() const { return DumpOf(object_); }

 private:
  Json object_ = Json::object();
};

// Keeps the first thing that is wrong and passes over the rest.
class Reader {
 public:
  explicit Reader(const Json& object) : object_(object) {}

  void Text(const char* name, std::string& value) {
    const Json* member = Member(name);
    if (member == nullptr) return;
    if (!member->is_string()) return Refuse(name);
    value = member->get_ref<const std::string&>();
  }
  void Id(const char* name, uint64_t& value) {
    std::string text;
    Text(name, text);
    Take(name, IdOf(text), value);
  }
  void Bool(const char* name, bool& value) {
    const Json* member = Member(name);
    if (member == nullptr) return;
    if (!member->is_boolean()) return Refuse(name);
    value = member->get<bool>();
  }
  template <class Number>
  void Unsigned(const char* name, Number& value) {
    const Json* member = Member(name);
    if (member == nullptr) return;
    if (!member->is_number_unsigned()) return Refuse(name);
    const auto number = member->get<uint64_t>();
    if (number > std::numeric_limits<Number>::max()) return Refuse(name);
    value = static_cast<Number>(number);
  }
  template <class Enumeration>
  void Enum(const char* name, Enumeration& value) {
    int64_t number = 0;
    Signed(name, number);
    Take(name, EnumOf<Enumeration>(number), value);
  }
  void Time(const char* name, WallTime& value) {
    int64_t number = 0;
    Signed(name, number);
    value = WallTime(std::chrono::microseconds(number));
  }
  void TimeIfAny(const char* name, std::optional<WallTime>& value) {
    value = std::nullopt;
    if (object_.contains(name)) Time(name, value.emplace());
  }
  void Seconds(const char* name, std::chrono::seconds& value) {
    int64_t number = 0;
    Signed(name, number);
    if (number < 0) return Refuse(name);
    value = std::chrono::seconds(number);
  }
  void Bytes(const char* name, std::string& value) {
    std::string text;
    Text(name, text);
    value.resize(MaxBase64Bytes(text.size()));
    const auto size = DecodeBase64(Base64::kPadded, AsBytes(text), AsMutableBytes(value));
    if (!size) return Refuse(name);
    value.resize(*size);
  }
  void Map(const char* name, Labels& value) {
    if (const Json* member = Member(name)) Take(name, LabelsOf(*member), value);
  }

  absl::Status Finish() {
    if (status_.ok() && read_ != object_.size()) {
      return StoreCorrupt("a record has a member that is not known");
    }
    return status_;
  }

 private:
  const Json* Member(const char* name) {
    const auto found = object_.find(name);
    if (found != object_.end()) {
      ++read_;
      return &*found;
    }
    Refuse(name);
    return nullptr;
  }
  void Signed(const char* name, int64_t& value) {
    const Json* member = Member(name);
    if (member == nullptr) return;
    if (!member->is_number_integer()) return Refuse(name);
    if (member->is_number_unsigned() &&
        member->get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()}) {
      return Refuse(name);
    }
    value = member->get<int64_t>();
  }
  template <class Value>
  void Take(const char* name, const std::optional<Value>& found, Value& value) {
    if (!found) return Refuse(name);
    value = *found;
  }
  void Refuse(const char* name) {
    if (!status_.ok()) return;
    status_ = StoreCorrupt(std::string("a record's member is missing or not valid: ") + name);
  }

  const Json& object_;
  size_t read_ = 0;
  absl::Status status_;
};

// The members of each record; `record` is const where it is written. A member that a
// later release adds is read with a default, as TimeIfAny does, since the texts
// of this release lack it.
template <class Archive, class R>
void Members(Archive& archive, R& record, const TenantRecord*) {
  archive.Text("tenant", record.tenant);
  archive.Time("create_time", record.create_time);
  archive.Unsigned("primary_kek", record.primary_kek);
  archive.Unsigned("change", record.change);
}

template <class Archive, class R>
void Members(Archive& archive, R& record, const KekRecord*) {
  archive.Unsigned("version", record.version);
  archive.Bytes("wrapped", record.wrapped);
  archive.Time("create_time", record.create_time);
}

template <class Archive, class R>
void Members(Archive& archive, R& record, const KeyRecord*) {
  archive.Text("tenant", record.tenant);
  archive.Text("name", record.name);
  archive.Id("key_id", record.key_id);
  archive.Enum("purpose", record.purpose);
  archive.Unsigned("primary_version", record.primary_version);
  archive.Time("create_time", record.create_time);
  archive.Time("primary_create_time", record.primary_create_time);
  archive.Unsigned("suite", record.suite);
  archive.Bool("exportable", record.exportable);
  archive.Bool("audit_per_operation", record.audit_per_operation);
  archive.Unsigned("min_decrypt_version", record.min_decrypt_version);
  archive.Seconds("rotation_period", record.rotation_period);
  archive.TimeIfAny("next_rotation", record.next_rotation);
  archive.Seconds("lease_longest", record.lease.longest);
  archive.Unsigned("lease_most_messages", record.lease.most_messages);
  archive.Map("labels", record.labels);
  archive.Unsigned("change", record.change);
}

template <class Archive, class R>
void Members(Archive& archive, R& record, const KeyVersionRecord*) {
  archive.Unsigned("version", record.version);
  archive.Enum("state", record.state);
  archive.Unsigned("kek_version", record.kek_version);
  archive.Bytes("wrapped", record.wrapped);
  archive.Time("create_time", record.create_time);
  archive.Enum("origin", record.origin);
  archive.TimeIfAny("destroy_time", record.destroy_time);
}

template <class Archive, class R>
void Members(Archive& archive, R& record, const AliasRecord*) {
  archive.Text("tenant", record.tenant);
  archive.Text("alias", record.alias);
  archive.Id("key_id", record.key_id);
  archive.Unsigned("change", record.change);
}

template <class Archive, class R>
void Members(Archive& archive, R& record, const FieldRecord*) {
  archive.Text("tenant", record.tenant);
  archive.Text("name", record.name);
  archive.Id("field_id", record.field_id);
  archive.Bytes("policy", record.policy);
  archive.Time("create_time", record.create_time);
  archive.Time("update_time", record.update_time);
  archive.Unsigned("change", record.change);
}

template <class Record>
std::string Write(const Record& record) {
  Writer writer;
  Members(writer, record, &record);
  return writer.Dump();
}

// The object that `text` is; nullopt where it is none, or names a member twice, of
// which the parser would keep the last.
std::optional<Json> Parse(std::string_view text) {
  std::vector<std::set<std::string>> names;
  bool twice = false;
  const auto look = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key) {
      twice |= !names.back().insert(parsed.get_ref<const std::string&>()).second;
    }
    return true;
  };
  Json parsed = Json::parse(text.begin(), text.end(), look, false);
  if (twice || !parsed.is_object()) return std::nullopt;
  return parsed;
}

template <class Record>
absl::StatusOr<Record> Read(std::string_view text) {
  const std::optional<Json> object = Parse(text);
  if (!object) return StoreCorrupt("a record is not a JSON object");
  Record record;
  Reader reader(*object);
  Members(reader, record, &record);
  FIELDKMS_RETURN_IF_ERROR(reader.Finish());
  return record;
}

}  // namespace

std::string ToJson(const TenantRecord& record) { return Write(record); }
std::string ToJson(const KekRecord& record) { return Write(record); }
std::string ToJson(const KeyRecord& record) { return Write(record); }
std::string ToJson(const KeyVersionRecord& record) { return Write(record); }
std::string ToJson(const AliasRecord& record) { return Write(record); }
std::string ToJson(const FieldRecord& record) { return Write(record); }
std::string LabelsToJson(const Labels& labels) { return DumpOf(Json(labels)); }

absl::StatusOr<Labels> LabelsFromJson(std::string_view text) {
  if (text == "{}") return Labels();  // most keys have none, and each load reads them
  const std::optional<Json> object = Parse(text);
  std::optional<Labels> labels = object ? LabelsOf(*object) : std::nullopt;
  if (!labels) return StoreCorrupt("labels are not a JSON object of strings");
  return *std::move(labels);
}

template <>
absl::StatusOr<TenantRecord> FromJson<TenantRecord>(std::string_view text) {
  return Read<TenantRecord>(text);
}
template <>
absl::StatusOr<KekRecord> FromJson<KekRecord>(std::string_view text) {
  return Read<KekRecord>(text);
}
template <>
absl::StatusOr<KeyRecord> FromJson<KeyRecord>(std::string_view text) {
  return Read<KeyRecord>(text);
}
template <>
absl::StatusOr<KeyVersionRecord> FromJson<KeyVersionRecord>(std::string_view text) {
  return Read<KeyVersionRecord>(text);
}
template <>
absl::StatusOr<AliasRecord> FromJson<AliasRecord>(std::string_view text) {
  return Read<AliasRecord>(text);
}
template <>
absl::StatusOr<FieldRecord> FromJson<FieldRecord>(std::string_view text) {
  return Read<FieldRecord>(text);
}

}  // namespace fieldkms
