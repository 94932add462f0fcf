// Canonical contexts: whatever parses, re-encodes identically and keeps the
// limits; whatever is refused names the field.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/context.h"
#include "crypto/status.h"
#include "tests/fuzz/require.h"

namespace fieldkms {
namespace {

void KeepsTheLimits(const std::vector<ContextEntry>& entries, std::string_view canonical) {
  Require(canonical.size() <= kMaxContextSize && entries.size() <= kMaxContextEntries);
  for (const ContextEntry& entry : entries) {
    Require(!entry.name.empty() && entry.name.size() <= kMaxContextNameSize);
    Require(entry.value.size() <= kMaxContextValueSize);
  }
}

}  // namespace
}  // namespace fieldkms

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fieldkms;
  const std::string_view canonical = AsText(ByteView(data, size));
  absl::StatusOr<std::vector<ContextEntry>> entries = ParseContext(canonical);
  if (!entries.ok()) {
    Require(ReasonOf(entries.status()) == Reason::kInvalidField);
    Require(FieldOf(entries.status()) == "context");
    return 0;
  }
  KeepsTheLimits(*entries, canonical);
  std::reverse(entries->begin(), entries->end());  // the order given means nothing
  std::string again;
  Require(AppendContext(*entries, &again).ok());
  Require(again == canonical);
  return 0;
}
