#include "kms/observe/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "kms/observe/json_line.h"

namespace fieldkms {
namespace {

spdlog::logger& Logger() {
  // Never destroyed: threads of libraries may log until the very end.
  static spdlog::logger& logger = *[] {
    auto* made = new spdlog::logger("fieldkms", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%v", spdlog::pattern_time_type::utc, std::string()));  // lines come complete
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return logger;
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

const char* LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

}  // namespace

LogField::LogField(const char* name, const absl::Status& status)
    : name_(name), value_(std::string_view(status.message().data(), status.message().size())) {}

void Log(LogLevel level, const char* event, std::initializer_list<LogField> fields) {
  if (!Logger().should_log(ToSpdlog(level))) return;
  std::string text;
  JsonLine line(&text);
  line.Time("time", SystemClock().Now());
  line.Text("level", LevelName(level));
  line.Text("event", event);
  for (const LogField& field : fields) {
    if (const auto* flag = std::get_if<bool>(&field.value_)) {
      line.Bool(field.name_, *flag);
    } else if (const auto* number = std::get_if<int64_t>(&field.value_)) {
      line.Signed(field.name_, *number);
    } else {
      line.Text(field.name_, std::get<std::string_view>(field.value_));
    }
  }
  line.Finish();
  Logger().log(ToSpdlog(level), spdlog::string_view_t(text));
}

void SetLogLevel(LogLevel level) { Logger().set_level(ToSpdlog(level)); }

}  // namespace fieldkms
