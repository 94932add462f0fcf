#include "kms/root/local_root.h"

#include <array>
#include <utility>

#include "crypto/random.h"
#include "crypto/status.h"
#include "crypto/xaes_gcm.h"
#include "kms/files.h"
#include "kms/root/key_file.h"

namespace fieldkms {
namespace {

constexpr size_t kMaxWrappedKey = 64;
constexpr size_t kMaxContext = 1024;

absl::Status CheckContext(std::string_view context) {
  return context.size() <= kMaxContext ? absl::OkStatus()
                                       : InvalidField("context", "is longer than 1 KiB");
}

// The prefix has one length, so what follows it needs none.
std::string AadOf(std::string_view context) { return "fieldkms/root/1" + std::string(context); }

class LocalRoot final : public RootKey {
 public:
  LocalRoot(std::string path, XaesKey key) : path_(std::move(path)), key_(std::move(key)) {}

  std::string Describe() const override { return "local:" + path_; }

  absl::StatusOr<std::string> Wrap(const SecretBytes& key, std::string_view context,
                                   Deadline) const override {
    if (key.empty() || key.size() > kMaxWrappedKey) {
      return InvalidField("key", "is not 1 to 64 bytes");
    }
    FIELDKMS_RETURN_IF_ERROR(CheckContext(context));
    std::string wrapped(kXaesNonceSize + key.size() + kXaesTagSize, '\0');
    const MutableBytes out = AsMutableBytes(wrapped);
    FIELDKMS_RETURN_IF_ERROR(RandomBytes(out.first<kXaesNonceSize>()));
    FIELDKMS_RETURN_IF_ERROR(key_.Seal(out.first<kXaesNonceSize>(), AsBytes(AadOf(context)),
                                       key.Expose(), out.subspan(kXaesNonceSize)));
    return wrapped;
  }

  absl::StatusOr<SecretBytes> Unwrap(std::string_view wrapped, std::string_view context,
                                     Deadline) const override {
    FIELDKMS_RETURN_IF_ERROR(CheckContext(context));
    constexpr size_t kOverhead = kXaesNonceSize + kXaesTagSize;
    if (wrapped.size() <= kOverhead || wrapped.size() > kOverhead + kMaxWrappedKey) {
      return WrongKey();
    }
    const ByteView in = AsBytes(wrapped);
    FIELDKMS_ASSIGN_OR_RETURN(SecretBytes key, SecretBytes::Allocate(in.size() - kOverhead));
    const absl::Status status = key_.Open(in.first<kXaesNonceSize>(), AsBytes(AadOf(context)),
                                          in.subspan(kXaesNonceSize), key.ExposeMutable());
    if (ReasonOf(status) == Reason::kTagMismatch) return WrongKey();
    FIELDKMS_RETURN_IF_ERROR(status);
    return key;
  }

 private:
  static absl::Status WrongKey() {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
                 "this root key did not wrap that key for that use");
  }

  const std::string path_;
  const XaesKey key_;
};

}  // namespace

absl::Status CreateLocalRoot(const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes key, SecretBytes::Random(kRootKeySize));
  return WriteKeyFile(path, key);
}

absl::StatusOr<std::unique_ptr<RootKey>> OpenLocalRoot(const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes material, ReadKeyFile(path));
  // Who made the file may have been killed before its name was durable, and from
  // now on keys hang on it. A directory that cannot be opened for this was not made
  // by CreateLocalRoot, which insists on it.
  (void)SyncDirectoryOf(path);
  FIELDKMS_ASSIGN_OR_RETURN(XaesKey key, XaesKey::Create(std::move(material)));
  return std::make_unique<LocalRoot>(path, std::move(key));
}

}  // namespace fieldkms
