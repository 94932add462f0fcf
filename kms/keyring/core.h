// What the parts of a keyring share. Internal to kms/keyring.
#ifndef FIELDKMS_KMS_KEYRING_CORE_H_
#define FIELDKMS_KMS_KEYRING_CORE_H_

#include "kms/keyring/change_listener.h"
#include "kms/keyring/kek_cache.h"
#include "kms/keyring/key_loader.h"
#include "kms/keyring/options.h"
#include "kms/keyring/root_binding.h"
#include "kms/root/root_key.h"
#include "kms/snapshot_cell.h"
#include "kms/store/store.h"

namespace fieldkms {

struct KeyringCore {
  KeyringCore(Store& the_store, const RootKey& the_root, const Clock& the_clock,
              const KeyringOptions& the_options)
      : store(the_store),
        root(the_root),
        clock(the_clock),
        options(the_options),
        binding(the_store, the_root),
        keks(the_store, the_root, binding, the_clock, the_options),
        loader(the_store, keks, cell, the_clock, the_options.most_versions) {}

  Store& store;
  const RootKey& root;
  const Clock& clock;
  const KeyringOptions options;
  ChangeListener* listener = nullptr;  // set before the follower starts
  RootBinding binding;
  SnapshotCell<KeySnapshot> cell;
  KekCache keks;
  KeyLoader loader;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_CORE_H_
