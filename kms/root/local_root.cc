#include "kms/root/local_root.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "crypto/random.h"
#include "crypto/status.h"
#include "crypto/xaes_gcm.h"
#include "kms/files.h"
#include "kms/root/key_file.h"
#include "kms/root/local_keys.h"

namespace fieldkms {
namespace {

constexpr size_t kMaxWrappedKey = 64;
constexpr size_t kMaxContext = 1024;
constexpr size_t kOverhead = kXaesNonceSize + kXaesTagSize;

absl::Status CheckContext(std::string_view context) {
  return context.size() <= kMaxContext ? absl::OkStatus()
                                       : InvalidField("context", "is longer than 1 KiB");
}

// The prefix has one length, so what follows it needs none.
std::string AadOf(std::string_view context) { return "fieldkms/root/1" + std::string(context); }

absl::Status WrongKey() {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
               "this root key did not wrap that key for that use");
}

// One key of the file, ready for use.
struct RootEntry {
  std::optional<RootKeyId> id;
  XaesKey key;
};

// What stands before the nonce.
std::string PrefixOf(const RootEntry& entry) {
  return entry.id ? std::string(AsText(*entry.id)) : std::string();
}

absl::StatusOr<SecretBytes> OpenBy(const RootEntry& entry, ByteView in, std::string_view aad) {
  if (in.size() <= kOverhead || in.size() > kOverhead + kMaxWrappedKey) return WrongKey();
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes key, SecretBytes::Allocate(in.size() - kOverhead));
  const absl::Status status = entry.key.Open(in.first<kXaesNonceSize>(), AsBytes(aad),
                                             in.subspan(kXaesNonceSize), key.ExposeMutable());
  if (ReasonOf(status) == Reason::kTagMismatch) return WrongKey();
  FIELDKMS_RETURN_IF_ERROR(status);
  return key;
}

class LocalRoot final : public RootKey {
 public:
  LocalRoot(std::string path, std::vector<RootEntry> keys)
      : path_(std::move(path)), keys_(std::move(keys)) {}

  std::string Describe() const override { return "local:" + path_; }

  absl::StatusOr<std::string> Wrap(const SecretBytes& key, std::string_view context,
                                   Deadline) const override {
    if (key.empty() || key.size() > kMaxWrappedKey) {
      return InvalidField("key", "is not 1 to 64 bytes");
    }
    FIELDKMS_RETURN_IF_ERROR(CheckContext(context));
    const RootEntry& newest = keys_.front();
    std::string wrapped = PrefixOf(newest);
    const size_t prefix = wrapped.size();
    wrapped.resize(prefix + kOverhead + key.size());
    const MutableBytes out = AsMutableBytes(wrapped).subspan(prefix);
    FIELDKMS_RETURN_IF_ERROR(RandomBytes(out.first<kXaesNonceSize>()));
    FIELDKMS_RETURN_IF_ERROR(newest.key.Seal(out.first<kXaesNonceSize>(), AsBytes(AadOf(context)),
                                             key.Expose(), out.subspan(kXaesNonceSize)));
    return wrapped;
  }

  absl::StatusOr<SecretBytes> Unwrap(std::string_view wrapped, std::string_view context,
                                     Deadline) const override {
    FIELDKMS_RETURN_IF_ERROR(CheckContext(context));
    const std::string aad = AadOf(context);
    // By its id, one key fits; and the one without, whose nonce may begin with that id.
    for (const RootEntry& entry : keys_) {
      const std::string prefix = PrefixOf(entry);
      if (!wrapped.starts_with(prefix)) continue;
      auto key = OpenBy(entry, AsBytes(wrapped.substr(prefix.size())), aad);
      if (ReasonOf(key.status()) != Reason::kRootWrongKey) return key;
    }
    return WrongKey();
  }

 private:
  const std::string path_;
  const std::vector<RootEntry> keys_;
};

// An id that none of the keys has.
absl::StatusOr<RootKeyId> NewId(const std::vector<LocalRootKey>& keys) {
  for (;;) {
    RootKeyId id;
    FIELDKMS_RETURN_IF_ERROR(RandomBytes(id));
    const auto same = [&](const LocalRootKey& key) { return key.id == id; };
    if (std::none_of(keys.begin(), keys.end(), same)) return id;
  }
}

