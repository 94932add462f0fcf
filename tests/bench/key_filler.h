// A store with very many keys, made in seconds.
#ifndef FIELDKMS_TESTS_BENCH_KEY_FILLER_H_
#define FIELDKMS_TESTS_BENCH_KEY_FILLER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fieldkms::bench {

// The name of the key at `index`.
std::string FilledKeyName(size_t index);

// FillStore adds `count` keys to tenant kBenchTenant of the SQLite store at `store_path`,
// which nobody else has open, and returns their ids, by index. Each has material of its own,
// wrapped as the keyring wraps it by what `root_path` opens, and each is a change of its
// own; but they are written in one transaction without a log or a sync, so a crash leaves
// no store. Where a key lies in the file says nothing of its name.
absl::StatusOr<std::vector<uint64_t>> FillStore(const std::string& store_path,
                                                const std::string& root_path, size_t count);

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_KEY_FILLER_H_
