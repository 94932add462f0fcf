#include "sql/shim/json_body.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/wiped_string.h"
#include "sql/shim/http_message.h"

namespace fieldkms::shim {
namespace {

static_assert(kBodyPadding >= simdjson::SIMDJSON_PADDING);

constexpr size_t kDeepest = 16;
// A thread keeps no more memory than such a body takes.
constexpr size_t kMostKept = 256 << 10;

JsonValue::Kind KindOf(const simdjson::dom::element& element) {
  switch (element.type()) {
    case simdjson::dom::element_type::NULL_VALUE:
      return JsonValue::Kind::kNull;
    case simdjson::dom::element_type::STRING:
      return JsonValue::Kind::kText;
    case simdjson::dom::element_type::INT64:
      return JsonValue::Kind::kInteger;
    case simdjson::dom::element_type::BOOL:
      return JsonValue::Kind::kFlag;
    case simdjson::dom::element_type::ARRAY:
      return JsonValue::Kind::kArray;
    default:
      return JsonValue::Kind::kOther;
  }
}

JsonValue ValueOf(const simdjson::dom::element& element) {
  JsonValue value;
  value.kind = KindOf(element);
  if (value.kind == JsonValue::Kind::kText) {
    value.text = element.get_string().value_unsafe();
  } else if (value.kind == JsonValue::Kind::kInteger) {
    value.number = element.get_int64().value_unsafe();
  } else if (value.kind == JsonValue::Kind::kFlag) {
    value.number = element.get_bool().value_unsafe() ? 1 : 0;
  }
  return value;
}

}  // namespace

struct JsonBody::Parser {
  simdjson::dom::parser parser;
  std::vector<simdjson::dom::array> arrays;  // of the root's members

  // After a body of `size` bytes. A text takes its own bytes, or less, and five more; with its
  // quotation marks and what stands behind it, it had three at least. Words are written whole.
  void Wipe(size_t size) {
    arrays.clear();
    const auto bound = [](size_t bytes) { return 5 * bytes / 3 + simdjson::SIMDJSON_PADDING; };
    const simdjson::dom::document& doc = parser.doc;
    if (doc.string_buf == nullptr) return;
    const size_t room = bound(doc.capacity());  // as simdjson allocates it, or a little less
    fieldkms::Wipe({doc.string_buf.get(), std::min(room, bound(size) + kBodyPadding)});
  }
};

const JsonValue* JsonObject::Find(std::string_view name) const {
  const auto found = std::find_if(members_.rbegin(), members_.rend(),
                                  [name](const JsonMember& member) { return member.name == name; });
  return found == members_.rend() ? nullptr : &found->value;
}

std::string_view JsonObject::TextOf(std::string_view name, bool* ok) const {
  const JsonValue* const value = Find(name);
  if (value == nullptr || value->is_null()) return {};
  if (!value->is_text()) *ok = false;
  return value->text;
}

int64_t JsonObject::NumberOf(std::string_view name, int64_t otherwise, bool* ok) const {
  const JsonValue* const value = Find(name);
  if (value == nullptr || value->is_null()) return otherwise;
  if (value->kind == JsonValue::Kind::kInteger) return value->number;
  int64_t number = 0;
  const char* const last = value->text.data() + value->text.size();
  const auto [end, error] = std::from_chars(value->text.data(), last, number);
  if (value->is_text() && error == std::errc() && end == last) return number;
  *ok = false;
  return otherwise;
}

bool JsonObject::FlagOf(std::string_view name, bool otherwise, bool* ok) const {
  const JsonValue* const value = Find(name);
  if (value == nullptr || value->is_null()) return otherwise;
  if (value->kind == JsonValue::Kind::kFlag) return value->number != 0;
  if (value->text == "true" || value->text == "false") return value->text == "true";
  *ok = false;
  return otherwise;
}

std::unique_ptr<JsonBody::Parser>& JsonBody::Kept() {
  thread_local std::unique_ptr<Parser> kept;
  return kept;
}

JsonBody::JsonBody() : parser_(std::move(Kept())) {
  if (parser_ == nullptr) parser_ = std::make_unique<Parser>();
}

JsonBody::~JsonBody() {
  parser_->Wipe(read_);
  if (parser_->parser.capacity() <= kMostKept) Kept() = std::move(parser_);
}

bool JsonBody::Read(const std::string& text) {
  if (text.empty()) return true;
  WipedString padded;
  const std::string* read = &text;
  if (text.capacity() - text.size() < kBodyPadding) {
    padded->resize(text.size() + kBodyPadding);
    text.copy(padded->data(), text.size());
    padded->resize(text.size());
    read = padded.get();
  }
  simdjson::dom::parser& parser = parser_->parser;
  // The parser counts an object that holds others one deeper than it is.
  if (parser.capacity() < text.size() &&
      parser.allocate(text.size(), kDeepest + 1) != simdjson::SUCCESS) {
    return false;
  }
  simdjson::dom::element root;
  const simdjson::error_code error =
      parser.parse(read->data(), read->size(), /*realloc_if_needed=*/false).get(root);
  read_ = text.size();
  if (error != simdjson::SUCCESS) return false;
  if (root.is_null()) return true;
  simdjson::dom::object object;
  if (root.get_object().get(object) != simdjson::SUCCESS) return false;
  for (const auto& [name, element] : object) {
    JsonValue& value = of_root_.emplace_back(JsonMember{name, ValueOf(element)}).value;
    if (value.kind != JsonValue::Kind::kArray) continue;
    value.array_ = parser_->arrays.size();
    parser_->arrays.push_back(element.get_array().value_unsafe());
  }
  root_ = JsonObject(of_root_);
  return true;
}

size_t JsonBody::SizeOf(const JsonValue& array) const {
  return parser_->arrays[array.array_].size();
}

bool JsonBody::ReadObjects(const JsonValue& array, std::vector<JsonObject>* out) {
  std::vector<size_t> ends;
  for (const simdjson::dom::element& element : parser_->arrays[array.array_]) {
    simdjson::dom::object object;
    if (element.get_object().get(object) != simdjson::SUCCESS) return false;
    for (const auto& [name, value] : object) of_items_.push_back({name, ValueOf(value)});
    ends.push_back(of_items_.size());
  }
  const std::span<const JsonMember> members(of_items_);
  size_t begin = 0;
  for (const size_t end : ends) {
    out->emplace_back(members.subspan(begin, end - begin));
    begin = end;
  }
  return true;
}

}  // namespace fieldkms::shim
