#include "crypto/utf8.h"

#include <cstddef>
#include <cstdint>

namespace fieldkms {
namespace {

// What a first byte says: how many bytes follow, and the least code point that takes so many.
struct Lead {
  size_t follow;
  char32_t bits;
  char32_t least;
};

bool ReadLead(uint8_t byte, Lead* lead) {
  if (byte < 0x80) {
    *lead = {0, byte, 0};
  } else if ((byte & 0xe0) == 0xc0) {
    *lead = {1, byte & 0x1fu, 0x80};
  } else if ((byte & 0xf0) == 0xe0) {
    *lead = {2, byte & 0x0fu, 0x800};
  } else if ((byte & 0xf8) == 0xf0) {
    *lead = {3, byte & 0x07u, 0x10000};
  } else {
    return false;
  }
  return true;
}

char Following(char32_t bits) { return static_cast<char>(0x80 | (bits & 0x3f)); }

}  // namespace

bool TakeCodePoint(std::string_view* text, char32_t* point) {
  Lead lead;
  if (!ReadLead(static_cast<uint8_t>(text->front()), &lead) || text->size() <= lead.follow) {
    return false;
  }
  char32_t value = lead.bits;
  for (size_t i = 1; i <= lead.follow; ++i) {
    const auto byte = static_cast<uint8_t>((*text)[i]);
    if ((byte & 0xc0) != 0x80) return false;
    value = (value << 6) | (byte & 0x3f);
  }
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < lead.least || value > 0x10ffff || surrogate) return false;
  text->remove_prefix(1 + lead.follow);
  *point = value;
  return true;
}

void AppendUtf8(char32_t point, std::string* out) {
  if (point < 0x80) {
    out->push_back(static_cast<char>(point));
    return;
  }
  if (point < 0x800) {
    out->push_back(static_cast<char>(0xc0 | (point >> 6)));
  } else {
    if (point < 0x10000) {
      out->push_back(static_cast<char>(0xe0 | (point >> 12)));
    } else {
      out->push_back(static_cast<char>(0xf0 | (point >> 18)));
      out->push_back(Following(point >> 12));
    }
    out->push_back(Following(point >> 6));
  }
  out->push_back(Following(point));
}

}  // namespace fieldkms
