#include "kms/backup/recovery_key.h"

#include <string_view>
#include <utility>

#include "crypto/base64.h"
#include "crypto/bytes.h"
#include "crypto/key_import.h"
#include "crypto/passphrase_seal.h"
#include "crypto/status.h"
#include "kms/root/key_file.h"
#include "kms/root/secret_file.h"

namespace fieldkms {
namespace {

constexpr std::string_view kPrefix = "fieldkms-recovery-1 ";
constexpr std::string_view kBinding = "fieldkms/recovery/1";
constexpr size_t kMaxFile = 4'000;

absl::Status NoRecoveryKey(const std::string& path) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid,
               path + " is no file of a recovery key");
}

}  // namespace

absl::StatusOr<std::string> MakeRecoveryKey(const std::string& private_path,
                                            const SecretBytes& passphrase) {
  FIELDKMS_ASSIGN_OR_RETURN(ImportKeyPair pair, GenerateImportKeyPair());
  FIELDKMS_ASSIGN_OR_RETURN(const std::string sealed,
                            SealUnderPassphrase(passphrase, kBinding, pair.private_der));
  std::string line(kPrefix);
  line.resize(kPrefix.size() + Base64Size(Base64::kUrl, sealed.size()));
  EncodeBase64(Base64::kUrl, AsBytes(sealed), AsMutableBytes(line).subspan(kPrefix.size()));
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes content, SecretBytes::CopyOf(AsBytes(line + "\n")));
  const absl::Status written = WriteKeyFile(private_path, content);
  if (absl::IsAlreadyExists(written)) {
    return Error(absl::StatusCode::kAlreadyExists, Reason::kConfigInvalid,
                 private_path + " exists: no recovery key is written over another file");
  }
  FIELDKMS_RETURN_IF_ERROR(written);
  return std::move(pair.public_pem);
}

absl::StatusOr<SecretBytes> ReadRecoveryKey(const std::string& private_path,
                                            const SecretBytes& passphrase) {
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes content,
                            ReadPrivateFile(private_path, kMaxFile, "recovery key"));
  std::string_view text = AsText(content.Expose());
  if (!text.starts_with(kPrefix) || !text.ends_with('\n')) return NoRecoveryKey(private_path);
  text.remove_prefix(kPrefix.size());
  text.remove_suffix(1);
  std::string sealed(MaxBase64Bytes(text.size()), '\0');
  const auto size = DecodeBase64(Base64::kUrl, AsBytes(text), AsMutableBytes(sealed));
  if (!size) return NoRecoveryKey(private_path);
  sealed.resize(*size);
  absl::StatusOr<SecretBytes> key = OpenUnderPassphrase(passphrase, kBinding, AsBytes(sealed));
  if (ReasonOf(key.status()) != Reason::kKeyUnwrapFailed) return key;
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootDenied,
               "the passphrase does not open the recovery key " + private_path +
                   ": it is another one, or the file was altered");
}

}  // namespace fieldkms
