#include "kms/server/replica_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "crypto/status.h"

namespace fieldkms {
namespace {

// Two words of a file, or none.
struct Saved {
  std::string mark;
  std::string replica_id;
};
Saved ReadSaved(const std::string& path) {
  std::ifstream in(path);
  Saved saved;
  if (!(in >> saved.mark >> saved.replica_id)) return {};
  return saved;
}

std::string BootId() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string id;
  in >> id;
  return id;
}

std::string MarkOf(const std::string& dir, const std::string& boot_id) {
  struct stat info {};
  if (boot_id.empty() || stat(dir.c_str(), &info) != 0) return {};
  return boot_id + ':' + std::to_string(info.st_dev) + ':' + std::to_string(info.st_ino);
}

absl::Status CannotWrite(const std::string& path) {
  return Error(absl::StatusCode::kUnavailable, Reason::kConfigInvalid,
               "cannot write " + path + ": " + std::strerror(errno));
}

}  // namespace

ReplicaFile::ReplicaFile(const std::string& dir, const std::string& boot_id)
    : path_(dir + "/REPLICA"), mark_(MarkOf(dir, boot_id.empty() ? BootId() : boot_id)) {}

std::string ReplicaFile::Last() const {
  const Saved saved = ReadSaved(path_);
  return !mark_.empty() && saved.mark == mark_ ? saved.replica_id : std::string();
}

// Renamed into its place, so that it is whole; it need not outlive a crash of the machine.
absl::Status ReplicaFile::Save(const std::string& replica_id) const {
  const std::string temporary = path_ + ".new";
  std::ofstream out(temporary, std::ios::trunc);
  out << mark_ << '\n' << replica_id << '\n';
  out.close();
  if (!out || std::rename(temporary.c_str(), path_.c_str()) != 0) return CannotWrite(path_);
  return absl::OkStatus();
}

}  // namespace fieldkms
