// How long a keyring trusts what it has loaded; see kms/keyring/keyring.h.
#ifndef FIELDKMS_KMS_KEYRING_OPTIONS_H_
#define FIELDKMS_KMS_KEYRING_OPTIONS_H_

#include <chrono>
#include <cstddef>

namespace fieldkms {

struct KeyringOptions {
  std::chrono::milliseconds poll{1'000};    // of the store, for changes of others
  std::chrono::seconds stale_limit{3'600};  // how long to go on without the store
  std::chrono::seconds root_refresh{300};   // a KEK in use is unwrapped again after this
  std::chrono::seconds root_limit{3'600};   // and serves without the root for at most this
  size_t most_versions = 65'536;            // loaded at a time
};

// How long a replica that cannot say any more that it lives (Keyring::Announce) goes on after it
// last heard from the store, once its word has lost its force.
inline constexpr std::chrono::seconds kUnannouncedLimit{10};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_OPTIONS_H_
