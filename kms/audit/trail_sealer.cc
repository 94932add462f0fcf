#include "kms/audit/trail_sealer.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "crypto/status.h"
#include "kms/audit/trail_files.h"
#include "kms/files.h"

namespace fieldkms {
namespace {

// How long lines are gathered before they are hashed: so that no commit has to wake anybody.
constexpr auto kGather = std::chrono::milliseconds(50);
// Committers wait for a sealer that is further behind.
constexpr size_t kMaxPending = size_t{64} << 20;

}  // namespace

TrailSealer::TrailSealer(SealerOptions options, NoteSigner signer, CheckpointLog log,
                         RecoveredTrail trail)
    : options_(std::move(options)),
      signer_(std::move(signer)),
      without_tree_(std::move(trail.without_tree)),
      log_(std::move(log)),
      tree_(std::move(trail.tree)),
      segment_first_(tree_.first()),
      segment_written_(tree_.facts().bytes),
      segment_began_(SteadyClock::now()) {
  view_.segments = std::move(trail.segments);
  view_.active_first = segment_first_;
  view_.size = tree_.size();
  view_.checkpoint = log_.last();
  thread_ = std::thread([this] { Loop(); });
}

TrailSealer::~TrailSealer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  thread_.join();
}

absl::Status TrailSealer::Committed(std::string_view lines) {
  const auto count = static_cast<uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
  segment_written_ += lines.size();
  bool wake = false;
  {
    std::unique_lock lock(mutex_);
    taken_.wait(lock, [this] { return pending_.size() < kMaxPending || !failure_.ok(); });
    if (!failure_.ok()) return failure_;
    wake = pending_.empty();
    pending_ += lines;
    view_.size += count;
  }
  if (wake) arrived_.notify_one();
  return absl::OkStatus();
}

bool TrailSealer::RotationDue() {
  return segment_written_ >= options_.segment_bytes ||
         SteadyClock::now() - segment_began_ >= options_.segment_age;
}

absl::StatusOr<std::unique_ptr<AuditFile>> TrailSealer::Rotate() {
  const std::string ended = SegmentPath(options_.path, segment_first_);
  errno = RenameNew(options_.path, ended);
  if (errno != 0) return TrailError(ended, "rename");
  std::string tail;
  FIELDKMS_ASSIGN_OR_RETURN(auto file, OpenAuditFile(options_.path, &tail));
  segment_written_ = 0;
  segment_began_ = SteadyClock::now();
  {
    const std::lock_guard lock(mutex_);
    pending_ends_.push_back(pending_.size());
    view_.segments.push_back({segment_first_, view_.size, {}});
    segment_first_ = view_.active_first = view_.size;
  }
  arrived_.notify_one();
  return file;
}

TrailView TrailSealer::View() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

void TrailSealer::Dropped(uint64_t end) {
  const std::lock_guard lock(mutex_);
  std::erase_if(view_.segments, [end](const EndedSegment& segment) { return segment.end <= end; });
}

bool TrailSealer::CheckpointDue(SteadyClock::time_point now) const {
  const uint64_t unsigned_records = tree_.size() - log_.last().checkpoint.size;
  return unsigned_records >= options_.checkpoint_records ||
         (unsigned_records > 0 && now >= unsigned_since_ + options_.checkpoint_age);
}

TrailSealer::Work TrailSealer::Await() {
  std::unique_lock lock(mutex_);
  const auto arrived = [this] { return stopping_ || !pending_.empty() || !pending_ends_.empty(); };
  if (tree_.size() > log_.last().checkpoint.size) {
    arrived_.wait_until(lock, unsigned_since_ + options_.checkpoint_age, arrived);
  } else {
    arrived_.wait(lock, arrived);
  }
  if (!pending_.empty()) {
    arrived_.wait_for(lock, kGather, [this] { return stopping_ || !pending_ends_.empty(); });
  }
  Work work{std::exchange(pending_, {}), std::exchange(pending_ends_, {}), stopping_};
  lock.unlock();
  taken_.notify_all();
  return work;
}

