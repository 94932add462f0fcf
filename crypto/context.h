// The context of a ciphertext, in canonical form (crypto/FORMAT.md), and the
// AAD made of it.
#ifndef FIELDKMS_CRYPTO_CONTEXT_H_
#define FIELDKMS_CRYPTO_CONTEXT_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fieldkms {

inline constexpr size_t kMaxContextEntries = 16;
inline constexpr size_t kMaxContextNameSize = 64;
inline constexpr size_t kMaxContextValueSize = 4096;
inline constexpr size_t kMaxContextSize = 8192;  // in canonical form

// The canonical form: the number of entries, and for each its name and its value with
// their lengths before them. The sizes of these numbers:
inline constexpr size_t kContextCountSize = 2;
inline constexpr size_t kContextNameLengthSize = 2;
inline constexpr size_t kContextValueLengthSize = 4;

// A view of one entry: name of [a-z0-9_.-]{1,64}, value of 0 to 4,096 bytes.
struct ContextEntry {
  std::string_view name;
  std::string_view value;
  friend bool operator==(const ContextEntry&, const ContextEntry&) = default;
};

// AppendContext appends the canonical form of `entries` to `out`. It sorts
// `entries` by name, in place. Error: InvalidField("context", ...) for a limit
// above, an illegal name or a name given twice; `out` is then unchanged.
absl::Status AppendContext(std::span<ContextEntry> entries, std::string* out);

// ParseContext is the inverse: the entries, as views into `canonical`. Refuses
// whatever AppendContext would not have written, so that parse and append are
// inverse both ways.
absl::StatusOr<std::vector<ContextEntry>> ParseContext(std::string_view canonical);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_CONTEXT_H_
