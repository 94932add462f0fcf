// VerdictCache: who was found to be whom, for a while: verifying a signature takes as long as
// encrypting a hundred values.
#ifndef FIELDKMS_KMS_IDENTITY_VERDICT_CACHE_H_
#define FIELDKMS_KMS_IDENTITY_VERDICT_CACHE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "kms/access/access.h"
#include "kms/clock.h"

namespace fieldkms {

// Thread-safe. It keeps kMost verdicts at most; where that is too few, what is there is forgotten.
class VerdictCache {
 public:
  static constexpr size_t kMost = 16'384;

  // What was put for `credential` in the same generation, if that is not over: a principal, or null
  // for a credential that is good and nobody's.
  std::optional<const Principal*> Find(std::string_view credential, uint64_t generation,
                                       WallTime now);
  void Put(std::string_view credential, uint64_t generation, WallTime until,
           const Principal* principal);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Verdict {
    uint64_t generation;
    WallTime until;
    const Principal* principal;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Verdict, Hash, std::equal_to<>> verdicts;
  };

  static constexpr size_t kShards = 16;
  Shard& ShardOf(std::string_view credential) { return shards_[Hash()(credential) % kShards]; }

  std::array<Shard, kShards> shards_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_IDENTITY_VERDICT_CACHE_H_
