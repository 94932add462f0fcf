#include "kms/root/key_seal.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "crypto/base64.h"
#include "crypto/random.h"
#include "crypto/scrypt.h"
#include "crypto/status.h"
#include "crypto/xaes_gcm.h"
#include "kms/root/key_text.h"

namespace fieldkms {
namespace {

constexpr std::string_view kPrefix = "fieldkms-root-2 ";
constexpr size_t kSaltSize = 16;
constexpr size_t kSealOverhead = kXaesNonceSize + kXaesTagSize;
constexpr uint64_t kMaxMemory = uint64_t{1} << 30;
constexpr uint64_t kMinN = uint64_t{1} << 14;
constexpr uint64_t kMaxN = uint64_t{1} << 20;
constexpr uint32_t kMaxRAndP = 16;
// OWASP's first choice for scrypt (Password Storage Cheat Sheet).
constexpr ScryptParameters kPrice = {.n = 1 << 17, .r = 8, .p = 1, .max_memory = kMaxMemory};

using Salt = std::array<uint8_t, kSaltSize>;

std::string ToBase64(ByteView bytes) {
  std::string text(Base64Size(Base64::kUrl, bytes.size()), '\0');
  EncodeBase64(Base64::kUrl, bytes, AsMutableBytes(text));
  return text;
}

struct Header {
  ScryptParameters price;
  Salt salt;

  std::string Format() const {
    return fmt::format("{}scrypt n={} r={} p={} {} ", kPrefix, price.n, price.r, price.p,
                       ToBase64(salt));
  }
};

// Takes "NAME=NUMBER " off the front of `text`.
template <class T>
bool TakeNumber(std::string_view name, std::string_view* text, T* number) {
  if (!text->starts_with(name)) return false;
  text->remove_prefix(name.size());
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), *number);
  if (error != std::errc()) return false;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  if (!text->starts_with(' ')) return false;
  text->remove_prefix(1);
  return true;
}

std::optional<Header> ParseHeader(std::string_view text) {
  constexpr std::string_view kStart = "fieldkms-root-2 scrypt ";
  constexpr size_t kSaltText = Base64Size(Base64::kUrl, kSaltSize);
  const std::string_view all = text;
  if (!text.starts_with(kStart)) return std::nullopt;
  text.remove_prefix(kStart.size());
  Header header = {};
  header.price.max_memory = kMaxMemory + kMaxMemory / 8;  // beside the table, its buffers
  if (!TakeNumber("n=", &text, &header.price.n) || !TakeNumber("r=", &text, &header.price.r) ||
      !TakeNumber("p=", &text, &header.price.p) || text.size() < kSaltText ||
      !DecodeBase64(Base64::kUrl, AsBytes(text.substr(0, kSaltText)), header.salt)) {
    return std::nullopt;
  }
  const ScryptParameters& price = header.price;
  if (price.n < kMinN || price.n > kMaxN || price.r > kMaxRAndP || price.p > kMaxRAndP) {
    return std::nullopt;
  }
  // One spelling only.
  return all.starts_with(header.Format()) ? std::optional(header) : std::nullopt;
}

absl::StatusOr<XaesKey> KeyOf(const Header& header, const SecretBytes& passphrase) {
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes key,
                            Scrypt(passphrase.Expose(), header.salt, header.price, kXaesKeySize));
  return XaesKey::Create(std::move(key));
}

}  // namespace

bool IsSealedKeyText(ByteView content) { return AsText(content).starts_with(kPrefix); }

absl::StatusOr<SecretBytes> SealKeyText(ByteView text, const SecretBytes& passphrase) {
  Header header = {kPrice, {}};
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(header.salt));
  FIELDKMS_ASSIGN_OR_RETURN(const XaesKey key, KeyOf(header, passphrase));
  const std::string aad = header.Format();
  std::string sealed(text.size() + kSealOverhead, '\0');
  const MutableBytes out = AsMutableBytes(sealed);
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(out.first<kXaesNonceSize>()));
  FIELDKMS_RETURN_IF_ERROR(
      key.Seal(out.first<kXaesNonceSize>(), AsBytes(aad), text, out.subspan(kXaesNonceSize)));
  return SecretBytes::CopyOf(AsBytes(aad + ToBase64(out) + "\n"));
}

absl::StatusOr<SecretBytes> OpenKeyText(ByteView content, const SecretBytes& passphrase,
                                        const std::string& path) {
  const std::optional<Header> header = ParseHeader(AsText(content));
  if (!header || content.back() != '\n') return NoKeyFile(path);
  const std::string aad = header->Format();
  const ByteView text = content.subspan(aad.size(), content.size() - aad.size() - 1);
  std::string sealed(MaxBase64Bytes(text.size()), '\0');
  const auto size = DecodeBase64(Base64::kUrl, text, AsMutableBytes(sealed));
  if (!size || *size < kSealOverhead) return NoKeyFile(path);
  const auto key = KeyOf(*header, passphrase);
  if (ReasonOf(key.status()) == Reason::kInvalidField) return NoKeyFile(path);
  FIELDKMS_RETURN_IF_ERROR(key.status());
  const ByteView in = AsBytes(sealed).first(*size);
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes out, SecretBytes::Allocate(in.size() - kSealOverhead));
  const absl::Status status = key->Open(in.first<kXaesNonceSize>(), AsBytes(aad),
                                        in.subspan(kXaesNonceSize), out.ExposeMutable());
  if (ReasonOf(status) == Reason::kTagMismatch) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootDenied,
                 "the passphrase does not open root key file " + path +
                     ": it is another one, or the file was altered");
  }
  FIELDKMS_RETURN_IF_ERROR(status);
  return out;
}

}  // namespace fieldkms
