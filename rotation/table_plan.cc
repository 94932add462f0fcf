#include "rotation/table_plan.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/status.h"
#include "rotation/database.h"

namespace fieldkms::rotation {
namespace {

using Json = nlohmann::json;

// Of what is written here: a release that changes it takes another number.
constexpr uint64_t kForm = 1;
// The same with sources, where a column has one: all other plans stay such as every release reads.
constexpr uint64_t kFormWithSources = 2;

constexpr std::array<std::pair<Shape, std::string_view>, 7> kShapes = {{
    {Shape::kBytea, "bytea"},
    {Shape::kText, "text"},
    {Shape::kByteaArray, "bytea[]"},
    {Shape::kTextArray, "text[]"},
    {Shape::kJson, "json"},
    {Shape::kJsonb, "jsonb"},
    {Shape::kFpe, "fpe"},
}};
constexpr std::array<std::pair<ScanOrder, std::string_view>, 2> kOrders = {{
    {ScanOrder::kKey, "key"},
    {ScanOrder::kPlace, "place"},
}};

constexpr std::array<std::pair<Work, std::string_view>, 5> kWorks = {{
    {Work::kReseal, "reseal"},
    {Work::kEncrypt, "encrypt"},
    {Work::kDecrypt, "decrypt"},
    {Work::kReindex, "reindex"},
    {Work::kRetokenize, "retokenize"},
}};

// Writer and Reader take the members of each struct from the same lists (Members, below).
class Writer {
 public:
  void Text(const char* name, const std::string& value) { object_[name] = value; }
  void Bytes(const char* name, const std::string& value) {
    object_[name] = EncodeHex(AsBytes(value));
  }
  void Bool(const char* name, bool value) { object_[name] = value; }
  template <class Number>
  void Unsigned(const char* name, Number value) {
    object_[name] = uint64_t{value};
  }
  template <class Value, size_t kCount>
  void Named(const char* name, Value value,
             const std::array<std::pair<Value, std::string_view>, kCount>& names) {
    for (const auto& [known, text] : names) {
      if (known == value) object_[name] = text;
    }
  }
  template <class Struct>
  void Object(const char* name, const Struct& value) {
    object_[name] = JsonOf(value);
  }
  template <class Value>
  void List(const char* name, const std::vector<Value>& values) {
    Json& list = object_[name] = Json::array();
    for (const Value& value : values) list.push_back(JsonOf(value));
  }

  template <class Struct>
  static Json JsonOf(const Struct& value);
  static Json JsonOf(const std::string& value) { return value; }
  static Json JsonOf(size_t value) { return uint64_t{value}; }

 private:
  Json object_ = Json::object();
};

// Keeps whether anything was not as it should be, and passes over the rest.
class Reader {
 public:
  explicit Reader(const Json& object) : object_(object) {}

  void Text(const char* name, std::string& value) { Take(Member(name), value); }
  void Bytes(const char* name, std::string& value) {
    std::string text;
    Text(name, text);
    value.resize(text.size() / 2);
    if (!DecodeHex(text, AsMutableBytes(value))) fits_ = false;
  }
  void Bool(const char* name, bool& value) {
    const Json& member = Member(name);
    if (!member.is_boolean()) return Refuse();
    value = member.get<bool>();
  }
  template <class Number>
  void Unsigned(const char* name, Number& value) {
    Take(Member(name), value);
  }
  template <class Value, size_t kCount>
  void Named(const char* name, Value& value,
             const std::array<std::pair<Value, std::string_view>, kCount>& names) {
    std::string text;
    Text(name, text);
    for (const auto& [known, its_name] : names) {
      if (its_name != text) continue;
      value = known;
      return;
    }
    Refuse();
  }
  template <class Struct>
  void Object(const char* name, Struct& value) {
    Take(Member(name), value);
  }
  template <class Value>
  void List(const char* name, std::vector<Value>& values) {
    const Json& member = Member(name);
    if (!member.is_array()) return Refuse();
    for (const Json& element : member) Take(element, values.emplace_back());
  }

