#include "clients/cli/limit_args.h"

#include <optional>
#include <string>
#include <utility>

#include "clients/cli/durations.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

using Limits = v1::RotationLimits;

template <class Number>
CLI::Option* AddNumber(CLI::App* command, LimitArgs* args, const char* name,
                       const char* description, void (Limits::*set)(Number)) {
  const auto take = [args, set](const Number& number) {
    args->changes.push_back([set, number](Limits* limits) {
      (limits->*set)(number);
      return absl::OkStatus();
    });
  };
  return command->add_option_function<Number>(name, take, description)->type_name("N");
}

using MutableDuration = google::protobuf::Duration* (Limits::*)();

absl::Status PutDuration(const std::string& text, const std::string& option, MutableDuration member,
                         Limits* limits) {
  FIELDKMS_ASSIGN_OR_RETURN(const int64_t milliseconds, ParseMilliseconds(text, option));
  // One of 0 seconds stands for the default, as none does.
  google::protobuf::Duration* const duration = (limits->*member)();
  duration->set_seconds(milliseconds / 1'000);
  duration->set_nanos(static_cast<int32_t>(milliseconds % 1'000) * 1'000'000);
  return absl::OkStatus();
}

void AddDuration(CLI::App* command, LimitArgs* args, const std::string& option,
                 const char* description, MutableDuration member) {
  const auto take = [args, option, member](const std::string& text) {
    args->changes.push_back([text, option, member](Limits* limits) {
      return PutDuration(text, option, member, limits);
    });
  };
  command->add_option_function<std::string>("--" + option, take, description)
      ->type_name("DURATION");
}

void AddBatchOptions(CLI::App* command, LimitArgs* args) {
  AddDuration(command, args, "batch-time",
              "How long the transaction of one batch may take, such as 300ms (the default)",
              &Limits::mutable_batch_time);
  AddNumber<uint32_t>(command, args, "--most-batch-rows",
                      "Rows of one transaction, to 50000; 600 by default",
                      &Limits::set_most_batch_rows);
  AddNumber<uint64_t>(command, args, "--most-rows-per-second",
                      "Of all workers together; 0: as many as it goes",
                      &Limits::set_most_rows_per_second);
  AddNumber<uint32_t>(command, args, "--most-busy-percent",
                      "Of each worker's time, which rests for what remains; 35 by default",
                      &Limits::set_most_busy_percent);
}

void AddLoadOptions(CLI::App* command, LimitArgs* args) {
  AddDuration(command, args, "most-replication-lag",
              "Rest while a standby is further behind; 5s by default",
              &Limits::mutable_most_replication_lag);
  AddNumber<uint64_t>(
      command, args, "--most-slot-bytes",
      "Rest while a replication slot holds back more log, such as 1GiB (the default)",
      &Limits::set_most_slot_bytes)
      ->type_name("SIZE")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/true));
  AddNumber<uint32_t>(command, args, "--most-lock-waits",
                      "Rest while more sessions wait for locks; 8 by default",
                      &Limits::set_most_lock_waits);
  AddNumber<uint32_t>(command, args, "--most-active-sessions",
                      "Rest while more sessions are active; four for each core by default",
                      &Limits::set_most_active_sessions);
  AddNumber<uint32_t>(command, args, "--most-dead-percent",
                      "Rest while more of a table's rows are dead; 20 by default",
                      &Limits::set_most_dead_percent);
  AddNumber<uint32_t>(command, args, "--most-forced-checkpoint-percent",
                      "Rest while more checkpoints are forced by the log; 50 by default",
                      &Limits::set_most_forced_checkpoint_percent);
  AddNumber<uint32_t>(command, args, "--critical-active-sessions",
                      "Give up (FAILED) at so many active sessions; 0: never",
                      &Limits::set_critical_active_sessions);
}

absl::Status PutQuietHours(const std::vector<std::string>& texts, Limits* limits) {
  limits->clear_quiet_hours();
  for (const std::string& text : texts) {
    FIELDKMS_ASSIGN_OR_RETURN(*limits->add_quiet_hours(), ParseQuietHours(text));
  }
  return absl::OkStatus();
}

void AddQuietOptions(CLI::App* command, LimitArgs* args) {
  const auto take = [args](const std::vector<std::string>& texts) {
    args->changes.push_back([texts](Limits* limits) { return PutQuietHours(texts, limits); });
  };
  CLI::Option* const quiet =
      command
          ->add_option_function<std::vector<std::string>>(
              "--quiet", take, "Rest in this part of each day, UTC, HH:MM-HH:MM; repeatable")
          ->type_name("HOURS")
          ->allow_extra_args(false);
  command
      ->add_flag_callback(
          "--no-quiet",
          [args] {
            args->changes.push_back([](Limits* limits) { return PutQuietHours({}, limits); });
          },
          "Rest at no time of the day")
      ->excludes(quiet);
}

// Of "HH:MM", from its beginning; what is read is taken off.
std::optional<uint32_t> TakeMinute(std::string_view* text) {
  constexpr size_t kLength = 5;
  if (text->size() < kLength || (*text)[2] != ':') return std::nullopt;
  uint32_t digits[4] = {};
  for (size_t i = 0; i < 4; ++i) {
    const char c = (*text)[i < 2 ? i : i + 1];
    if (c < '0' || c > '9') return std::nullopt;
    digits[i] = static_cast<uint32_t>(c - '0');
  }
  text->remove_prefix(kLength);
  const uint32_t hour = 10 * digits[0] + digits[1];
  const uint32_t minute = 10 * digits[2] + digits[3];
  if (hour > 23 || minute > 59) return std::nullopt;
  return 60 * hour + minute;
}

}  // namespace

void AddLimitOptions(CLI::App* command, LimitArgs* args) {
  AddBatchOptions(command, args);
  AddLoadOptions(command, args);
  AddQuietOptions(command, args);
  command->add_flag_function(
      "--unlimited",
      [args](int64_t count) {
        args->changes.push_back([count](Limits* limits) {
          limits->set_unlimited(count > 0);
          return absl::OkStatus();
        });
      },
      "Measure nothing, and rest for nothing but the service");
  AddNumber<uint64_t>(command, args, "--most-quarantined",
                      "Give up (FAILED) at so many values that do not open; 1000 by default",
                      &Limits::set_most_quarantined);
}

absl::Status ApplyLimitArgs(const LimitArgs& args, v1::RotationLimits* limits) {
  for (const auto& change : args.changes) FIELDKMS_RETURN_IF_ERROR(change(limits));
  return absl::OkStatus();
}

absl::StatusOr<v1::QuietHours> ParseQuietHours(std::string_view text) {
  const std::optional<uint32_t> from = TakeMinute(&text);
  const bool goes_on = text.starts_with('-');
  if (goes_on) text.remove_prefix(1);
  const std::optional<uint32_t> until = TakeMinute(&text);
  if (!from || !goes_on || !until || !text.empty() || from == until) {
    return InvalidField("quiet", "must be HH:MM-HH:MM, two different times of the day");
  }
  v1::QuietHours hours;
  hours.set_from_minute(*from);
  hours.set_until_minute(*until);
  return hours;
}

}  // namespace fieldkms
