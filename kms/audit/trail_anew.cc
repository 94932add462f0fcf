#include "kms/audit/trail_anew.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "crypto/base64.h"
#include "crypto/status.h"
#include "kms/audit/audit_line.h"
#include "kms/audit/checkpoint_log.h"
#include "kms/audit/trail_files.h"
#include "kms/audit/trail_key.h"
#include "kms/files.h"
#include "kms/observe/json_line.h"

namespace fieldkms {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxReason = 1'000;

bool IsThere(const std::string& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0;
}

std::string Base64Of(const MerkleHash& hash) {
  std::string text(Base64Size(Base64::kPadded, hash.size()), '\0');
  EncodeBase64(Base64::kPadded, hash, AsMutableBytes(text));
  return text;
}

std::string FirstRecord(const AnewRequest& request, const AnewResult& result,
                        const MerkleHash& root, WallTime now) {
  std::string line;
  AppendAuditSeq(1, &line);
  const size_t brace = line.size();
  JsonLine json(&line);
  line[brace] = ',';
  json.Time("time", now);
  json.Text("kind", "anew");
  json.Text("operator", request.operator_name);
  json.Text("because", request.reason);
  json.Text("aside", result.aside);
  if (!result.origin.empty()) json.Text("old_log", result.origin);
  if (result.signed_records != 0) {
    json.Unsigned("old_signed_records", result.signed_records);
    json.Text("old_root", Base64Of(root));
  }
  json.Finish();
  return line;
}

// All files of the trail but the key, the written segment last.
absl::StatusOr<std::vector<std::string>> OldFiles(const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(const TrailFiles files, ListTrail(path));
  std::vector<std::string> old;
  for (const uint64_t first : files.segments) old.push_back(SegmentPath(path, first));
  for (const uint64_t first : files.trees) old.push_back(TreePath(path, first));
  for (const std::string& file :
       {CheckpointsPath(path), CheckpointsPath(path) + ".first", VerifierKeyPath(path), path}) {
    if (IsThere(file)) old.push_back(file);
  }
  return old;
}

absl::Status MoveTo(const std::string& directory, const std::string& file) {
  const std::string to = directory + "/" + fs::path(file).filename().string();
  std::error_code error;
  fs::rename(file, to, error);
  if (error == std::errc::cross_device_link) {  // the key may lie on another disk
    fs::copy_file(file, to, error);
    if (!error) fs::remove(file, error);
  }
  errno = error ? error.value() : SyncDirectoryOf(file);
  return errno == 0 ? absl::OkStatus() : TrailError(file, "moving it aside");
}

}  // namespace

absl::StatusOr<AnewResult> BeginAnew(const AnewRequest& request, const Clock& clock) {
  if (request.reason.empty() || request.reason.size() > kMaxReason) {
    return InvalidField("reason", "it must have 1 to 1,000 bytes");
  }
  const std::string& path = request.path;
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<std::string> old, OldFiles(path));
  if (old.empty() && !IsThere(request.key_path)) {
    return Error(absl::StatusCode::kNotFound, Reason::kAuditUnavailable,
                 "there is no audit trail at " + path);
  }
  AnewResult result;
  MerkleHash root{};
  if (const auto signer = LoadTrailKey(request.key_path); signer.ok()) {
    result.origin = signer->verifier().name();
    if (const auto log = CheckpointLog::Open(CheckpointsPath(path), signer->verifier()); log.ok()) {
      result.signed_records = log->last().checkpoint.size;
      root = log->last().checkpoint.root;
    }
  }
  const WallTime now = clock.Now();
  result.aside = path + ".aside-" + std::to_string(now.time_since_epoch().count());
  if (mkdir(result.aside.c_str(), 0700) != 0) return TrailError(result.aside, "mkdir");
  const std::string anew = path + ".anew";
  FIELDKMS_RETURN_IF_ERROR(ReplaceFile(anew, FirstRecord(request, result, root, now)));
  for (const std::string& file : old) FIELDKMS_RETURN_IF_ERROR(MoveTo(result.aside, file));
  errno = RenameNew(anew, path);
  if (errno != 0) return TrailError(path, "rename");
  errno = SyncDirectoryOf(path);
  if (errno != 0) return TrailError(path, "fsync of its directory");
  // Last: a key without checkpoints is refused, so that nothing begins before the record is there.
  if (IsThere(request.key_path)) {
    FIELDKMS_RETURN_IF_ERROR(MoveTo(result.aside, request.key_path));
  }
  return result;
}

}  // namespace fieldkms
