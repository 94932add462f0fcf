#include "kms/audit/trail_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>

#include "crypto/status.h"
#include "kms/files.h"

namespace fieldkms {
namespace {

constexpr size_t kDigits = 20;
constexpr size_t kPiece = size_t{1} << 20;
constexpr size_t kLongestLine = size_t{16} << 20;
constexpr std::string_view kTreeEnding = ".tree";

std::string Padded(uint64_t number) {
  std::string digits = std::to_string(number);
  return std::string(kDigits - digits.size(), '0') + digits;
}

// The number that the ending of a name is, all of it.
std::optional<uint64_t> ParsePadded(std::string_view text) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (text.size() != kDigits || error != std::errc() || at != end) return std::nullopt;
  return number;
}

absl::Status WriteAll(int fd, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return TrailError(path, "write");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

absl::Status OpenFailed(const std::string& path) {
  const absl::StatusCode code =
      errno == ENOENT ? absl::StatusCode::kNotFound : absl::StatusCode::kUnavailable;
  return Error(code, Reason::kAuditUnavailable, path + ": open: " + std::strerror(errno));
}

// To read it. What is no file may have no end.
absl::StatusOr<FileDescriptor> OpenRegular(const std::string& path) {
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0) return OpenFailed(path);
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return TrailError(path, "fstat");
  if (S_ISREG(info.st_mode)) return file;
  return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable,
               path + ": it is no file, as an audit trail must be");
}

// Fills `piece` behind what it holds, up to its capacity; whether there was more to read.
absl::StatusOr<bool> Fill(int fd, const std::string& path, uint64_t* at, std::string* piece) {
  const size_t held = piece->size();
  piece->resize(held + kPiece);
  for (;;) {
    const ssize_t n = pread(fd, piece->data() + held, kPiece, static_cast<off_t>(*at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return TrailError(path, "read");
    piece->resize(held + static_cast<size_t>(n));
    *at += static_cast<uint64_t>(n);
    return n > 0;
  }
}

}  // namespace

std::string SegmentPath(const std::string& trail, uint64_t first) {
  return trail + "." + Padded(first);
}
std::string TreePath(const std::string& trail, uint64_t first) {
  return SegmentPath(trail, first) + std::string(kTreeEnding);
}
std::string CheckpointsPath(const std::string& trail) { return trail + ".checkpoints"; }
std::string VerifierKeyPath(const std::string& trail) { return trail + ".vkey"; }

absl::Status TrailError(const std::string& path, const std::string& what) {
  return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable,
               path + ": " + what + ": " + std::strerror(errno));
}

absl::Status TrailDamaged(const std::string& message) {
  return Error(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt, message);
}

absl::StatusOr<TrailFiles> ListTrail(const std::string& trail) {
  const std::filesystem::path path(trail);
  const std::string prefix = path.filename().string() + ".";
  std::error_code error;
  std::filesystem::directory_iterator entry(
      path.has_parent_path() ? path.parent_path() : std::filesystem::path("."), error);
  TrailFiles files;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    std::string_view rest = std::string_view(name).substr(prefix.size());
    const bool tree = rest.ends_with(kTreeEnding);
    if (tree) rest.remove_suffix(kTreeEnding.size());
    if (const auto first = ParsePadded(rest))
      (tree ? files.trees : files.segments).push_back(*first);
  }
  if (error) {
    return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable,
                 "the directory of " + trail + ": " + error.message());
  }
  std::sort(files.segments.begin(), files.segments.end());
  std::sort(files.trees.begin(), files.trees.end());
  return files;
}

absl::Status ReplaceFile(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".new";
  {
    const FileDescriptor file(
        open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0) return OpenFailed(temporary);
    FIELDKMS_RETURN_IF_ERROR(WriteAll(file.get(), temporary, bytes));
    if (fsync(file.get()) != 0) return TrailError(temporary, "fsync");
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) return TrailError(temporary, "rename");
  errno = SyncDirectoryOf(path);
  return errno == 0 ? absl::OkStatus() : TrailError(path, "fsync of its directory");
}

absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t limit) {
  FIELDKMS_ASSIGN_OR_RETURN(const FileDescriptor file, OpenRegular(path));
  std::string bytes;
  uint64_t at = 0;
  for (;;) {
    FIELDKMS_ASSIGN_OR_RETURN(const bool more, Fill(file.get(), path, &at, &bytes));
    if (bytes.size() > limit) return TrailDamaged(path + ": longer than any that is written");
    if (!more) return bytes;
  }
}

absl::Status ReadLines(int fd, const std::string& path, uint64_t from, const EachLines& each) {
  std::string piece;
  piece.reserve(2 * kPiece);
  for (;;) {
    FIELDKMS_ASSIGN_OR_RETURN(const bool more, Fill(fd, path, &from, &piece));
    const size_t end = piece.rfind('\n');
    const size_t whole = end == std::string::npos ? 0 : end + 1;
    if (whole > 0) FIELDKMS_RETURN_IF_ERROR(each(std::string_view(piece).substr(0, whole)));
    piece.erase(0, whole);
    if (piece.size() > kLongestLine)
      return TrailDamaged(path + ": a line is longer than any of ours");
    if (!more) return piece.empty() ? absl::OkStatus() : each(piece);
  }
}

absl::Status ReadLines(const std::string& path, uint64_t from, const EachLines& each) {
  FIELDKMS_ASSIGN_OR_RETURN(const FileDescriptor file, OpenRegular(path));
  return ReadLines(file.get(), path, from, each);
}

}  // namespace fieldkms
