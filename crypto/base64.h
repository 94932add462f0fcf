// Base64 (RFC 4648): one spelling for every value, no allocation, no copy.
#ifndef FIELDKMS_CRYPTO_BASE64_H_
#define FIELDKMS_CRYPTO_BASE64_H_

#include <cstddef>
#include <optional>

#include "crypto/bytes.h"

namespace fieldkms {

enum class Base64 {
  kPadded,  // §4, with "=": what JSON carries
  kUrl,     // §5 without padding: what files and text columns of ours carry
};

// Base64Size is the length of the text of `size` bytes.
constexpr size_t Base64Size(Base64 form, size_t size) {
  return form == Base64::kPadded ? (size + 2) / 3 * 4 : (size * 4 + 2) / 3;
}

// EncodeBase64 writes exactly Base64Size(form, bytes.size()) characters to `text`.
void EncodeBase64(Base64 form, ByteView bytes, MutableBytes text);

// MaxBase64Bytes bounds what a text of `size` characters stands for.
constexpr size_t MaxBase64Bytes(size_t size) { return size * 3 / 4; }

// DecodeBase64 writes to `bytes`, which holds MaxBase64Bytes(text.size()), and returns
// how many it wrote. nullopt for all that EncodeBase64 does not write: white space,
// wrong padding, bits left over that are not zero. Time depends on the length and,
// through caches, on the text: not for secrets that others can time.
std::optional<size_t> DecodeBase64(Base64 form, ByteView text, MutableBytes bytes);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_BASE64_H_
