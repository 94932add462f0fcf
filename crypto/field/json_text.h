// JSON text (RFC 8259) read without being taken apart: which values it has and where each stands,
// so that members can be replaced and all else kept as it is spelled. Internal to crypto/field.
#ifndef FIELDKMS_CRYPTO_FIELD_JSON_TEXT_H_
#define FIELDKMS_CRYPTO_FIELD_JSON_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "crypto/field/format.h"

namespace fieldkms {

inline constexpr size_t kMostJsonDepth = 64;  // arrays and objects within one another

enum class JsonKind : uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };

// A value. Holds places in the text, nothing of the text itself.
struct JsonNode {
  JsonKind kind = JsonKind::kNull;
  size_t begin = 0;  // of its text, without white space around it
  size_t end = 0;
  size_t name_begin = 0;  // of its name, with the quotation marks; of members of objects only
  size_t name_end = 0;
  size_t next = 0;  // the number of the first value that is neither it nor within it
};

// Values in the order in which they begin: the first is the whole, and the children of `i` are
// i + 1, the `next` of that, and so on, until the `next` of `i`.
using JsonNodes = std::vector<JsonNode>;

inline std::string_view TextOf(std::string_view text, const JsonNode& node) {
  return text.substr(node.begin, node.end - node.begin);
}
inline std::string_view NameOf(std::string_view text, const JsonNode& node) {
  return text.substr(node.name_begin, node.name_end - node.name_begin);
}

// ReadJson replaces `nodes` by the values of `text` (UTF-8). Returns the first rule of JsonRules()
// that it breaks, else null. `most_depth`: at most kMostJsonDepth.
const FieldRule* ReadJson(std::string_view text, size_t most_depth, JsonNodes* nodes);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_JSON_TEXT_H_
