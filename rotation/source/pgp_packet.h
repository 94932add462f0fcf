// Packets of OpenPGP (RFC 4880, 4.2), as pgcrypto and GnuPG write them. Pure.
#ifndef FIELDKMS_ROTATION_SOURCE_PGP_PACKET_H_
#define FIELDKMS_ROTATION_SOURCE_PGP_PACKET_H_

#include <cstdint>

#include "crypto/bytes.h"
#include "crypto/wiping_allocator.h"

namespace fieldkms::rotation {

enum PgpTag : uint8_t {
  kPgpSessionKey = 3,  // symmetric-key encrypted session key
  kPgpCompressed = 8,
  kPgpEncrypted = 9,  // without anything that proves it
  kPgpMarker = 10,
  kPgpLiteral = 11,
  kPgpProtected = 18,  // encrypted, with a modification detection code
};

// Movable; `body` is a view of the input, or of `joined`.
struct PgpPacket {
  uint8_t tag = 0;
  ByteView body = {};
  WipedBuffer joined = {};  // a body that came in parts
};

// TakePgpPacket takes the next packet off `input`. False, with `input` as it likes: it is none, or
// is cut off.
bool TakePgpPacket(ByteView* input, PgpPacket* packet);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_PGP_PACKET_H_
