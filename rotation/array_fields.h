// Arrays in results and parameters of queries, in PostgreSQL's text form.
#ifndef FIELDKMS_ROTATION_ARRAY_FIELDS_H_
#define FIELDKMS_ROTATION_ARRAY_FIELDS_H_

#include <cstdint>
#include <pqxx/result>
#include <span>
#include <string>
#include <vector>

#include "kms/postgres/value.h"

namespace fieldkms::rotation {

// The elements, none of them null, of an array of names, texts or small integers. They throw
// pqxx::conversion_error for another one, and for null.
std::vector<std::string> TextsOf(const pqxx::field& field);
std::vector<int16_t> NumbersOf(const pqxx::field& field);

// An array as a parameter.
template <class Value>
PostgresValue ArrayOf(std::span<const Value> values) {
  return ArrayValue(std::vector<PostgresValue>(values.begin(), values.end()));
}

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_ARRAY_FIELDS_H_
