#include "kms/keyring/import_token.h"

#include "crypto/bytes.h"
#include "crypto/random.h"
#include "crypto/status.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

constexpr uint8_t kFormatSuite = 0x31;
constexpr size_t kHeaderSize = 1 + 4 + 8;
constexpr size_t kOverhead = kHeaderSize + kXaesNonceSize + kXaesTagSize;
constexpr size_t kMaxPrivateSize = 3'072;
// Beyond what any clock of ours gives, so that no sum with it overflows.
constexpr uint64_t kMaxEnd = uint64_t{1} << 62;

std::string Aad(std::string_view tenant, ByteView header) {
  std::string aad = "fieldkms/import/1";
  AppendTenant(tenant, &aad);
  return aad.append(AsText(header));
}

}  // namespace

absl::StatusOr<std::string> SealImportToken(const XaesKey& kek, std::string_view tenant,
                                            const ImportTokenHeader& header,
                                            const SecretBytes& private_der) {
  if (private_der.empty() || private_der.size() > kMaxPrivateSize) {
    return Bug("the private key of an import has an odd size");
  }
  std::string token(kOverhead + private_der.size(), '\0');
  const MutableBytes out = AsMutableBytes(token);
  out[0] = kFormatSuite;
  PutU32(&out[1], header.kek_version);
  PutU64(&out[5], static_cast<uint64_t>(header.end.time_since_epoch().count()));
  const auto nonce = out.subspan<kHeaderSize, kXaesNonceSize>();
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(nonce));
  FIELDKMS_RETURN_IF_ERROR(kek.Seal(nonce, AsBytes(Aad(tenant, out.first<kHeaderSize>())),
                                    private_der.Expose(),
                                    out.subspan(kHeaderSize + kXaesNonceSize)));
  return token;
}

absl::StatusOr<ImportTokenHeader> ReadImportToken(std::string_view token) {
  if (token.size() <= kOverhead || token.size() > kOverhead + kMaxPrivateSize) {
    return ImportFailed();
  }
  const ByteView in = AsBytes(token);
  if (in[0] != kFormatSuite) return ImportFailed();
  const uint64_t end = GetU64(&in[5]);
  if (end > kMaxEnd) return ImportFailed();
  return ImportTokenHeader{GetU32(&in[1]),
                           WallTime(std::chrono::microseconds(static_cast<int64_t>(end)))};
}

absl::StatusOr<SecretBytes> OpenImportToken(const XaesKey& kek, std::string_view tenant,
                                            std::string_view token) {
  FIELDKMS_RETURN_IF_ERROR(ReadImportToken(token).status());
  const ByteView in = AsBytes(token);
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes private_der, SecretBytes::Allocate(in.size() - kOverhead));
  const absl::Status opened = kek.Open(
      in.subspan<kHeaderSize, kXaesNonceSize>(), AsBytes(Aad(tenant, in.first<kHeaderSize>())),
      in.subspan(kHeaderSize + kXaesNonceSize), private_der.ExposeMutable());
  if (ReasonOf(opened) == Reason::kTagMismatch) return ImportFailed();
  FIELDKMS_RETURN_IF_ERROR(opened);
  return private_der;
}

absl::Status ImportFailed() {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kImportFailed,
               "the import token is too old, altered or of another tenant, or the key was not "
               "wrapped under its public key");
}

}  // namespace fieldkms
