#include "crypto/ff1_contexts.h"

#include "crypto/derived_keys.h"

namespace fieldkms {

Ff1Contexts& Ff1Contexts::OfThread() {
  thread_local Ff1Contexts contexts;
  const uint64_t epoch = ForgetEpoch();
  if (contexts.epoch_ != epoch) {
    contexts.contexts_ = {};
    contexts.epoch_ = epoch;
  }
  return contexts;
}

}  // namespace fieldkms
