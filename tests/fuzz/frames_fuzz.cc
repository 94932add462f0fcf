// Frames between PostgreSQL's extension and the shim: whatever parses, re-encodes identically and
// keeps the limits; whatever is refused is refused as malformed or as too many items.
#include <cstddef>
#include <cstdint>
#include <string>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "sql/shim/frames.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fieldkms;
  const std::string_view bytes = AsText(ByteView(data, size));
  const absl::StatusOr<shim::Frame> frame = shim::ParseFrame(bytes);
  if (!frame.ok()) {
    const Reason reason = ReasonOf(frame.status());
    Require(reason == Reason::kRequestMalformed || reason == Reason::kTooManyItems);
    return 0;
  }
  Require(frame->deadline > 0);
  Require(frame->count() <= FIELDKMS_FRAME_MOST_ITEMS);
  Require(shim::EncodeFrame(*frame) == bytes);
  return 0;
}
