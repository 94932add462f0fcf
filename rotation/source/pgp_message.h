// Messages of OpenPGP that were encrypted with a passphrase (RFC 4880), as pgp_sym_encrypt and
// pgp_sym_encrypt_bytea of pgcrypto write them, whatever their options. Pure.
//
// A message with a modification detection code proves that nobody has changed it who does not know
// the passphrase. One without (disable-mdc=1) proves nothing: it is opened where it reads as a
// message, which one of 65,536 wrong ones may.
#ifndef FIELDKMS_ROTATION_SOURCE_PGP_MESSAGE_H_
#define FIELDKMS_ROTATION_SOURCE_PGP_MESSAGE_H_

#include <string_view>

#include "crypto/bytes.h"
#include "crypto/wiping_allocator.h"

namespace fieldkms::rotation {

struct PgpPlaintext {
  WipedBuffer bytes = {};
  bool is_text = false;  // it says so itself
};

// OpenPgpMessage returns why it does not open, as source_opener.h has it; "": it does.
std::string_view OpenPgpMessage(ByteView message, ByteView passphrase, PgpPlaintext* plaintext);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_PGP_MESSAGE_H_