void TrailSealer::Loop() {
  absl::Status status;
  for (SegmentRecord& record : std::exchange(without_tree_, {})) {
    if (status.ok()) status = KeepTree(std::move(record));
  }
  // What was there at the start and is not signed yet.
  if (status.ok() && tree_.size() > log_.last().checkpoint.size) status = SignHere();
  for (bool stop = false; status.ok() && !stop;) {
    const Work work = Await();
    stop = work.stop;
    status = Do(work);
  }
  if (status.ok()) return;
  {
    const std::lock_guard lock(mutex_);
    failure_ = status;
  }
  taken_.notify_all();
}

absl::Status TrailSealer::Do(const Work& work) {
  size_t done = 0;
  const std::string_view lines = work.lines;
  for (const size_t end : work.segment_ends) {
    FIELDKMS_RETURN_IF_ERROR(AddLines(lines.substr(done, end - done)));
    done = end;
    FIELDKMS_ASSIGN_OR_RETURN(CompactRange whole, tree_.Whole());
    FIELDKMS_RETURN_IF_ERROR(KeepTree({tree_.facts(), tree_.part(), std::move(whole), {}}));
    FIELDKMS_RETURN_IF_ERROR(tree_.EndSegment());
  }
  FIELDKMS_RETURN_IF_ERROR(AddLines(lines.substr(done)));
  const bool last = work.stop && tree_.size() > log_.last().checkpoint.size;
  return last || CheckpointDue(SteadyClock::now()) ? SignHere() : absl::OkStatus();
}

absl::Status TrailSealer::AddLines(std::string_view lines) {
  if (tree_.size() == log_.last().checkpoint.size) unsigned_since_ = SteadyClock::now();
  tree_.AddLines(lines);
  return absl::OkStatus();
}

absl::StatusOr<SignedCheckpoint> TrailSealer::Signed(uint64_t size, const MerkleHash& root) const {
  SignedCheckpoint made{{signer_.verifier().name(), size, root}, {}};
  FIELDKMS_ASSIGN_OR_RETURN(made.note, SignCheckpoint(made.checkpoint, signer_));
  return made;
}

absl::Status TrailSealer::SignHere() {
  FIELDKMS_ASSIGN_OR_RETURN(const MerkleHash root, tree_.Root());
  FIELDKMS_ASSIGN_OR_RETURN(SignedCheckpoint made, Signed(tree_.size(), root));
  FIELDKMS_RETURN_IF_ERROR(log_.Append(std::move(made)));
  {
    const std::lock_guard lock(mutex_);
    view_.checkpoint = log_.last();
  }
  if (options_.on_checkpoint) options_.on_checkpoint(log_.last());
  return absl::OkStatus();
}

// The checkpoint first: the tree is nothing without it.
absl::Status TrailSealer::KeepTree(SegmentRecord record) {
  MerkleHasher hasher;
  FIELDKMS_ASSIGN_OR_RETURN(const MerkleHash root, record.whole.Root(hasher));
  FIELDKMS_ASSIGN_OR_RETURN(SignedCheckpoint made, Signed(record.whole.end(), root));
  record.checkpoint = made.note;
  const bool is_new = record.whole.end() > log_.last().checkpoint.size;
  if (is_new) FIELDKMS_RETURN_IF_ERROR(log_.Append(std::move(made)));
  const uint64_t first = record.part.begin();
  FIELDKMS_RETURN_IF_ERROR(
      ReplaceFile(TreePath(options_.path, first), FormatSegmentRecord(record)));
  {
    const std::lock_guard lock(mutex_);
    view_.checkpoint = log_.last();
    for (EndedSegment& segment : view_.segments) {
      if (segment.first == first) segment.facts = record.facts;
    }
  }
  if (is_new && options_.on_checkpoint) options_.on_checkpoint(log_.last());
  return absl::OkStatus();
}

}  // namespace fieldkms
