#include "crypto/mac_contexts.h"

#include "crypto/derived_keys.h"

namespace fieldkms {

MacContexts& MacContexts::OfThread() {
  thread_local MacContexts contexts;
  const uint64_t epoch = ForgetEpoch();
  if (contexts.epoch_ != epoch) {
    contexts = MacContexts();
    contexts.epoch_ = epoch;
  }
  return contexts;
}

bool MacContexts::Compute(uint64_t key_id, ByteView key, std::initializer_list<ByteView> parts,
                          std::span<uint8_t, kHmacSize> mac) {
  Entry& entry = entries_[key_id % kEntries];
  const bool keyed = entry.key_id == key_id || entry.hmac.SetKey(key);
  if (keyed && working_ != nullptr && entry.hmac.Compute(working_.get(), parts, mac)) {
    entry.key_id = key_id;
    return true;
  }
  entry = Entry();
  return false;
}

}  // namespace fieldkms
