// Numbers for people.
#ifndef FIELDKMS_ROTATION_WORDS_H_
#define FIELDKMS_ROTATION_WORDS_H_

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

namespace fieldkms::rotation {

// "1,200,000"
std::string CountWords(uint64_t count);
// "512 bytes", "1.3 GiB": rounded up to a tenth, so that what is above a limit looks so, too.
std::string BytesWords(uint64_t bytes);
// "850 ms", "4.6 s" (rounded up), "12 s", "1 min 30 s", "2 h 10 min", "3 days 4 h". Below 0 is "0
// ms".
std::string DurationWords(std::chrono::milliseconds duration);
// "a", "a and b", "a, b and c"; "" of none.
std::string Enumerated(std::span<const std::string> words);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_WORDS_H_