  // All was there, and nothing else.
  bool Fits() const { return fits_ && taken_ == object_.size(); }

 private:
  void Refuse() { fits_ = false; }
  const Json& Member(const char* name) {
    static const Json kNone;
    const auto member = object_.find(name);
    if (member == object_.end()) return kNone;
    ++taken_;
    return *member;
  }
  void Take(const Json& json, std::string& value) {
    if (!json.is_string()) return Refuse();
    value = json.get_ref<const std::string&>();
  }
  template <class Number>
  requires std::is_integral_v<Number>
  void Take(const Json& json, Number& value) {
    if (!json.is_number_unsigned()) return Refuse();
    const auto number = json.get<uint64_t>();
    if (number > std::numeric_limits<Number>::max()) return Refuse();
    value = static_cast<Number>(number);
  }
  template <class Struct>
  requires std::is_class_v<Struct>
  void Take(const Json& json, Struct& value);

  const Json& object_;
  size_t taken_ = 0;
  bool fits_ = true;
};

template <class Visitor, class Value>
requires std::is_same_v<std::remove_const_t<Value>, TableName>
void Members(Visitor& visitor, Value& table) {
  visitor.Text("schema", table.schema);
  visitor.Text("table", table.table);
}

template <class Visitor, class Value>
requires std::is_same_v<std::remove_const_t<Value>, PlainColumn>
void Members(Visitor& visitor, Value& column) {
  visitor.Text("name", column.name);
  visitor.Text("type", column.type);
}

template <class Visitor, class Value>
requires std::is_same_v<std::remove_const_t<Value>, CipherColumn>
void Members(Visitor& visitor, Value& column) {
  visitor.Text("name", column.name);
  visitor.Text("type", column.type);
  visitor.Named("shape", column.shape, kShapes);
  visitor.Bytes("binding_id", column.binding_id);
  visitor.Bytes("field_id", column.field_id);
  visitor.Bool("bound_to_row", column.bound_to_row);
  visitor.List("context_names", column.context_names);
  visitor.List("context_columns", column.context_columns);
  visitor.Text("field", column.field);
  visitor.Object("companion", column.companion);
  visitor.Bool("companion_bytes", column.companion_bytes);
  visitor.Object("index", column.index);
  visitor.Text("source", column.source);
  visitor.Text("source_key", column.source_key);
  visitor.List("source_columns", column.source_columns);
}

template <class Visitor, class Value>
requires std::is_same_v<std::remove_const_t<Value>, TablePlan>
void Members(Visitor& visitor, Value& plan) {
  visitor.Object("root", plan.root);
  visitor.Object("leaf", plan.leaf);
  visitor.Unsigned("relation", plan.relation);
  visitor.Named("order", plan.order, kOrders);
  visitor.List("scan_key", plan.scan_key);
  visitor.List("row_key", plan.row_key);
  visitor.List("context_columns", plan.context_columns);
  visitor.List("columns", plan.columns);
  visitor.Named("work", plan.work, kWorks);
  visitor.Unsigned("estimated_rows", plan.estimated_rows);
}

template <class Struct>
Json Writer::JsonOf(const Struct& value) {
  Writer writer;
  Members(writer, value);
  return std::move(writer.object_);
}

template <class Struct>
requires std::is_class_v<Struct>
void Reader::Take(const Json& json, Struct& value) {
  if (!json.is_object()) return Refuse();
  Reader reader(json);
  Members(reader, value);
  if (!reader.Fits()) Refuse();
}

bool HasSources(const TablePlan& plan) {
  return std::any_of(plan.columns.begin(), plan.columns.end(),
                     [](const CipherColumn& column) { return !column.source.empty(); });
}

// Members of columns that plans without sources are written without.
const Json& NoSource() {
  static const Json members = {
      {"source", ""}, {"source_key", ""}, {"source_columns", Json::array()}};
  return members;
}

// Adds them to what was written without. False: it has some all the same.
bool AddNoSources(Json* json) {
  if (json->value("form", Json()) != kForm) return true;
  const auto columns = Json::json_pointer("/plan/columns");
  if (!json->contains(columns) || !(*json)[columns].is_array()) return true;
  for (Json& column : (*json)[columns]) {
    if (!column.is_object()) continue;
    for (const auto& [name, none] : NoSource().items()) {
      if (!column.emplace(name, none).second) return false;
    }
  }
  return true;
}

bool HoldsTogether(const TablePlan& plan) {
  if (plan.columns.empty()) return false;
  for (const CipherColumn& column : plan.columns) {
    if (column.binding_id.size() != kBindingIdSize) return false;
    if (!column.field_id.empty() && column.field_id.size() != kFieldIdSize) return false;
    if (column.context_names.size() != column.context_columns.size()) return false;
    if (column.companion.name.empty() != (plan.work == Work::kReseal)) return false;
    if (!column.index.name.empty() && plan.work != Work::kEncrypt) return false;
    for (const std::vector<size_t>* const indexes :
         {&column.context_columns, &column.source_columns}) {
      for (const size_t index : *indexes) {
        if (index >= plan.context_columns.size()) return false;
      }
    }
    if (column.source.empty() != column.source_key.empty()) return false;
  }
  return true;
}

}  // namespace

bool WritesColumn(Work work) {
  return work == Work::kReseal || work == Work::kEncrypt || work == Work::kRetokenize;
}

bool WritesCompanion(Work work) { return !WritesColumn(work) || work == Work::kRetokenize; }

std::vector<Slot> SlotsOf(const TablePlan& plan) {
  std::vector<Slot> slots;
  slots.reserve(3 * plan.columns.size());
  for (const CipherColumn& column : plan.columns) {
    slots.push_back(
        {column.name, column.type, column.shape == Shape::kBytea, WritesColumn(plan.work)});
  }
  if (plan.work == Work::kReseal) return slots;
  for (const CipherColumn& column : plan.columns) {
    const PlainColumn& companion = column.companion;
    slots.push_back(
        {companion.name, companion.type, column.companion_bytes, WritesCompanion(plan.work)});
  }
  for (const CipherColumn& column : plan.columns) {
    if (column.index.name.empty()) continue;
    slots.push_back({column.index.name, column.index.type, /*bytes=*/true, /*written=*/true});
  }
  return slots;
}

std::optional<size_t> IndexSlot(const TablePlan& plan, size_t column) {
  if (plan.columns[column].index.name.empty()) return std::nullopt;
  size_t slot = 2 * plan.columns.size();
  for (size_t i = 0; i < column; ++i) slot += plan.columns[i].index.name.empty() ? 0 : 1;
  return slot;
}

std::string_view ShapeName(Shape shape) {
  for (const auto& [known, name] : kShapes) {
    if (known == shape) return name;
  }
  return {};
}

absl::StatusOr<Shape> ParseShape(std::string_view name) {
  for (const auto& [shape, known] : kShapes) {
    if (known == name) return shape;
  }
  return InvalidField("shape", "must be bytea, text, bytea[], text[], json, jsonb or fpe");
}

std::string TablePlanJson(const TablePlan& plan) {
  const bool sources = HasSources(plan);
  Json json = {{"form", sources ? kFormWithSources : kForm}, {"plan", Writer::JsonOf(plan)}};
  if (!sources) {
    for (Json& column : json["plan"]["columns"]) {
      for (const auto& [name, none] : NoSource().items()) column.erase(name);
    }
  }
  // Names are UTF-8, since sessions are: nothing is ever replaced.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<TablePlan> ParseTablePlan(std::string_view text) {
  const absl::Status other = DatabaseRefused(
      "the plan of a table was written by another release: let that one finish the job, or cancel "
      "it and make a new one");
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !AddNoSources(&json)) return other;
  TablePlan plan;
  uint64_t form = 0;
  Reader reader(json);
  reader.Unsigned("form", form);
  reader.Object("plan", plan);
  const bool known = form == (HasSources(plan) ? kFormWithSources : kForm);
  if (!reader.Fits() || !known || !HoldsTogether(plan)) return other;
  return plan;
}

}  // namespace fieldkms::rotation
