#include "rotation/source/pgp_packet.h"

#include <cstddef>

namespace fieldkms::rotation {
namespace {

bool Take(ByteView* input, size_t size, ByteView* taken) {
  if (input->size() < size) return false;
  *taken = input->first(size);
  *input = input->subspan(size);
  return true;
}

struct Length {
  size_t size = 0;
  bool partial = false;  // another length follows the part
};

bool TakeNewLength(ByteView* input, Length* length) {
  ByteView bytes;
  if (!Take(input, 1, &bytes)) return false;
  const uint8_t first = bytes[0];
  *length = {first, false};
  if (first < 192) return true;
  if (first < 224) {
    if (!Take(input, 1, &bytes)) return false;
    length->size = (size_t{first} - 192) * 256 + bytes[0] + 192;
    return true;
  }
  if (first < 255) {
    *length = {size_t{1} << (first & 0x1F), true};
    return true;
  }
  if (!Take(input, 4, &bytes)) return false;
  length->size = GetU32(bytes.data());
  return true;
}

bool TakeNewBody(ByteView* input, PgpPacket* packet) {
  Length length;
  ByteView part;
  if (!TakeNewLength(input, &length) || !Take(input, length.size, &part)) return false;
  if (!length.partial) {
    packet->body = part;
    return true;
  }
  packet->joined.reserve(part.size() + input->size());  // what grew would leave copies behind
  packet->joined.assign(part.begin(), part.end());
  while (length.partial) {
    if (!TakeNewLength(input, &length) || !Take(input, length.size, &part)) return false;
    packet->joined.insert(packet->joined.end(), part.begin(), part.end());
  }
  packet->body = packet->joined;
  return true;
}

bool TakeOldBody(uint8_t header, ByteView* input, PgpPacket* packet) {
  ByteView bytes;
  switch (header & 3) {
    case 0:
      return Take(input, 1, &bytes) && Take(input, bytes[0], &packet->body);
    case 1:
      return Take(input, 2, &bytes) && Take(input, GetU16(bytes.data()), &packet->body);
    case 2:
      return Take(input, 4, &bytes) && Take(input, GetU32(bytes.data()), &packet->body);
    default:  // as long as there is anything
      return Take(input, input->size(), &packet->body);
  }
}

}  // namespace

bool TakePgpPacket(ByteView* input, PgpPacket* packet) {
  packet->joined.clear();
  ByteView header;
  if (!Take(input, 1, &header) || (header[0] & 0x80) == 0) return false;
  const bool is_new = (header[0] & 0x40) != 0;
  packet->tag = is_new ? header[0] & 0x3F : (header[0] >> 2) & 0x0F;
  return is_new ? TakeNewBody(input, packet) : TakeOldBody(header[0], input, packet);
}

}  // namespace fieldkms::rotation
