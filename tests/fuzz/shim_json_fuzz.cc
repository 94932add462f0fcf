// Bodies of the shim's requests: what is read is what nlohmann reads, with our limits, and texts
// are written so that they are read again.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/bytes.h"
#include "sql/shim/json_body.h"
#include "sql/shim/json_writer.h"
#include "tests/fuzz/require.h"

namespace fieldkms::shim {
namespace {

using Json = nlohmann::json;

void IsText(std::string_view read, const Json& expected) {
  Require(read == expected.get_ref<const std::string&>());
  JsonWriter writer(0);
  Require(Json::parse(writer.Text(read).Take()) == expected);
}

void Agrees(const JsonValue& value, const Json& expected) {
  switch (value.kind) {
    case JsonValue::Kind::kNull:
      return Require(expected.is_null());
    case JsonValue::Kind::kText:
      return IsText(value.text, expected);
    case JsonValue::Kind::kInteger:
      return Require(expected.is_number_integer() && expected.get<int64_t>() == value.number);
    case JsonValue::Kind::kFlag:
      return Require(expected.is_boolean() && expected.get<bool>() == (value.number == 1));
    case JsonValue::Kind::kArray:
      return Require(expected.is_array());
    case JsonValue::Kind::kOther:
      return Require(expected.is_object() || expected.is_number());
  }
}

void Agrees(const JsonObject& object, const Json& expected) {
  for (const auto& [name, value] : expected.items()) {
    const JsonValue* const found = object.Find(name);
    Require(found != nullptr);
    Agrees(*found, value);
  }
}

void AgreesOnItems(JsonBody& body, const Json& expected) {
  const JsonValue* const array = body.root().Find("batch_input");
  if (array == nullptr || array->kind != JsonValue::Kind::kArray) return;
  const Json& items = expected.at("batch_input");
  Require(body.SizeOf(*array) == items.size());
  std::vector<JsonObject> objects;
  bool all = true;
  for (const Json& item : items) all = all && item.is_object();
  Require(body.ReadObjects(*array, &objects) == all);
  if (!all) return;
  Require(objects.size() == items.size());
  for (size_t i = 0; i < objects.size(); ++i) Agrees(objects[i], items[i]);
}

}  // namespace
}  // namespace fieldkms::shim

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fieldkms;
  using namespace fieldkms::shim;
  const std::string text(AsText(ByteView(data, size)));
  JsonBody body;
  // What nlohmann takes and we do not: numbers of any size, any depth, a byte order mark, a NUL for
  // the end.
  if (!body.Read(text) || text.empty()) return 0;
  Require(nlohmann::json::accept(text));
  const nlohmann::json expected = nlohmann::json::parse(text);
  if (expected.is_null()) return 0;
  Agrees(body.root(), expected);
  AgreesOnItems(body, expected);
  return 0;
}
