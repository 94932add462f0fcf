// Decompressing what another tool has compressed before it encrypted it.
#ifndef FIELDKMS_ROTATION_SOURCE_INFLATE_H_
#define FIELDKMS_ROTATION_SOURCE_INFLATE_H_

#include <cstdint>
#include <string_view>

#include "crypto/bytes.h"
#include "crypto/wiping_allocator.h"

namespace fieldkms::rotation {

enum class Deflated : uint8_t {
  kRaw,   // RFC 1951
  kZlib,  // RFC 1950
};

// InflateSource makes at most kMostSourcePlaintext bytes, and a packet's header, of it. Returns why
// not, as source_opener.h has it; "": it is done. zlib's own memory is wiped as well.
std::string_view InflateSource(Deflated form, ByteView input, WipedBuffer* output);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_INFLATE_H_
