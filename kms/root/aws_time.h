// The three ways in which AWS writes points in time, all of them in UTC.
#ifndef FIELDKMS_KMS_ROOT_AWS_TIME_H_
#define FIELDKMS_KMS_ROOT_AWS_TIME_H_

#include <optional>
#include <string>
#include <string_view>

#include "kms/clock.h"

namespace fieldkms {

// FormatAwsTime writes "20150830T123600Z", the time of a signature; fractions of a
// second are cut off.
std::string FormatAwsTime(WallTime time);

// ParseIsoTime reads "2015-08-30T12:36:00Z", the time at which credentials expire. Digits
// after a point are read over. nullopt for all else, another time zone among it.
std::optional<WallTime> ParseIsoTime(std::string_view text);

// ParseHttpDate reads "Sun, 30 Aug 2015 12:36:00 GMT", the preferred form of RFC 9110
// §5.6.7; nullopt for all else. The name of the day is not looked at.
std::optional<WallTime> ParseHttpDate(std::string_view text);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_AWS_TIME_H_
