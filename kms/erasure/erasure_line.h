// The lines of an erasure log (erasure_log.h): JSON objects in one spelling each.
//
//   {"erasure_log":"<32 hex digits>","form":1}
//   {"n":5,"time":1764150000000000,"kind":"token","tenant":"acme","field_id":"<16 hex digits>",
//    "name":"<base64>"}
//   {"n":6,"time":1764150000000000,"kind":"subject","tenant":"acme","name":"<base64>"}
//   {"n":5,"end":"done"}
//   {"n":6,"to":9,"end":"refused"}
//
// A name is a token, a lookup or the handle of a data subject. None is a secret: a token that is
// erased stands for nothing, a lookup is a keyed hash, a handle is random. No value and no id of a
// subject gets in.
#ifndef FIELDKMS_KMS_ERASURE_ERASURE_LINE_H_
#define FIELDKMS_KMS_ERASURE_ERASURE_LINE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "kms/clock.h"
#include "kms/store/subject_store.h"

namespace fieldkms {

// With its newline; no line of ours is as long.
inline constexpr size_t kMaxErasureLine = 2'048;

enum class ErasureKind : uint8_t { kToken, kLookup, kSubject };

// What is to be erased: the intent.
struct LoggedErasure {
  uint64_t number = 0;  // in its log; from 1 to 2^63 - 1
  WallTime time;        // before the store was asked; microseconds since 1970 in the line
  ErasureKind kind = ErasureKind::kToken;
  std::string tenant;
  uint64_t field_id = 0;  // 0 for a subject, never for others
  std::string name;
};

// How it ended. One without an end is in doubt.
enum class ErasureEnd : uint8_t {
  kDone,
  kPartly,   // of a lookup: tokens on legal hold stayed, others are gone
  kRefused,  // nothing was changed: not there, on hold, or an error
};
// Of the erasures `first` to `last`.
struct LoggedEnd {
  uint64_t first = 0;
  uint64_t last = 0;
  ErasureEnd end = ErasureEnd::kRefused;
};

// Error: InvalidField, for a tenant, field id or name that no erasure can have.
absl::Status CheckErasure(const LoggedErasure& erasure);

// Each appends a line.
void AppendErasureHeader(const SubjectStore::LogId& log, std::string* out);
void AppendErasure(const LoggedErasure& erasure, std::string* out);
void AppendErasureEnd(const LoggedEnd& end, std::string* out);

// Each reads a line with its newline; nullopt for all that is not written as above.
std::optional<SubjectStore::LogId> ParseErasureHeader(std::string_view line);
std::optional<std::variant<LoggedErasure, LoggedEnd>> ParseErasureLine(std::string_view line);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ERASURE_ERASURE_LINE_H_
