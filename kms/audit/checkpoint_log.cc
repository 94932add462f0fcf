#include "kms/audit/checkpoint_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "crypto/status.h"
#include "kms/audit/trail_files.h"

namespace fieldkms {
namespace {

// A few checkpoints, each of which has less than a kilobyte.
constexpr uint64_t kTail = 64 << 10;
constexpr size_t kMaxFile = size_t{1} << 30;
constexpr std::string_view kBlank = "\n\n";

absl::StatusOr<SignedCheckpoint> Opened(std::string_view note, const NoteVerifier& verifier,
                                        const std::string& path) {
  auto checkpoint = OpenCheckpoint(note, verifier);
  if (!checkpoint.ok()) {
    return TrailDamaged(path + ": a checkpoint is not this log's: " + FieldOf(checkpoint.status()) +
                        ": " + std::string(MessageOf(checkpoint.status())));
  }
  return SignedCheckpoint{*std::move(checkpoint), std::string(note)};
}

// The first checkpoint that begins in `tail`: behind a blank line comes either signatures or one.
std::string_view FromFirstWhole(std::string_view tail, const std::string& origin) {
  const size_t at = tail.find("\n\n" + origin + "\n");
  return at == std::string_view::npos ? std::string_view() : tail.substr(at + kBlank.size());
}

}  // namespace

std::vector<std::string_view> SplitCheckpoints(std::string_view text, std::string_view* rest) {
  std::vector<std::string_view> notes;
  *rest = text;
  for (;;) {
    const size_t body = rest->find(kBlank);
    if (body == std::string_view::npos) return notes;
    const size_t signatures = rest->find(kBlank, body + kBlank.size());
    if (signatures == std::string_view::npos) return notes;
    notes.push_back(rest->substr(0, signatures + 1));
    rest->remove_prefix(signatures + kBlank.size());
  }
}

absl::StatusOr<std::vector<SignedCheckpoint>> ReadCheckpoints(const std::string& path,
                                                              const NoteVerifier& verifier) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(path, kMaxFile));
  std::vector<SignedCheckpoint> checkpoints;
  std::string_view rest;
  for (const std::string_view note : SplitCheckpoints(text, &rest)) {
    FIELDKMS_ASSIGN_OR_RETURN(SignedCheckpoint opened, Opened(note, verifier, path));
    if (!checkpoints.empty() && opened.checkpoint.size < checkpoints.back().checkpoint.size) {
      return TrailDamaged(path + ": a checkpoint is of fewer records than the one before it");
    }
    checkpoints.push_back(std::move(opened));
  }
  return checkpoints;
}

absl::StatusOr<CheckpointLog> CheckpointLog::Open(const std::string& path,
                                                  const NoteVerifier& verifier) {
  FileDescriptor fd(open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
  if (fd.get() < 0 && errno == ENOENT) {
    return TrailDamaged(path + ": the checkpoints of the audit trail are gone");
  }
  if (fd.get() < 0) return TrailError(path, "open");
  CheckpointLog log(path, std::move(fd));
  struct stat info {};
  if (fstat(log.file_.get(), &info) != 0) return TrailError(path, "fstat");
  const auto size = static_cast<uint64_t>(info.st_size);
  const uint64_t from = size - std::min(size, kTail);
  std::string tail(size - from, '\0');
  if (pread(log.file_.get(), tail.data(), tail.size(), static_cast<off_t>(from)) !=
      static_cast<ssize_t>(tail.size())) {
    return TrailError(path, "read");
  }
  std::string_view rest;
  const auto notes =
      SplitCheckpoints(from == 0 ? tail : FromFirstWhole(tail, verifier.name()), &rest);
  if (notes.empty()) return TrailDamaged(path + ": no checkpoint of the audit trail is left");
  FIELDKMS_ASSIGN_OR_RETURN(log.last_, Opened(notes.back(), verifier, path));
  if (!rest.empty()) {
    const auto whole = static_cast<off_t>(size - rest.size());
    if (ftruncate(log.file_.get(), whole) != 0) return TrailError(path, "ftruncate");
    if (fsync(log.file_.get()) != 0) return TrailError(path, "fsync");
  }
  return log;
}

absl::Status CheckpointLog::Append(SignedCheckpoint checkpoint) {
  const std::string entry = checkpoint.note + "\n";
  for (std::string_view bytes = entry; !bytes.empty();) {
    const ssize_t n = write(file_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return TrailError(path_, "write");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  if (fdatasync(file_.get()) != 0) return TrailError(path_, "fdatasync");
  last_ = std::move(checkpoint);
  return absl::OkStatus();
}

}  // namespace fieldkms
