// Values between C++ and PostgreSQL's text form.
#ifndef FIELDKMS_KMS_POSTGRES_VALUE_H_
#define FIELDKMS_KMS_POSTGRES_VALUE_H_

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <pqxx/result>
#include <string>
#include <string_view>
#include <vector>

#include "kms/clock.h"

namespace fieldkms {

// A parameter of a statement, null or as the text that PostgreSQL takes for it.
class PostgresValue {
 public:
  PostgresValue(std::nullopt_t) {}                                             // NOLINT
  PostgresValue(const char*) = delete;                                         // it would be a bool
  PostgresValue(std::string_view text) : text_(text) {}                        // NOLINT
  PostgresValue(const std::string& text) : text_(text) {}                      // NOLINT
  PostgresValue(bool value) : text_(value ? "t" : "f") {}                      // NOLINT
  PostgresValue(WallTime time);                                                // NOLINT
  PostgresValue(std::chrono::seconds s) : text_(std::to_string(s.count())) {}  // NOLINT
  template <std::integral Number>
  PostgresValue(Number value) : text_(std::to_string(value)) {}  // NOLINT
  template <class T>
  PostgresValue(const std::optional<T>& value) {  // NOLINT
    if (value) text_ = PostgresValue(*value).text_;
  }

  const std::optional<std::string>& text() const { return text_; }

 private:
  std::optional<std::string> text_;
};

// The time, or the first that a store has if it is before: the start of year 1.
WallTime NotBeforeFirst(WallTime time);
// Bytes, in hex.
PostgresValue ByteaValue(std::string_view bytes);
// A key id as a bigint of the same bits; 0, which is no key, as null.
PostgresValue IdValue(uint64_t key_id);
// A count or a number of a change, as a bigint: what does not fit is beyond all that
// a bigint can hold, and so is the value that takes its place.
PostgresValue BigintValue(uint64_t number);

// Values as an array of whatever type they are values of.
PostgresValue ArrayValue(const std::vector<PostgresValue>& values);

// The inverses. They throw pqxx::conversion_error for what cannot be: the caller's
// transaction makes kStoreCorrupt of it.
//
// A timestamptz is as a session with TimeZone UTC and DateStyle ISO prints it.
WallTime ParseTimestamp(std::string_view text);
WallTime TimeOf(const pqxx::field& field);
std::optional<WallTime> TimeIfAny(const pqxx::field& field);
std::string BytesOf(const pqxx::field& field);  // "" for null
std::string TextOf(const pqxx::field& field);   // never null
uint64_t IdOf(const pqxx::field& field);        // 0 for null
uint32_t VersionOf(const pqxx::field& field);
bool BoolOf(const pqxx::field& field);
[[noreturn]] void RefuseRow();

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_POSTGRES_VALUE_H_
