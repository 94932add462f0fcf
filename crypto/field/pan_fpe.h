// FF1 on card numbers, so that what comes out is known to be none: it fails the Luhn check or,
// where its last digits are kept, has a letter in it. Construction: crypto/FORMAT.md.
#ifndef FIELDKMS_CRYPTO_FIELD_PAN_FPE_H_
#define FIELDKMS_CRYPTO_FIELD_PAN_FPE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "crypto/bytes.h"
#include "crypto/ff1.h"
#include "crypto/fpe_text.h"

namespace fieldkms {

// EncryptPan writes what the digits of a card number become under `spec`, whose alphabet is the
// ten digits; separators stay.
// - keep_last 0: all but the check digit is encrypted, and in its place stands the one after the
//   right one, so that the text fails the Luhn check.
// - else: the first digit that is encrypted is written as a letter, A to J for 0 to 9.
// Errors: as FpeAlphabet::EncryptText. A failure leaves `out` wiped.
absl::Status EncryptPan(const Ff1Key& key, const FpeAlphabet& alphabet, const FpeTemplate& spec,
                        ByteView domain, std::string_view text, std::string* out);
// DecryptPan is the inverse. Error: DecryptError(kEnvelopeMalformed) for what EncryptPan does not
// make; text of another key, tweak or version mostly decrypts to another number.
absl::Status DecryptPan(const Ff1Key& key, const FpeAlphabet& alphabet, const FpeTemplate& spec,
                        ByteView domain, std::string_view text, std::string* out);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_PAN_FPE_H_
