#include "kms/audit/segment_read.h"

#include <algorithm>

#include "kms/audit/trail_files.h"

namespace fieldkms {

VerifyCounter::VerifyCounter(uint64_t total_bytes,
                             const std::function<void(const VerifyProgress&)>& tell)
    : tell_(tell) {
  progress_.total_bytes = total_bytes;
}

void VerifyCounter::Add(uint64_t bytes, uint64_t records) {
  const std::lock_guard lock(mutex_);
  progress_.bytes += bytes;
  progress_.records += records;
  if (tell_) tell_(progress_);
}

size_t EndOfLines(std::string_view lines, uint64_t count) {
  size_t end = 0;
  for (; count > 0 && end < lines.size(); --count) {
    end = std::min(lines.find('\n', end), lines.size() - 1) + 1;
  }
  return end;
}

ReadSegmentResult ReadSegment(const SegmentFile& segment, const std::vector<uint64_t>& sizes,
                              VerifyCounter& counter) {
  SegmentTree tree{CompactRange(segment.first)};
  ReadSegmentResult read;
  auto next = std::upper_bound(sizes.begin(), sizes.end(), segment.first);
  read.status = ReadLines(segment.path, 0, [&](std::string_view lines) {
    // What is being written: a last line without an end is no record yet.
    if (segment.active && lines.back() != '\n') return absl::OkStatus();
    const uint64_t before = tree.size();
    const size_t bytes = lines.size();
    while (next != sizes.end()) {
      const size_t part = EndOfLines(lines, *next - tree.size());
      tree.AddLines(lines.substr(0, part));
      lines.remove_prefix(part);
      if (tree.size() != *next) break;
      read.at.emplace(*next++, tree.part());
    }
    tree.AddLines(lines);
    counter.Add(bytes, tree.size() - before);
    return absl::OkStatus();
  });
  if (segment.active && absl::IsNotFound(read.status)) read.status = absl::OkStatus();
  read.part = tree.part();
  read.facts = tree.facts();
  return read;
}

}  // namespace fieldkms
