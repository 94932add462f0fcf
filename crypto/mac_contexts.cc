#include "crypto/mac_contexts.h"

#include "crypto/derived_keys.h"

namespace fieldkms {

MacContexts& MacContexts::OfThread() {
  thread_local MacContexts contexts;
  const uint64_t epoch = ForgetEpoch();
  if (contexts.epoch_ != epoch) {
    contexts.entries_ = {};
    contexts.epoch_ = epoch;
  }
  return contexts;
}

bool MacContexts::Compute(uint64_t key_id, ByteView key, std::initializer_list<ByteView> parts,
                          std::span<uint8_t, kHmacSize> mac) {
  Entry& entry = entries_[key_id % kEntries];
  if (Start(entry, key_id, key) && FinishHmac(entry.ctx.get(), parts, mac)) return true;
  entry = Entry();
  return false;
}

bool MacContexts::Start(Entry& entry, uint64_t key_id, ByteView key) {
  if (entry.key_id == key_id) return RestartHmac(entry.ctx.get());
  if (entry.ctx == nullptr) entry.ctx.reset(EVP_MAC_CTX_new(Hmac()));
  entry.key_id = key_id;
  return entry.ctx != nullptr && StartHmac(entry.ctx.get(), key);
}

}  // namespace fieldkms
