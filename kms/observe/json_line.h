// JsonLine writes one line of JSON: an object of scalars and lists of strings. For logs and audit,
// which are written often and read by machines.
#ifndef FIELDKMS_KMS_OBSERVE_JSON_LINE_H_
#define FIELDKMS_KMS_OBSERVE_JSON_LINE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "kms/clock.h"

namespace fieldkms {

// Writes to a string that it does not own: "{", members, then Finish for "}\n".
// Strings are cut at 4096 bytes, with an ellipsis (U+2026) for the rest; all but
// printable ASCII is escaped byte by byte as \u00xx, so that no input can break a
// line or hide in one.
class JsonLine {
 public:
  explicit JsonLine(std::string* out);

  void Text(std::string_view name, std::string_view value);
  void Texts(std::string_view name, std::span<const std::string_view> values);
  void Unsigned(std::string_view name, uint64_t value);
  void Signed(std::string_view name, int64_t value);
  void Bool(std::string_view name, bool value);
  // RFC 3339 in UTC with microseconds.
  void Time(std::string_view name, WallTime value);
  void Finish();

 private:
  void Name(std::string_view name);
  void Quote(std::string_view value);
  std::string& out_;
  bool first_ = true;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_OBSERVE_JSON_LINE_H_
