// Cells of application databases; the first byte says of which shape. What has envelopes has them
// again after they are put into their places, and an array then is the same to the byte, as
// anything is that was spelled the canonical way.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "crypto/status.h"
#include "rotation/cell.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fieldkms;
  using namespace fieldkms::rotation;
  if (size == 0) return 0;
  const auto shape = static_cast<Shape>(data[0] % 6);
  const std::string_view cell = AsText(ByteView(data + 1, size - 1));
  const auto envelopes = EnvelopesIn(shape, cell);
  if (!envelopes.ok()) {
    Require(ReasonOf(envelopes.status()) == Reason::kEnvelopeMalformed);
    Require(!WithEnvelopes(shape, cell, {}).ok());
    return 0;
  }
  for (const std::string& envelope : *envelopes) Require(ParseEnvelope(AsBytes(envelope)).ok());
  const auto spelled = WithEnvelopes(shape, cell, *envelopes);
  Require(spelled.ok());
  Require(EnvelopesIn(shape, *spelled).value() == *envelopes);
  Require(WithEnvelopes(shape, *spelled, *envelopes).value() == *spelled);
  // Only escapes within JSON are spelled otherwise.
  const bool may_have_escapes = cell.find('\\') != std::string_view::npos &&
                                (shape == Shape::kJson || shape == Shape::kJsonb);
  Require(may_have_escapes || *spelled == cell);
  return 0;
}
