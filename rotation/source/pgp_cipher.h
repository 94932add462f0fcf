// The ciphers of OpenPGP messages, and how keys are made of passphrases (RFC 4880, 3.7 and 9.2).
// Pure functions.
#ifndef FIELDKMS_ROTATION_SOURCE_PGP_CIPHER_H_
#define FIELDKMS_ROTATION_SOURCE_PGP_CIPHER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "crypto/bytes.h"
#include "crypto/secret_bytes.h"
#include "crypto/wiping_allocator.h"

namespace fieldkms::rotation {

struct PgpCipher {
  uint8_t number = 0;
  const char* name = nullptr;  // OpenSSL's
  size_t key_size = 0;
  size_t block_size = 0;
};
// Null: not known here.
const PgpCipher* FindPgpCipher(uint8_t number);

// PgpDecrypt decrypts by CFB. `iv` is of the block's size; empty: zeros. Returns why not, as
// source_opener.h has it; "": it is done.
std::string_view PgpDecrypt(const PgpCipher& cipher, ByteView key, ByteView iv, ByteView input,
                            WipedBuffer* output);

// How a key is made of a passphrase.
struct PgpKeyMaking {
  uint8_t mode = 0;    // 0: hashed; 1: with salt; 3: that, again and again
  uint8_t digest = 0;  // RFC 4880, 9.4
  ByteView salt = {};  // 8 bytes, of 1 and 3
  uint8_t count = 0;   // as it is written, of 3
};
// Takes it off a packet. False: it is none, or one of another kind.
bool TakePgpKeyMaking(ByteView* input, PgpKeyMaking* making);
// Fills `key`. Returns why not; "": it is done.
std::string_view MakePgpKey(const PgpKeyMaking& making, ByteView passphrase, MutableBytes key);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_PGP_CIPHER_H_
