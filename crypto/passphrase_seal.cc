#include "crypto/passphrase_seal.h"

#include <utility>

#include "crypto/kwp.h"
#include "crypto/random.h"
#include "crypto/scrypt.h"
#include "crypto/status.h"
#include "crypto/xaes_gcm.h"

namespace fieldkms {
namespace {

constexpr size_t kSaltSize = 16;
constexpr size_t kHeadSize = 3 + kSaltSize;
constexpr uint64_t kMaxMemory = (uint64_t{1} << 30) + (uint64_t{1} << 27);  // and its buffers
constexpr uint8_t kLog2N = 17;  // OWASP's first choice for scrypt, with R = 8, P = 1
constexpr uint8_t kMinLog2N = 14;
constexpr uint8_t kMaxLog2N = 20;
constexpr uint8_t kMaxRAndP = 16;
constexpr size_t kMaxSecret = 4096;
static_assert(kPassphraseSealOverhead == kHeadSize + kXaesNonceSize + kXaesTagSize);

absl::StatusOr<XaesKey> KeyOf(ByteView head, const SecretBytes& passphrase) {
  const ScryptParameters price = {uint64_t{1} << head[0], head[1], head[2], kMaxMemory};
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes key,
                            Scrypt(passphrase.Expose(), head.subspan(3), price, kXaesKeySize));
  return XaesKey::Create(std::move(key));
}

bool PriceIsFair(ByteView head) {
  return head[0] >= kMinLog2N && head[0] <= kMaxLog2N && head[1] >= 1 && head[1] <= kMaxRAndP &&
         head[2] >= 1 && head[2] <= kMaxRAndP;
}

std::string AadOf(std::string_view binding, ByteView head) {
  return std::string(binding) + std::string(AsText(head));
}

}  // namespace

absl::StatusOr<std::string> SealUnderPassphrase(const SecretBytes& passphrase,
                                                std::string_view binding,
                                                const SecretBytes& secret) {
  std::string sealed(secret.size() + kPassphraseSealOverhead, '\0');
  const MutableBytes out = AsMutableBytes(sealed);
  out[0] = kLog2N;
  out[1] = 8;
  out[2] = 1;
  const ByteView head = out.first<kHeadSize>();
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(out.subspan<3, kSaltSize + kXaesNonceSize>()));
  FIELDKMS_ASSIGN_OR_RETURN(const XaesKey key, KeyOf(head, passphrase));
  FIELDKMS_RETURN_IF_ERROR(key.Seal(out.subspan<kHeadSize, kXaesNonceSize>(),
                                    AsBytes(AadOf(binding, head)), secret.Expose(),
                                    out.subspan(kHeadSize + kXaesNonceSize)));
  return sealed;
}

absl::StatusOr<SecretBytes> OpenUnderPassphrase(const SecretBytes& passphrase,
                                                std::string_view binding, ByteView sealed) {
  if (sealed.size() <= kPassphraseSealOverhead ||
      sealed.size() > kPassphraseSealOverhead + kMaxSecret) {
    return KeyUnwrapFailed();
  }
  const ByteView head = sealed.first(kHeadSize);
  if (!PriceIsFair(head)) return KeyUnwrapFailed();
  const absl::StatusOr<XaesKey> key = KeyOf(head, passphrase);
  if (ReasonOf(key.status()) == Reason::kInvalidField) return KeyUnwrapFailed();  // too dear
  FIELDKMS_RETURN_IF_ERROR(key.status());
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes secret,
                            SecretBytes::Allocate(sealed.size() - kPassphraseSealOverhead));
  const absl::Status status =
      key->Open(sealed.subspan<kHeadSize, kXaesNonceSize>(), AsBytes(AadOf(binding, head)),
                sealed.subspan(kHeadSize + kXaesNonceSize), secret.ExposeMutable());
  if (ReasonOf(status) == Reason::kTagMismatch) return KeyUnwrapFailed();
  FIELDKMS_RETURN_IF_ERROR(status);
  return secret;
}

}  // namespace fieldkms
