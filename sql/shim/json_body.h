// JsonBody: the JSON object that a request carries, read without a tree. Parsing is simdjson's;
// what is handed out are flat lists of members, views into its one buffer, which is wiped.
#ifndef FIELDKMS_SQL_SHIM_JSON_BODY_H_
#define FIELDKMS_SQL_SHIM_JSON_BODY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fieldkms::shim {

struct JsonValue {
  enum class Kind { kNull, kText, kInteger, kFlag, kArray, kOther };
  Kind kind = Kind::kNull;
  std::string_view text;  // of kText, without escapes
  int64_t number = 0;     // of kInteger; of kFlag 0 or 1

  bool is_null() const { return kind == Kind::kNull; }
  bool is_text() const { return kind == Kind::kText; }

 private:
  friend class JsonBody;
  size_t array_ = 0;  // of kArray: which
};

struct JsonMember {
  std::string_view name;
  JsonValue value;
};

// An object: what is nested in its members is known by its kind only.
class JsonObject {
 public:
  JsonObject() = default;
  explicit JsonObject(std::span<const JsonMember> members) : members_(members) {}

  // Null: it has none of this name. Where a name stands twice, the last counts.
  const JsonValue* Find(std::string_view name) const;

  // Members; of another type than asked for: the default, and `*ok` false. Numbers and flags may
  // stand in quotation marks, as Vault takes them.
  std::string_view TextOf(std::string_view name, bool* ok) const;
  int64_t NumberOf(std::string_view name, int64_t otherwise, bool* ok) const;
  bool FlagOf(std::string_view name, bool otherwise, bool* ok) const;

 private:
  std::span<const JsonMember> members_;
};

// One at a time is used by a thread; its views live as long as it does.
class JsonBody {
 public:
  JsonBody();
  ~JsonBody();  // wipes
  JsonBody(const JsonBody&) = delete;
  JsonBody& operator=(const JsonBody&) = delete;

  // Reads all of `text`, which is copied first unless it has kBodyPadding bytes of capacity more;
  // empty and "null" are objects without members. False: it is no JSON
  // (RFC 8259, in UTF-8, of numbers that fit 64 bits), no object, or nested more than 16 deep.
  bool Read(const std::string& text);

  const JsonObject& root() const { return root_; }
  size_t size() const { return read_; }  // of the text, in bytes

  // Of a member of the root of kind kArray.
  size_t SizeOf(const JsonValue& array) const;
  // Its elements. False: one of them is no object. Once.
  bool ReadObjects(const JsonValue& array, std::vector<JsonObject>* out);

 private:
  struct Parser;  // simdjson's; kept by its thread for the next body
  static std::unique_ptr<Parser>& Kept();

  std::unique_ptr<Parser> parser_;
  size_t read_ = 0;  // bytes
  std::vector<JsonMember> of_root_, of_items_;
  JsonObject root_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_JSON_BODY_H_
