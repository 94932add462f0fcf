// What is taken for suspicious: the thresholds of ActivityWatch.
#ifndef FIELDKMS_KMS_WATCH_WATCH_RULES_H_
#define FIELDKMS_KMS_WATCH_WATCH_RULES_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fieldkms {

// Names of keys or fields, as patterns (kms/access/glob.h); of the tenants that the first one
// takes.
struct DecoyPattern {
  std::string tenant = "*";
  std::string name;
};

// When somebody is expected to work, in UTC. `from` after `to` spans midnight; the same: all day.
struct UsualHours {
  std::vector<std::string> principals;  // patterns; none: nobody has hours
  std::chrono::minutes from{0};         // of the day
  std::chrono::minutes to{0};
  std::array<bool, 7> days = {true, true, true, true, true, true, true};  // from Sunday
};

struct WatchRules {
  // A principal that was first seen so recently is not told from its own past.
  std::chrono::seconds learning{std::chrono::hours(24)};
  // An alarm of one rule about one caller is raised once in this time; further ones are counted.
  std::chrono::seconds repeat{std::chrono::minutes(10)};

  size_t most_failures = 5;  // in this time:
  std::chrono::seconds failures_within{std::chrono::minutes(5)};

  // Items in an hour: above the floor, and so many times what the principal's hours have.
  double volume_factor = 10;
  uint64_t volume_floor = 1'000;

  bool first_use = true;
  bool other_tenant = true;
  UsualHours hours;
  std::vector<DecoyPattern> decoy_keys;
  std::vector<DecoyPattern> decoy_fields;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_WATCH_WATCH_RULES_H_
