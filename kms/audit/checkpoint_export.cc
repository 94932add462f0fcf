#include "kms/audit/checkpoint_export.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "crypto/status.h"
#include "kms/audit/trail_files.h"
#include "kms/files.h"

namespace fieldkms {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxAnchors = size_t{256} << 20;
constexpr std::string_view kEnding = ".checkpoint";
constexpr size_t kDigits = 20;

std::string PrefixOf(std::string origin) {
  std::replace(origin.begin(), origin.end(), '/', '_');
  return origin + ".";
}

std::string NameOf(const Checkpoint& checkpoint) {
  const std::string size = std::to_string(checkpoint.size);
  return PrefixOf(checkpoint.origin) + std::string(kDigits - size.size(), '0') + size +
         std::string(kEnding);
}

class Directory final : public CheckpointTarget {
 public:
  explicit Directory(std::string path) : path_(std::move(path)) {}

  absl::Status Export(const SignedCheckpoint& checkpoint) override {
    const std::string path = path_ + "/" + NameOf(checkpoint.checkpoint);
    const auto there = ReadSmallFile(path, kMaxAnchors);
    if (there.ok() && *there == checkpoint.note) return absl::OkStatus();
    if (there.ok()) return Forked(path);
    const std::string temporary = path_ + "/.new." + NameOf(checkpoint.checkpoint);
    FIELDKMS_RETURN_IF_ERROR(ReplaceFile(temporary, checkpoint.note));
    errno = RenameNew(temporary, path);
    if (errno == EEXIST) return Forked(path);
    if (errno != 0) return TrailError(path, "rename");
    errno = SyncDirectoryOf(path);
    return errno == 0 ? absl::OkStatus() : TrailError(path, "fsync of its directory");
  }

 private:
  static absl::Status Forked(const std::string& path) {
    return TrailDamaged(path + ": it has another checkpoint of as many records");
  }
  const std::string path_;
};

absl::StatusOr<std::vector<std::string>> AnchorFiles(const std::string& directory,
                                                     const NoteVerifier& verifier) {
  const std::string prefix = PrefixOf(verifier.name());
  std::vector<std::string> files;
  std::error_code error;
  fs::directory_iterator entry(directory, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(kEnding)) files.push_back(entry->path());
  }
  if (error) {
    return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable,
                 directory + ": " + error.message());
  }
  std::sort(files.begin(), files.end());
  return files;
}

absl::Status AddAnchors(const std::string& path, const NoteVerifier& verifier,
                        std::vector<SignedCheckpoint>* anchors) {
  FIELDKMS_ASSIGN_OR_RETURN(std::string text, ReadSmallFile(path, kMaxAnchors));
  text += "\n";  // a note alone has no blank line behind it
  std::string_view rest;
  for (const std::string_view note : SplitCheckpoints(text, &rest)) {
    if (!note.starts_with(verifier.name() + "\n")) continue;
    auto opened = OpenCheckpoint(note, verifier);
    if (!opened.ok()) {
      return TrailDamaged(path + ": not signed by the log that it names: " +
                          std::string(MessageOf(opened.status())));
    }
    anchors->push_back({*std::move(opened), std::string(note)});
  }
  if (rest.find_first_not_of('\n') != std::string_view::npos) {
    return TrailDamaged(path + ": it has more than checkpoints");
  }
  return absl::OkStatus();
}

}  // namespace

std::unique_ptr<CheckpointTarget> DirectoryTarget(std::string directory) {
  return std::make_unique<Directory>(std::move(directory));
}

absl::StatusOr<std::vector<SignedCheckpoint>> ReadAnchors(const std::string& path,
                                                          const NoteVerifier& verifier) {
  std::vector<std::string> files{path};
  if (fs::is_directory(path)) {
    FIELDKMS_ASSIGN_OR_RETURN(files, AnchorFiles(path, verifier));
  }
  std::vector<SignedCheckpoint> anchors;
  for (const std::string& file : files) {
    FIELDKMS_RETURN_IF_ERROR(AddAnchors(file, verifier, &anchors));
  }
  return anchors;
}

absl::StatusOr<std::optional<SignedCheckpoint>> LastAnchor(const std::string& directory,
                                                           const NoteVerifier& verifier) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<std::string> files, AnchorFiles(directory, verifier));
  std::vector<SignedCheckpoint> anchors;
  if (files.empty()) return std::nullopt;
  FIELDKMS_RETURN_IF_ERROR(AddAnchors(files.back(), verifier, &anchors));
  if (anchors.empty())
    return TrailDamaged(files.back() + ": not the checkpoint that it is named for");
  return anchors.back();
}

CheckpointExporter::CheckpointExporter(ExportOptions options,
                                       std::vector<std::shared_ptr<CheckpointTarget>> targets)
    : options_(std::move(options)), targets_(std::move(targets)) {
  if (!targets_.empty()) thread_ = std::thread([this] { Loop(); });
}

CheckpointExporter::~CheckpointExporter() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  offered_.notify_all();
  thread_.join();
}

void CheckpointExporter::Offer(const SignedCheckpoint& checkpoint) {
  if (targets_.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    next_ = checkpoint;
  }
  offered_.notify_all();
}

void CheckpointExporter::AlreadyExported(uint64_t size) {
  const std::lock_guard lock(mutex_);
  exported_size_ = size;
}

ExportHealth CheckpointExporter::Health() const {
  const std::lock_guard lock(mutex_);
  return {!targets_.empty(), exported_size_};
}

// What counts of two targets' failures: another history rather than a place that is down.
absl::Status CheckpointExporter::ExportToAll(const SignedCheckpoint& checkpoint) const {
  absl::Status status;
  for (const auto& target : targets_) {
    const absl::Status exported = target->Export(checkpoint);
    if (status.ok() || absl::IsDataLoss(exported)) status = exported;
  }
  return status;
}

void CheckpointExporter::Loop() {
  absl::Status told;
  bool forked = false;
  for (bool stop = false; !stop;) {
    std::unique_lock lock(mutex_);
    offered_.wait(lock, [this] { return stopping_ || next_; });
    const std::optional<SignedCheckpoint> checkpoint = std::exchange(next_, std::nullopt);
    stop = stopping_;
    lock.unlock();
    if (!checkpoint) return;
    const absl::Status status = ExportToAll(*checkpoint);
    forked = forked || absl::IsDataLoss(status);
    lock.lock();
    // A place that has another history makes none of ours safe to drop, whatever it takes later.
    if (status.ok() && !forked) exported_size_ = checkpoint->checkpoint.size;
    // One that was not exported is tried again, unless a newer one has come.
    if (!status.ok() && !next_) next_ = checkpoint;
    lock.unlock();
    const bool is_news = status.code() != told.code() && !(status.ok() && forked);
    if (is_news) {
      told = status;
      if (options_.on_change) options_.on_change(status);
    }
    lock.lock();
    if (!stop) offered_.wait_for(lock, options_.interval, [this] { return stopping_; });
  }
}

}  // namespace fieldkms
