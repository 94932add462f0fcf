#include "rotation/source/pgcrypto_raw.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "crypto/bytes.h"
#include "rotation/source/plain_text.h"
#include "rotation/source/source_openssl.h"

namespace fieldkms::rotation {
namespace {

struct Known {
  std::string_view name;  // pgcrypto's
  const char* cipher;     // OpenSSL's, without its mode
  size_t least_key;
  size_t most_key;
  size_t block_size;
};
// Of AES, DES and 3DES shorter keys are filled up; of the others a key is as long as it is.
constexpr Known kCiphers[] = {
    {"aes", "AES-%", 0, 32, 16},     {"rijndael", "AES-%", 0, 32, 16},
    {"aes-128", "AES-%", 0, 32, 16}, {"aes-192", "AES-%", 0, 32, 16},
    {"aes-256", "AES-%", 0, 32, 16}, {"bf", "BF", 1, 56, 8},
    {"blowfish", "BF", 1, 56, 8},    {"des", "DES", 0, 8, 8},
    {"3des", "DES-EDE3", 0, 24, 8},  {"des3", "DES-EDE3", 0, 24, 8},
    {"cast5", "CAST5", 1, 16, 8},
};

// Cuts "-cbc" off, or what else of `ends` it ends with; -1: nothing.
int TakeEnd(std::span<const std::string_view> ends, std::string_view* text) {
  for (size_t i = 0; i < ends.size(); ++i) {
    if (!text->ends_with(ends[i])) continue;
    text->remove_suffix(ends[i].size());
    return static_cast<int>(i);
  }
  return -1;
}

size_t FilledSize(const RawAlgorithm& algorithm, size_t size) {
  if (algorithm.least_key > 0) return size;  // as long as it is
  if (algorithm.block_size == 8) return algorithm.most_key;
  return size <= 16 ? 16 : size <= 24 ? 24 : 32;
}

std::string CipherName(const RawAlgorithm& algorithm, size_t key_size) {
  std::string name = algorithm.cipher;
  const size_t at = name.find('%');
  if (at != std::string::npos) name.replace(at, 1, std::to_string(8 * key_size));
  return name;
}

bool Decrypt(const EVP_CIPHER* cipher, ByteView key, ByteView iv, bool padded, ByteView input,
             WipedBuffer* output, bool* fits) {
  const SourceOpenssl<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  if (context == nullptr ||
      EVP_DecryptInit_ex2(context.get(), cipher, nullptr, nullptr, nullptr) != 1 ||
      EVP_CIPHER_CTX_set_key_length(context.get(), static_cast<int>(key.size())) != 1 ||
      EVP_DecryptInit_ex2(context.get(), nullptr, key.data(), iv.empty() ? nullptr : iv.data(),
                          nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), padded ? 1 : 0) != 1) {
    return false;
  }
  output->resize(input.size() + EVP_MAX_BLOCK_LENGTH);
  int size = 0;
  int rest = 0;
  *fits = EVP_DecryptUpdate(context.get(), output->data(), &size, input.data(),
                            static_cast<int>(input.size())) == 1 &&
          EVP_DecryptFinal_ex(context.get(), output->data() + size, &rest) == 1;
  output->resize(*fits ? static_cast<size_t>(size + rest) : 0);
  return true;
}

}  // namespace

std::optional<RawAlgorithm> ParseRawAlgorithm(std::string_view name) {
  constexpr std::string_view kPads[] = {"/pad:pkcs", "/pad:none"};
  constexpr std::string_view kModes[] = {"-cbc", "-ecb"};
  RawAlgorithm algorithm;
  algorithm.padded = TakeEnd(kPads, &name) != 1;
  const bool ecb = TakeEnd(kModes, &name) == 1;
  algorithm.has_iv = !ecb;
  const auto found = std::find_if(std::begin(kCiphers), std::end(kCiphers),
                                  [&](const Known& known) { return known.name == name; });
  if (found == std::end(kCiphers)) return std::nullopt;
  algorithm.cipher = std::string(found->cipher) + (ecb ? "-ECB" : "-CBC");
  algorithm.least_key = found->least_key;
  algorithm.most_key = found->most_key;
  algorithm.block_size = found->block_size;
  return algorithm;
}

std::optional<PgcryptoRawOpener::Options> PgcryptoRawOpener::Fit(Options options) {
  const RawAlgorithm& algorithm = options.algorithm;
  const size_t size = options.key.size();
  if (size < algorithm.least_key || size > algorithm.most_key) return std::nullopt;
  auto filled = SecretBytes::Allocate(FilledSize(algorithm, size));
  if (!filled.ok()) return std::nullopt;
  const ByteView key = options.key.Expose();
  std::copy(key.begin(), key.end(), filled->ExposeMutable().begin());
  options.key = *std::move(filled);
  options.iv.resize(algorithm.block_size, '\0');  // pgcrypto cuts longer ones, too
  return options;
}

SourceValue PgcryptoRawOpener::OpenOne(const SourceCell& cell) const {
  const auto bad = [](std::string_view why) { return SourceValue{.value = {}, .bad = why}; };
  const RawAlgorithm& algorithm = options_.algorithm;
  const auto bytes = cell.is_text ? BytesOfText(cell.value, options_.text)
                                  : std::optional(std::string(cell.value));
  if (!bytes) return bad(kSourceMalformed);
  ByteView input = AsBytes(*bytes);
  std::string iv = options_.iv;
  if (options_.iv_prefix) {
    if (input.size() < algorithm.block_size) return bad(kSourceMalformed);
    iv = AsText(input.first(algorithm.block_size));
    input = input.subspan(algorithm.block_size);
  } else if (HasRole(options_.roles, SourceRole::kNonce)) {
    auto beside = BesideBytes(options_.roles, cell, SourceRole::kNonce);
    if (!beside) return bad(kSourceBeside);
    iv = *std::move(beside);
    iv.resize(algorithm.block_size, '\0');
  }
  if (input.size() % algorithm.block_size != 0) return bad(kSourceMalformed);
  if (input.size() > kMostSourcePlaintext) return bad(kSourceTooLong);
  const std::string name = CipherName(algorithm, options_.key.size());
  const auto cipher = FetchSourceCipher(name.c_str());
  SourceValue value;
  bool fits = false;
  if (cipher == nullptr ||
      !Decrypt(cipher.get(), options_.key.Expose(), algorithm.has_iv ? AsBytes(iv) : ByteView(),
               algorithm.padded, input, &value.value, &fits)) {
    return bad(kSourceCipher);
  }
  if (!fits) return bad(kSourceNotOpened);
  if (options_.holds_text && !IsPlainText(value.value)) return bad(kSourceNoText);
  return value;
}

absl::StatusOr<std::vector<SourceValue>> PgcryptoRawOpener::Open(
    std::span<const SourceCell> cells) const {
  std::vector<SourceValue> values;
  values.reserve(cells.size());
  for (const SourceCell& cell : cells) values.push_back(OpenOne(cell));
  return values;
}

}  // namespace fieldkms::rotation
