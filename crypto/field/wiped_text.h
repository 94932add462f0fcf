// Text that is secret while it grows.
#ifndef FIELDKMS_CRYPTO_FIELD_WIPED_TEXT_H_
#define FIELDKMS_CRYPTO_FIELD_WIPED_TEXT_H_

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "crypto/bytes.h"

namespace fieldkms {

// MakeRoom: `more` bytes can be appended to `out` without an allocation; memory that it gives up
// is wiped. The room grows at least twofold.
inline void MakeRoom(size_t more, std::string* out) {
  if (out->capacity() - out->size() >= more) return;
  std::string roomier;
  roomier.reserve(std::max(out->size() + more, 2 * out->capacity()));
  roomier.append(*out);
  WipeString(out);
  out->swap(roomier);
}

// Appends in memory that MakeRoom gives. `text` does not lie in `out`.
inline void AppendText(std::string_view text, std::string* out) {
  MakeRoom(text.size(), out);
  out->append(text);
}

inline void EraseText(std::string* text) {
  WipeString(text);
  text->clear();
}

// ResizeText makes `out` of `size` bytes, which the caller sets, each of them, and returns where
// they are. What `out` held and loses by it is wiped; the rest stands until it is overwritten.
inline char* ResizeText(size_t size, std::string* out) {
  if (size > out->capacity()) {
    EraseText(out);
  } else if (size < out->size()) {
    Wipe(AsMutableBytes(*out).subspan(size));
  }
  out->resize(size);
  return out->data();
}

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_WIPED_TEXT_H_
