// Arrays as parameters, in PostgreSQL's binary form: for many values, of which the text form would
// be twice the bytes and read character by character.
#ifndef FIELDKMS_KMS_POSTGRES_ARRAY_H_
#define FIELDKMS_KMS_POSTGRES_ARRAY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kms/clock.h"

namespace fieldkms {

// An array of one dimension, built value by value. What is added must be of its type. The form is
// what array_recv of PostgreSQL's src/backend/utils/adt/arrayfuncs.c takes, of integers in network
// byte order: dimensions, whether there is a null, type; length, lower bound; and of each element
// its length, -1 for null, and the bytes that the type's own receive function takes.
class PostgresArray {
 public:
  // By their object ids, which are the same in every database (pg_type.dat).
  enum class Type : uint32_t { kBool = 16, kBytea = 17, kText = 25, kTimestamptz = 1184 };

  // Of `count` values, which must all be added before it is used; no more than 2^31 - 1.
  PostgresArray(Type type, size_t count);

  void AddNull();
  void AddBool(bool value);
  void AddBytes(std::string_view bytes);  // of a text: in UTF-8
  // One that is not there is null. A time before those that PostgreSQL knows is as
  // PostgresValue has it.
  void AddTime(const std::optional<WallTime>& time);

  const std::string& binary() const { return binary_; }

 private:
  void AddNumber(uint32_t number);

  std::string binary_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_POSTGRES_ARRAY_H_
