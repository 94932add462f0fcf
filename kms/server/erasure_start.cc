#include "kms/server/erasure_start.h"

#include <chrono>

#include "crypto/status.h"
#include "kms/observe/log.h"

namespace fieldkms {
namespace {

constexpr auto kPatience = std::chrono::hours(1);  // for each log

absl::StatusOr<ErasureReplay> Replay(const std::string& path, Erasures& erasures) {
  FIELDKMS_ASSIGN_OR_RETURN(const ErasureLogReader log, ErasureLogReader::Open(path));
  return erasures.Replay(log, std::chrono::steady_clock::now() + kPatience);
}

}  // namespace

absl::Status ReplayErasures(std::span<const std::string> paths, Erasures& erasures) {
  for (const std::string& path : paths) {
    const auto replayed = Replay(path, erasures);
    if (!replayed.ok()) {
      return Error(replayed.status().code(), ReasonOf(replayed.status()),
                   "the store may have what was erased, and the erasures of " + path +
                       " could not be done again: " + std::string(MessageOf(replayed.status())));
    }
    Log(LogLevel::kInfo, "erasures_replayed",
        {{"log", path},
         {"entries", replayed->entries},
         {"tokens", replayed->tokens},
         {"subjects", replayed->subjects}});
  }
  return absl::OkStatus();
}

}  // namespace fieldkms
