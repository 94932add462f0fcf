// VolatileTokens keeps values that may never reach a disk: card verification values, which PCI
// DSS 4.0 (3.3.1) forbids to store once a payment is authorized, encrypted or not. A value is here
// for minutes, under a token, and is given out once. Memory only: nothing is written, sent or
// logged, no other replica knows of it, and a restart loses all.
#ifndef FIELDKMS_KMS_VOLATILE_VOLATILE_TOKENS_H_
#define FIELDKMS_KMS_VOLATILE_VOLATILE_TOKENS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "kms/clock.h"

namespace fieldkms {

inline constexpr std::chrono::minutes kLongestVolatileLife{15};
inline constexpr size_t kMaxVolatileValue = 64;     // bytes
inline constexpr size_t kMaxVolatileToken = 1'024;  // bytes

// Where a value is. What is in another tenant or field is not there.
struct VolatilePlace {
  std::string_view tenant;  // a tenant id (crypto/names.h)
  uint64_t field_id = 0;    // never 0
  std::string_view token;   // 1 to kMaxVolatileToken bytes; no secret
};

// Thread-safe. Values are in the locked memory of SecretBytes, are moved and never copied, and
// are wiped when they end, are erased, or go with this object; one that Take gave is its
// caller's. `now` is the steady clock of the caller (Clock::Steady), and a value ends at its
// expire_time: from then on it is not there, whether it is wiped already or not. It is wiped by
// Sweep, which somebody calls every few seconds, or before that by other calls.
class VolatileTokens {
 public:
  // At most `most_values` are kept at a time, of all tenants together: 32 to 64 bytes of locked
  // memory each, and some 250 and twice the token's length of other memory.
  explicit VolatileTokens(size_t most_values) : most_values_(most_values) {}
  VolatileTokens(const VolatileTokens&) = delete;
  VolatileTokens& operator=(const VolatileTokens&) = delete;

  // Put keeps `value` (1 to kMaxVolatileValue bytes) until `expire_time`, and returns true. False:
  // the token is another value's, and the caller draws another. It takes `value` away when it
  // returns true, and leaves it alone otherwise. A token must not come again after its end: whoever
  // still has it from before would get the new value.
  // Errors: kInvalidField ("tenant", "field", "token", "value"; "ttl" for an end that is not after
  // `now`, or more than kLongestVolatileLife after it); kResourceExhausted, kOverloaded, where as
  // many values as may be are there.
  absl::StatusOr<bool> Put(const VolatilePlace& place, SecretBytes&& value, Deadline expire_time,
                           Deadline now);

  // Take gives a value away, at most once, and never from its end on. One error for what was never
  // there, was taken, erased, or has ended: kNotFound, kTokenNotFound.
  absl::StatusOr<SecretBytes> Take(const VolatilePlace& place, Deadline now);

  // Erase wipes a value; whether it was there.
  bool Erase(const VolatilePlace& place, Deadline now);

  // Sweep wipes all that have ended; how many.
  size_t Sweep(Deadline now);

  // How many values are in memory, ended ones among them.
  size_t size() const;

 private:
  struct Key {
    std::string tenant;
    uint64_t field_id;
    std::string token;
  };
  struct Less {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      if (a.field_id != b.field_id) return a.field_id < b.field_id;
      if (const int order = std::string_view(a.tenant).compare(b.tenant)) return order < 0;
      return std::string_view(a.token) < std::string_view(b.token);
    }
  };
  using Ends = std::multimap<Deadline, const Key*>;  // keys of values_
  struct Entry {
    SecretBytes value;
    Ends::iterator end;
  };
  using Values = std::map<Key, Entry, Less>;

  // All with mutex_ held.
  size_t DropEnded(Deadline now, size_t most);
  SecretBytes Remove(Values::iterator found);

  const size_t most_values_;
  mutable std::mutex mutex_;
  Values values_;
  Ends ends_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_VOLATILE_VOLATILE_TOKENS_H_
