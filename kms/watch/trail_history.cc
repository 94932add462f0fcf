#include "kms/watch/trail_history.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "crypto/status.h"
#include "kms/audit/trail_files.h"
#include "kms/watch/watched_line.h"

namespace fieldkms {
namespace {

// A file of the trail, and where to begin in it.
struct Part {
  std::string path;
  uint64_t from = 0;
};

// The newest first, until there are `most_bytes`.
std::vector<Part> LastParts(const std::string& trail, const TrailFiles& files,
                            uint64_t most_bytes) {
  std::vector<Part> parts;
  std::vector<std::string> paths{trail};
  for (auto first = files.segments.rbegin(); first != files.segments.rend(); ++first) {
    paths.push_back(SegmentPath(trail, *first));
  }
  for (const std::string& path : paths) {
    std::error_code error;
    const uint64_t size = std::filesystem::file_size(path, error);
    if (error) continue;  // it was renamed, or dropped
    const uint64_t taken = std::min<uint64_t>(size, most_bytes);
    parts.push_back({path, size - taken});
    most_bytes -= taken;
    if (most_bytes == 0) break;
  }
  return parts;
}

}  // namespace

absl::Status LearnFromTrail(const std::string& trail, const HistoryRange& range,
                            const std::atomic<bool>& stop, ActivityWatch& watch) {
  FIELDKMS_ASSIGN_OR_RETURN(const TrailFiles files, ListTrail(trail));
  const std::vector<Part> parts = LastParts(trail, files, range.most_bytes);
  WatchedLine line;
  std::vector<Alarm> forgotten;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    // The first line may be the end of one, which is no record.
    const absl::Status read = ReadLines(part->path, part->from, [&](std::string_view lines) {
      while (!lines.empty() && !stop.load()) {
        const size_t end = std::min(lines.find('\n'), lines.size());
        const bool ended = line.Read(lines.substr(0, end));  // a call
        if (ended && line.time() >= range.since && line.time() < range.until) {
          watch.Take(line.record(), line.time(), &forgotten);
          forgotten.clear();
        }
        lines.remove_prefix(std::min(end + 1, lines.size()));
      }
      return stop.load() ? absl::CancelledError() : absl::OkStatus();
    });
    if (absl::IsCancelled(read)) return absl::OkStatus();
    FIELDKMS_RETURN_IF_ERROR(read);
  }
  return absl::OkStatus();
}

}  // namespace fieldkms
