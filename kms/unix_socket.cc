#include "kms/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::Status SystemError(const std::string& what) {
  return Error(absl::StatusCode::kUnavailable, Reason::kInternal,
               what + ": " + std::strerror(errno));
}

// Removes the socket file that a process left behind, and no other file.
absl::Status RemoveStale(const std::string& path, const sockaddr_un& address) {
  struct stat existing {};
  if (lstat(path.c_str(), &existing) != 0) return absl::OkStatus();
  if (!S_ISSOCK(existing.st_mode)) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid,
                 "there is a file that is no socket at " + path);
  }
  const FileDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe.get() < 0) return SystemError("socket");
  const int connected =
      connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  // A full backlog (EAGAIN) is somebody's, too.
  if (connected == 0 || errno == EAGAIN) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kConfigInvalid,
                 "another process serves the socket " + path + "; give this one another path");
  }
  unlink(path.c_str());
  return absl::OkStatus();
}

}  // namespace

BoundSocket::BoundSocket(std::string path, FileDescriptor fd, dev_t device, ino_t inode)
    : path_(std::move(path)), fd_(std::move(fd)), device_(device), inode_(inode) {}

BoundSocket::BoundSocket(BoundSocket&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      fd_(std::move(other.fd_)),
      device_(other.device_),
      inode_(other.inode_) {}

BoundSocket::~BoundSocket() {
  if (path_.empty()) return;
  // The file may be another's by now.
  struct stat now {};
  if (lstat(path_.c_str(), &now) == 0 && now.st_dev == device_ && now.st_ino == inode_) {
    unlink(path_.c_str());
  }
}

absl::StatusOr<BoundSocket> BoundSocket::Bind(UnixSocketOptions options) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (options.path.empty() || options.path[0] != '/' ||
      options.path.size() >= sizeof(address.sun_path)) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid,
                 "the path of a Unix socket must be absolute and at most 107 bytes");
  }
  options.path.copy(address.sun_path, options.path.size());
  FIELDKMS_RETURN_IF_ERROR(RemoveStale(options.path, address));
  FileDescriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) return SystemError("socket");
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return SystemError("cannot bind " + options.path);
  }
  // Nobody can connect before listen(), so the permissions are right in time.
  if (chmod(options.path.c_str(), options.mode) != 0) {
    return SystemError("cannot set the mode of " + options.path);
  }
  if (options.group && chown(options.path.c_str(), static_cast<uid_t>(-1), *options.group) != 0) {
    return SystemError("cannot set the group of " + options.path);
  }
  if (listen(fd.get(), SOMAXCONN) != 0) return SystemError("cannot listen on " + options.path);
  struct stat made {};
  if (lstat(options.path.c_str(), &made) != 0) return SystemError("cannot see " + options.path);
  return BoundSocket(std::move(options.path), std::move(fd), made.st_dev, made.st_ino);
}

}  // namespace fieldkms
