#include "kms/identity/verdict_cache.h"

namespace fieldkms {

std::optional<const Principal*> VerdictCache::Find(std::string_view credential, uint64_t generation,
                                                   WallTime now) {
  Shard& shard = ShardOf(credential);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.verdicts.find(credential);
  if (found == shard.verdicts.end()) return std::nullopt;
  const Verdict& verdict = found->second;
  if (verdict.generation != generation || now >= verdict.until) return std::nullopt;
  return verdict.principal;
}

void VerdictCache::Put(std::string_view credential, uint64_t generation, WallTime until,
                       const Principal* principal) {
  Shard& shard = ShardOf(credential);
  const std::lock_guard lock(shard.mutex);
  if (shard.verdicts.size() >= kMost / kShards) shard.verdicts.clear();
  shard.verdicts.insert_or_assign(std::string(credential), Verdict{generation, until, principal});
}

}  // namespace fieldkms
