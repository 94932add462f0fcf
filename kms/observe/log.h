// The operational log: JSON lines on standard error. Redacting by construction: a
// line is a fixed event name and typed fields, there is no format string and no
// way to print a message, a buffer or a secret.
#ifndef FIELDKMS_KMS_OBSERVE_LOG_H_
#define FIELDKMS_KMS_OBSERVE_LOG_H_

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"

namespace fieldkms {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// LogField: numbers, flags, names and paths of our own, and statuses, whose
// messages name rules and never values. Requests and secrets do not convert.
class LogField {
 public:
  template <std::integral T>
  LogField(const char* name, T value) : name_(name) {
    if constexpr (std::same_as<T, bool>) {
      value_ = value;
    } else {
      value_ = static_cast<int64_t>(value);
    }
  }
  LogField(const char* name, std::string_view value) : name_(name), value_(value) {}
  LogField(const char* name, const char* value) : LogField(name, std::string_view(value)) {}
  LogField(const char* name, const std::string& value) : LogField(name, std::string_view(value)) {}
  // `status` must outlive the call of Log.
  LogField(const char* name, const absl::Status& status);

 private:
  friend void Log(LogLevel, const char*, std::initializer_list<LogField>);
  const char* name_;
  std::variant<bool, int64_t, std::string_view> value_;
};

// Log writes one line, in one write(2). Thread-safe. `event` is a fixed word or two,
// such as "serving".
void Log(LogLevel level, const char* event, std::initializer_list<LogField> fields = {});

// Lines below `level` are dropped; the default is kInfo. Thread-safe.
void SetLogLevel(LogLevel level);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_OBSERVE_LOG_H_
