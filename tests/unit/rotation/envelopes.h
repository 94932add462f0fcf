// Envelopes that no key opens: what reads headers only takes them for real.
#ifndef FIELDKMS_TESTS_UNIT_ROTATION_ENVELOPES_H_
#define FIELDKMS_TESTS_UNIT_ROTATION_ENVELOPES_H_

#include <cstdint>
#include <string>

#include "crypto/bytes.h"
#include "crypto/envelope.h"

namespace fieldkms::testing {

// As of a value of `size` bytes, each of which is `filler`.
inline std::string MadeUpEnvelope(uint64_t key_id, uint32_t version, size_t size = 16,
                                  char filler = 'c', Suite suite = Suite::kXaes256Gcm) {
  std::string envelope(EnvelopeOverhead(suite) + size, filler);
  EncodeHeader({suite, key_id, version}, AsMutableBytes(envelope).first<kEnvelopeHeaderSize>());
  return envelope;
}

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_ROTATION_ENVELOPES_H_
