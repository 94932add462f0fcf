#include "kms/server/watch_keys.h"

#include <charconv>
#include <string_view>

#include "kms/settings/system_values.h"

namespace fieldkms {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

seconds ReadSeconds(const YAML::Node& node, seconds min, seconds max) {
  return std::chrono::floor<seconds>(ReadDuration(node, min, max));
}

// "07:30"; "24:00" is the end of the day.
minutes ReadTimeOfDay(const YAML::Node& node) {
  const std::string text = ReadText(node);
  const auto number = [&text](size_t at) {
    int value = -1;
    const auto parsed = std::from_chars(text.data() + at, text.data() + at + 2, value);
    return parsed.ptr == text.data() + at + 2 ? value : -1;
  };
  if (text.size() == 5 && text[2] == ':') {
    const int hour = number(0), minute = number(3);
    const minutes time = hours(hour) + minutes(minute);
    if (hour >= 0 && minute >= 0 && minute < 60 && time <= hours(24)) return time;
  }
  throw YamlError(node, "must be a time of the day in UTC, such as \"07:30\"");
}

std::array<bool, 7> ReadDays(const YAML::Node& node) {
  constexpr std::string_view kDays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
  if (!node.IsSequence() || node.size() == 0) throw YamlError(node, "must be a list of days");
  std::array<bool, 7> days{};
  for (const YAML::Node& day : node) days[ReadChoice(day, kDays)] = true;
  return days;
}

std::vector<DecoyPattern> ReadDecoys(const YAML::Node& node) {
  std::vector<DecoyPattern> decoys;
  for (const std::string& text : ReadTexts(node)) {
    DecoyPattern decoy;
    const size_t slash = text.find('/');
    if (slash != std::string::npos) decoy.tenant = text.substr(0, slash);
    decoy.name = slash == std::string::npos ? text : text.substr(slash + 1);
    if (decoy.tenant.empty() || decoy.name.empty()) {
      throw YamlError(node, "each must be a pattern of names, or TENANT/NAME");
    }
    decoys.push_back(std::move(decoy));
  }
  return decoys;
}

std::string ReadWebhookUrl(const YAML::Node& node) {
  std::string url = ReadText(node);
  if (!url.starts_with("https://") && !url.starts_with("http://")) {
    throw YamlError(node, "must begin with https:// or http://");
  }
  return url;
}

constexpr YamlKey<WatchConfig> kWatchKeys[] = {
    {"enabled", "true or false", "true",
     [](const YAML::Node& node, WatchConfig& watch) { watch.enabled = ReadBool(node); }},
    {"learning", "duration", "24h",
     [](const YAML::Node& node, WatchConfig& watch) {
       watch.rules.learning = ReadSeconds(node, seconds(0), hours(24 * 31));
     }},
    {"repeat", "duration", "10m",
     [](const YAML::Node& node, WatchConfig& watch) {
       watch.rules.repeat = ReadSeconds(node, seconds(0), hours(24 * 7));
     }},
    {"failures.most", "whole number", "5",
     [](const YAML::Node& node, WatchConfig& watch) {
       watch.rules.most_failures = static_cast<size_t>(ReadInt(node, 0, 1'000));
     }},
    {"failures.within", "duration", "5m",
     [](const YAML::Node& node, WatchConfig& watch) {
       watch.rules.failures_within = ReadSeconds(node, seconds(1), hours(24));
     }},
    {"volume.factor", "number", "10",
     [](const YAML::Node& node, WatchConfig& watch) {
       watch.rules.volume_factor = ReadNumber(node, 1, 1e6);
     }},
    {"volume.floor", "whole number", "1000",
     [](const YAML::Node& node, WatchConfig& watch) {
       watch.rules.volume_floor = static_cast<uint64_t>(ReadInt(node, 0, 2'000'000'000));
     }},
    {"first_use", "true or false", "true",
     [](const YAML::Node& node, WatchConfig& watch) { watch.rules.first_use = ReadBool(node); }},
    {"other_tenant", "true or false", "true",
     [](const YAML::Node& node, WatchConfig& watch) { watch.rules.other_tenant = ReadBool(node); }},
    {"hours.principals", "list of patterns", "none",
     [](const YAML::Node& node, WatchConfig& watch) {
       watch.rules.hours.principals = ReadTexts(node);
     }},
    {"hours.from", "time of the day", "00:00",
     [](const YAML::Node& node, WatchConfig& watch) {
       watch.rules.hours.from = ReadTimeOfDay(node);
     }},
    {"hours.to", "time of the day", "00:00",
     [](const YAML::Node& node, WatchConfig& watch) {
       watch.rules.hours.to = ReadTimeOfDay(node);
     }},
    {"hours.days", "list of days", "all",
     [](const YAML::Node& node, WatchConfig& watch) { watch.rules.hours.days = ReadDays(node); }},
    {"decoys.keys", "list of patterns", "none",
     [](const YAML::Node& node, WatchConfig& watch) { watch.rules.decoy_keys = ReadDecoys(node); }},
    {"decoys.fields", "list of patterns", "none",
     [](const YAML::Node& node, WatchConfig& watch) {
       watch.rules.decoy_fields = ReadDecoys(node);
     }},
    {"webhook.url", "URL", "none",
     [](const YAML::Node& node, WatchConfig& watch) { watch.webhook_url = ReadWebhookUrl(node); }},
    {"webhook.ca_file", "absolute path", "the system's",
     [](const YAML::Node& node, WatchConfig& watch) {
       watch.webhook_ca_file = ReadAbsolutePath(node);
     }},
};

}  // namespace

WatchConfig ReadWatch(const YAML::Node& node) {
  WatchConfig watch;
  ReadMapping<WatchConfig>(node, kWatchKeys, watch);
  const UsualHours& hours = watch.rules.hours;
  const bool whole_week = hours.from == hours.to && hours.days == UsualHours().days;
  if (hours.principals.empty() != whole_week) {
    throw YamlError(node, "hours.principals and hours that are not the whole week go together");
  }
  return watch;
}

std::span<const YamlKey<WatchConfig>> WatchKeys() { return kWatchKeys; }

}  // namespace fieldkms
