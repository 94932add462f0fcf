#include "crypto/bytes.h"

#include <openssl/crypto.h>
#include <string.h>

namespace fieldkms {

bool ConstantTimeEqual(ByteView a, ByteView b) {
  if (a.size() != b.size()) return false;
  return a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void Wipe(MutableBytes bytes) {
  // glibc's explicit_bzero is a memset behind a compiler barrier: unlike
  // OPENSSL_cleanse it runs at the speed of memory, which bulk plaintext needs.
  if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
}

}  // namespace fieldkms
