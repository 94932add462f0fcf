#include "rotation/source/plain_text.h"

#include <string_view>

#include "crypto/utf8.h"

namespace fieldkms::rotation {

bool IsPlainText(ByteView bytes) {
  std::string_view text = AsText(bytes);
  char32_t point = 0;
  while (!text.empty()) {
    if (!TakeCodePoint(&text, &point) || point == 0) return false;
  }
  return true;
}

}  // namespace fieldkms::rotation
