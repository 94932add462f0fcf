#include "rotation/source/pgp_cipher.h"

#include <algorithm>
#include <array>
#include <utility>

#include "rotation/source/source_opener.h"
#include "rotation/source/source_openssl.h"

namespace fieldkms::rotation {
namespace {

constexpr size_t kSaltSize = 8;
// What is hashed again and again is laid out so often that OpenSSL is called for blocks of it.
constexpr size_t kBlock = 4'096;

constexpr std::array<PgpCipher, 6> kCiphers = {{
    {2, "DES-EDE3-CFB", 24, 8},
    {3, "CAST5-CFB", 16, 8},
    {4, "BF-CFB", 16, 8},
    {7, "AES-128-CFB", 16, 16},
    {8, "AES-192-CFB", 24, 16},
    {9, "AES-256-CFB", 32, 16},
}};
constexpr std::array<std::pair<uint8_t, const char*>, 7> kDigests = {{
    {1, "MD5"},
    {2, "SHA1"},
    {3, "RIPEMD160"},
    {8, "SHA2-256"},
    {9, "SHA2-384"},
    {10, "SHA2-512"},
    {11, "SHA2-224"},
}};

SourceOpenssl<EVP_MD> DigestOf(uint8_t number) {
  for (const auto& [known, name] : kDigests) {
    if (known == number) return FetchSourceDigest(name);
  }
  return nullptr;
}

size_t CountOf(uint8_t written) { return (size_t{16} + (written & 15)) << ((written >> 4) + 6); }

// Salt and passphrase, as often as fits a block, and how much is to be hashed of it in all.
struct Hashed {
  WipedBuffer repeated;
  size_t total = 0;
};

Hashed HashedOf(const PgpKeyMaking& making, ByteView passphrase) {
  Hashed hashed;
  const size_t once = making.salt.size() + passphrase.size();
  hashed.total = making.mode == 3 ? std::max(CountOf(making.count), once) : once;
  const size_t times = making.mode == 3 && once > 0 ? kBlock / once + 1 : 1;
  hashed.repeated.reserve(times * once);
  for (size_t i = 0; i < times; ++i) {
    hashed.repeated.insert(hashed.repeated.end(), making.salt.begin(), making.salt.end());
    hashed.repeated.insert(hashed.repeated.end(), passphrase.begin(), passphrase.end());
  }
  return hashed;
}

// One digest of it, after `zeros` zeros.
bool HashOnce(const EVP_MD* digest, const Hashed& hashed, size_t zeros, MutableBytes out) {
  const SourceOpenssl<EVP_MD_CTX> context(EVP_MD_CTX_new());
  if (context == nullptr || EVP_DigestInit_ex2(context.get(), digest, nullptr) != 1) return false;
  constexpr uint8_t kZero = 0;
  for (size_t i = 0; i < zeros; ++i) {
    if (EVP_DigestUpdate(context.get(), &kZero, 1) != 1) return false;
  }
  for (size_t left = hashed.total; left > 0;) {
    const size_t size = std::min(left, hashed.repeated.size());
    if (EVP_DigestUpdate(context.get(), hashed.repeated.data(), size) != 1) return false;
    left -= size;
  }
  return EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1;
}

}  // namespace

const PgpCipher* FindPgpCipher(uint8_t number) {
  const auto found = std::find_if(kCiphers.begin(), kCiphers.end(),
                                  [&](const PgpCipher& known) { return known.number == number; });
  return found == kCiphers.end() ? nullptr : &*found;
}

std::string_view PgpDecrypt(const PgpCipher& cipher, ByteView key, ByteView iv, ByteView input,
                            WipedBuffer* output) {
  constexpr std::array<uint8_t, EVP_MAX_IV_LENGTH> kZeros = {};
  if (key.size() != cipher.key_size || (!iv.empty() && iv.size() != cipher.block_size)) {
    return kSourceMalformed;
  }
  const auto fetched = FetchSourceCipher(cipher.name);
  const SourceOpenssl<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  if (fetched == nullptr || context == nullptr) return kSourceCipher;
  output->resize(input.size());
  int size = 0;
  const bool done = EVP_DecryptInit_ex2(context.get(), fetched.get(), key.data(),
                                        iv.empty() ? kZeros.data() : iv.data(), nullptr) == 1 &&
                    EVP_DecryptUpdate(context.get(), output->data(), &size, input.data(),
                                      static_cast<int>(input.size())) == 1;
  return done && static_cast<size_t>(size) == input.size() ? std::string_view() : kSourceCipher;
}

bool TakePgpKeyMaking(ByteView* input, PgpKeyMaking* making) {
  if (input->size() < 2) return false;
  making->mode = (*input)[0];
  making->digest = (*input)[1];
  *input = input->subspan(2);
  if (making->mode == 0) return true;
  if ((making->mode != 1 && making->mode != 3) || input->size() < kSaltSize) return false;
  making->salt = input->first(kSaltSize);
  *input = input->subspan(kSaltSize);
  if (making->mode == 1) return true;
  if (input->empty()) return false;
  making->count = (*input)[0];
  *input = input->subspan(1);
  return true;
}

std::string_view MakePgpKey(const PgpKeyMaking& making, ByteView passphrase, MutableBytes key) {
  const auto digest = DigestOf(making.digest);
  if (digest == nullptr) return kSourceCipher;
  const auto digest_size = static_cast<size_t>(EVP_MD_get_size(digest.get()));
  const Hashed hashed = HashedOf(making, passphrase);
  WipedBuffer out(digest_size);
  for (size_t at = 0, zeros = 0; at < key.size(); at += digest_size, ++zeros) {
    if (!HashOnce(digest.get(), hashed, zeros, out)) return kSourceCipher;
    const size_t size = std::min(digest_size, key.size() - at);
    std::copy_n(out.begin(), size, key.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return {};
}

}  // namespace fieldkms::rotation
