// A Unix socket that is listened on, with its file.
#ifndef FIELDKMS_KMS_UNIX_SOCKET_H_
#define FIELDKMS_KMS_UNIX_SOCKET_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "kms/files.h"

namespace fieldkms {

struct UnixSocketOptions {
  std::string path;            // absolute; at most 107 bytes
  mode_t mode = 0660;          // of the socket file
  std::optional<gid_t> group;  // of the socket file; unset: left alone
};

// BoundSocket listens, does not block, and removes its file in the end if that is still its own.
class BoundSocket {
 public:
  // A socket file left behind at the path is removed; one that a process still serves is not:
  // kFailedPrecondition. Other errors: kInvalidArgument for the path, kUnavailable for the
  // system's refusal.
  static absl::StatusOr<BoundSocket> Bind(UnixSocketOptions options);
  BoundSocket(BoundSocket&& other) noexcept;
  BoundSocket& operator=(BoundSocket&&) = delete;
  ~BoundSocket();

  int get() const { return fd_.get(); }
  // Whoever connects from now on is refused by the kernel. The file stays until the end.
  void Close() { fd_ = FileDescriptor(); }

 private:
  BoundSocket(std::string path, FileDescriptor fd, dev_t device, ino_t inode);

  std::string path_;  // empty: moved from
  FileDescriptor fd_;
  dev_t device_;
  ino_t inode_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_UNIX_SOCKET_H_
