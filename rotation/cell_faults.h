// Why cells are bad, in words for people: kms.rotation_quarantine has them.
#ifndef FIELDKMS_ROTATION_CELL_FAULTS_H_
#define FIELDKMS_ROTATION_CELL_FAULTS_H_

#include <string_view>

namespace fieldkms::rotation {

inline constexpr std::string_view kMalformed = "is no envelope";
inline constexpr std::string_view kOtherKey = "is sealed under another key";
inline constexpr std::string_view kNotOpened = "does not open under its key and context";
inline constexpr std::string_view kNoRowKey = "a column of its row's key is NULL";
inline constexpr std::string_view kNoValue = "is no legal value of its field";
inline constexpr std::string_view kNoText = "opens to what is no text: its column cannot hold it";
inline constexpr std::string_view kNoVersion = "has no version of a key beside it";
inline constexpr std::string_view kOtherPlaintext = "does not open to the plaintext beside it";
inline constexpr std::string_view kOtherSource =
    "does not open to what the value of its source beside it opens to";
inline constexpr std::string_view kOtherIndex = "has the blind index of another value beside it";

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_CELL_FAULTS_H_