// Replaces the keys of the file by what `change` makes of them.
template <class Change>
absl::Status ChangeKeys(const LocalRootOptions& options,
                        const std::optional<SecretSource>& new_passphrase, Change change) {
  FIELDKMS_ASSIGN_OR_RETURN(const Passphrase old, ReadPassphrase(options.passphrase));
  FIELDKMS_ASSIGN_OR_RETURN(const Passphrase next, ReadPassphrase(new_passphrase));
  return UpdateKeyFile(
      options.path, [&](const SecretBytes& content) -> absl::StatusOr<SecretBytes> {
        FIELDKMS_ASSIGN_OR_RETURN(auto keys, DecodeLocalKeys(content, old, options.path));
        FIELDKMS_RETURN_IF_ERROR(change(&keys));
        return EncodeLocalKeys(keys, next);
      });
}

}  // namespace

absl::Status CreateLocalRoot(const std::string& path) {
  return CreateLocalRoot(LocalRootOptions{path});
}

absl::Status CreateLocalRoot(const LocalRootOptions& options) {
  FIELDKMS_ASSIGN_OR_RETURN(const Passphrase passphrase, ReadPassphrase(options.passphrase));
  std::vector<LocalRootKey> keys(1);
  FIELDKMS_ASSIGN_OR_RETURN(keys[0].key, SecretBytes::Random(kRootKeySize));
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes content, EncodeLocalKeys(keys, passphrase));
  return WriteKeyFile(options.path, content);
}

absl::StatusOr<std::unique_ptr<RootKey>> OpenLocalRoot(const std::string& path) {
  return OpenLocalRoot(LocalRootOptions{path});
}

absl::StatusOr<std::unique_ptr<RootKey>> OpenLocalRoot(const LocalRootOptions& options) {
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes content, ReadKeyFile(options.path));
  FIELDKMS_ASSIGN_OR_RETURN(const Passphrase passphrase, ReadPassphrase(options.passphrase));
  FIELDKMS_ASSIGN_OR_RETURN(auto keys, DecodeLocalKeys(content, passphrase, options.path));
  // Who made the file may have been killed before its name was durable, and from
  // now on keys hang on it. A directory that cannot be opened for this was not made
  // by CreateLocalRoot, which insists on it.
  (void)SyncDirectoryOf(options.path);
  std::vector<RootEntry> entries;
  for (LocalRootKey& key : keys) {
    FIELDKMS_ASSIGN_OR_RETURN(XaesKey ready, XaesKey::Create(std::move(key.key)));
    entries.push_back({key.id, std::move(ready)});
  }
  return std::make_unique<LocalRoot>(options.path, std::move(entries));
}

absl::Status RekeyLocalRoot(const LocalRootOptions& options) {
  return ChangeKeys(options, options.passphrase,
                    [](std::vector<LocalRootKey>* keys) -> absl::Status {
                      if (keys->size() == kMaxRootKeys) {
                        return Error(absl::StatusCode::kFailedPrecondition, Reason::kConfigInvalid,
                                     "the root key file holds 16 keys: drop the old ones first");
                      }
                      LocalRootKey key;
                      FIELDKMS_ASSIGN_OR_RETURN(key.id, NewId(*keys));
                      FIELDKMS_ASSIGN_OR_RETURN(key.key, SecretBytes::Random(kRootKeySize));
                      keys->insert(keys->begin(), std::move(key));
                      return absl::OkStatus();
                    });
}

absl::Status DropOldLocalKeys(const LocalRootOptions& options) {
  return ChangeKeys(options, options.passphrase, [](std::vector<LocalRootKey>* keys) {
    keys->erase(std::next(keys->begin()), keys->end());
    return absl::OkStatus();
  });
}

absl::Status ChangeLocalPassphrase(const LocalRootOptions& options,
                                   const std::optional<SecretSource>& passphrase) {
  return ChangeKeys(options, passphrase,
                    [](std::vector<LocalRootKey>*) { return absl::OkStatus(); });
}

}  // namespace fieldkms
