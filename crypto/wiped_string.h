// WipedString: a secret in a std::string, wiped when it is left.
#ifndef FIELDKMS_CRYPTO_WIPED_STRING_H_
#define FIELDKMS_CRYPTO_WIPED_STRING_H_

#include <string>
#include <string_view>

#include "crypto/bytes.h"

namespace fieldkms {

// What a reallocation leaves behind is not wiped, nor what the text is shortened by: reserve room
// first, or grow it by AppendText (crypto/field/wiped_text.h).
class WipedString {
 public:
  WipedString() = default;
  explicit WipedString(std::string_view text) : text_(text) {}
  WipedString(const WipedString&) = delete;
  WipedString& operator=(const WipedString&) = delete;
  ~WipedString() { WipeString(&text_); }

  std::string* get() { return &text_; }
  std::string& operator*() { return text_; }
  const std::string& operator*() const { return text_; }
  std::string* operator->() { return &text_; }

 private:
  std::string text_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_WIPED_STRING_H_
