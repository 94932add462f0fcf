#include "kms/postgres/array.h"

#include <bit>
#include <chrono>

#include "kms/postgres/value.h"

namespace fieldkms {
namespace {

constexpr size_t kNullsAt = 7;  // the last byte of the second number
constexpr uint32_t kNull = 0xffffffff;

// A timestamptz counts microseconds from here.
constexpr WallTime kEpoch{std::chrono::sys_days(std::chrono::year(2000) / 1 / 1)};

}  // namespace

PostgresArray::PostgresArray(Type type, size_t count) {
  AddNumber(count == 0 ? 0 : 1);
  AddNumber(0);
  AddNumber(static_cast<uint32_t>(type));
  if (count == 0) return;
  AddNumber(static_cast<uint32_t>(count));
  AddNumber(1);
}

void PostgresArray::AddNumber(uint32_t number) {
  const char bytes[] = {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
                        static_cast<char>(number >> 8), static_cast<char>(number)};
  binary_.append(bytes, sizeof bytes);
}

void PostgresArray::AddNull() {
  binary_[kNullsAt] = 1;
  AddNumber(kNull);
}

void PostgresArray::AddBool(bool value) {
  AddNumber(1);
  binary_ += static_cast<char>(value);
}

void PostgresArray::AddBytes(std::string_view bytes) {
  AddNumber(static_cast<uint32_t>(bytes.size()));
  binary_ += bytes;
}

void PostgresArray::AddTime(const std::optional<WallTime>& time) {
  if (!time) return AddNull();
  const auto number = std::bit_cast<uint64_t>((NotBeforeFirst(*time) - kEpoch).count());
  AddNumber(8);
  AddNumber(static_cast<uint32_t>(number >> 32));
  AddNumber(static_cast<uint32_t>(number));
}

}  // namespace fieldkms
