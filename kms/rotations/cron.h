// Times of a schedule: a cron expression of five fields, in UTC.
#ifndef FIELDKMS_KMS_ROTATIONS_CRON_H_
#define FIELDKMS_KMS_ROTATIONS_CRON_H_

#include <bitset>
#include <chrono>
#include <string_view>

#include "absl/status/statusor.h"
#include "kms/clock.h"

namespace fieldkms {

// minute (0-59)  hour (0-23)  day of month (1-31)  month (1-12 or jan-dec)
// day of week (0-7 or sun-sat; 0 and 7 are Sunday)
//
// A field is "*" or a list of numbers and ranges ("1,5-9"), each "*" or range with a step or none
// ("*/15", "8-18/2"); the case of names does not matter. A time fits if all fields fit; but where
// neither day field begins with "*", it is enough that one of the two does (POSIX crontab; Vixie
// cron). An immutable value.
class Cron {
 public:
  // Error: InvalidField(field) for what is no such expression, and for one that fits no day, such
  // as the 30th of February.
  static absl::StatusOr<Cron> Parse(std::string_view text, std::string_view field);

  // The first whole minute after `after` that fits.
  WallTime Next(WallTime after) const;

 private:
  Cron() = default;
  bool FitsDay(std::chrono::sys_days day) const;
  bool FitsAnyDay() const;
  std::chrono::minutes FirstMinute(std::chrono::minutes from) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;
  std::bitset<13> months_;
  std::bitset<8> weekdays_;  // 7 is 0
  bool both_days_ = true;    // must fit, of the day fields
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROTATIONS_CRON_H_
