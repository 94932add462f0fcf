#include "kms/audit/trail_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "crypto/status.h"
#include "kms/audit/segment_tree.h"
#include "kms/audit/trail_files.h"
#include "kms/files.h"

namespace fieldkms {
namespace {

absl::Status BadPosition() {
  return InvalidField("page_token", "it is none that was given for this trail");
}

// What ReadLines is to stop with when a page is full.
absl::Status Full() { return absl::CancelledError(); }

class PageReader {
 public:
  PageReader(const std::string& trail, const RecordFilter& filter, const PageBounds& bounds)
      : trail_(trail), filter_(filter), bounds_(bounds) {}

  absl::StatusOr<TrailPage> Read(const std::optional<TrailPosition>& from) {
    FIELDKMS_ASSIGN_OR_RETURN(files_, ListTrail(trail_));
    page_.next = from.value_or(Beginning());
    for (;;) {
      page_.end = page_.next.index >= bounds_.end;
      if (page_.end) return std::move(page_);
      if (IsEnded(page_.next.segment)) {
        if (!SkipByTime()) FIELDKMS_RETURN_IF_ERROR(ReadEnded());
        page_.end = page_.next.index >= bounds_.end;
        if (full_) return std::move(page_);
        page_.next = {page_.next.index, 0, page_.next.index};
        continue;
      }
      FIELDKMS_ASSIGN_OR_RETURN(const bool active, ReadActive());
      if (active) return std::move(page_);
      FIELDKMS_ASSIGN_OR_RETURN(files_, ListTrail(trail_));  // it has ended meanwhile
    }
  }

 private:
  bool IsEnded(uint64_t first) const {
    return std::binary_search(files_.segments.begin(), files_.segments.end(), first);
  }

  TrailPosition Beginning() const {
    uint64_t first = 0;
    if (!files_.segments.empty()) {
      first = files_.segments.front();
    } else if (!files_.trees.empty()) {  // all that had ended was dropped
      first = EndOf(files_.trees.back()).value_or(0);
    }
    return {first, 0, first};
  }

  std::optional<SegmentRecord> TreeOf(uint64_t first) const {
    const auto text = ReadSmallFile(TreePath(trail_, first), kMaxSegmentRecord);
    if (!text.ok()) return std::nullopt;
    auto record = ParseSegmentRecord(*text);
    if (!record.ok()) return std::nullopt;
    return *std::move(record);
  }
  std::optional<uint64_t> EndOf(uint64_t first) const {
    const auto record = TreeOf(first);
    return record ? std::optional(record->part.end()) : std::nullopt;
  }

  // Whether nothing of the segment is in the filter's range: then its end is next.
  bool SkipByTime() {
    if (filter_.since.empty() && filter_.until.empty()) return false;
    const auto record = TreeOf(page_.next.segment);
    if (!record || record->facts.first_time.empty()) return false;
    const bool out = record->facts.last_time < filter_.since ||
                     (!filter_.until.empty() && record->facts.first_time >= filter_.until);
    if (out) page_.next.index = record->part.end();
    return out;
  }

  absl::Status ReadEnded() {
    const std::string path = SegmentPath(trail_, page_.next.segment);
    const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file.get() < 0) return TrailError(path, "open");
    return ReadFile(file.get(), path, /*active=*/false);
  }

  // False: what is at the path now is another segment.
  absl::StatusOr<bool> ReadActive() {
    const uint64_t first = page_.next.segment;
    const FileDescriptor file(open(trail_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file.get() < 0 && errno != ENOENT) return TrailError(trail_, "open");
    FIELDKMS_ASSIGN_OR_RETURN(files_, ListTrail(trail_));
    if (IsEnded(first)) return false;
    if (!files_.segments.empty() && files_.segments.back() > first) {
      return Error(absl::StatusCode::kNotFound, Reason::kInvalidField,
                   "the segment of this position was dropped", "page_token");
    }
    if (file.get() >= 0) FIELDKMS_RETURN_IF_ERROR(ReadFile(file.get(), trail_, /*active=*/true));
    page_.end = !full_ || page_.next.index >= bounds_.end;
    return true;
  }

  absl::Status ReadFile(int fd, const std::string& path, bool active) {
    const uint64_t offset = page_.next.offset;
    char before = '\n';
    if (offset > 0 && (pread(fd, &before, 1, static_cast<off_t>(offset - 1)) != 1 ||
                       before != '\n' || page_.next.index < page_.next.segment)) {
      return BadPosition();
    }
    const absl::Status read = ReadLines(
        fd, path, offset, [&](std::string_view lines) { return AddLines(lines, active); });
    return full_ ? absl::OkStatus() : read;
  }

  absl::Status AddLines(std::string_view lines, bool active) {
    while (!lines.empty()) {
      const size_t end = lines.find('\n');
      if (end == std::string_view::npos && active) return absl::OkStatus();  // no record yet
      const std::string_view line = lines.substr(0, end);
      const size_t bytes = std::min(line.size() + 1, lines.size());
      if (Takes(filter_, line)) {
        page_.records.push_back({page_.next.index, std::string(line)});
        found_bytes_ += line.size();
      }
      lines.remove_prefix(bytes);
      ++page_.next.index;
      page_.next.offset += bytes;
      read_bytes_ += bytes;
      full_ = page_.records.size() >= bounds_.records || found_bytes_ >= bounds_.found_bytes ||
              read_bytes_ >= bounds_.read_bytes || page_.next.index >= bounds_.end;
      if (full_) return Full();
    }
    return absl::OkStatus();
  }

  const std::string& trail_;
  const RecordFilter& filter_;
  const PageBounds& bounds_;
  uint64_t found_bytes_ = 0;
  uint64_t read_bytes_ = 0;
  bool full_ = false;
  TrailFiles files_;
  TrailPage page_;
};

}  // namespace

std::string FormatPosition(const TrailPosition& position) {
  return std::to_string(position.segment) + "." + std::to_string(position.offset) + "." +
         std::to_string(position.index);
}

absl::StatusOr<TrailPosition> ParsePosition(std::string_view text) {
  TrailPosition position;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (uint64_t* const number : {&position.segment, &position.offset, &position.index}) {
    const auto parsed = std::from_chars(at, end, *number);
    if (parsed.ec != std::errc()) return BadPosition();
    at = std::min(parsed.ptr + 1, end);
  }
  return FormatPosition(position) == text ? absl::StatusOr<TrailPosition>(position) : BadPosition();
}

absl::StatusOr<TrailPage> ReadPage(const std::string& trail,
                                   const std::optional<TrailPosition>& from,
                                   const RecordFilter& filter, const PageBounds& bounds) {
  FIELDKMS_RETURN_IF_ERROR(CheckFilter(filter));
  return PageReader(trail, filter, bounds).Read(from);
}

}  // namespace fieldkms
