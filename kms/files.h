// What every folder that keeps files does the same way.
#ifndef FIELDKMS_KMS_FILES_H_
#define FIELDKMS_KMS_FILES_H_

#include <unistd.h>

#include <string>
#include <utility>

namespace fieldkms {

// FileDescriptor owns an open file, or nothing where the number is negative.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Each returns 0 or an errno.

// RenameNew gives the file `from` the name `to`, unless there is one of that name
// (EEXIST).
int RenameNew(const std::string& from, const std::string& to);

// SyncDirectoryOf makes the name of `path` durable.
int SyncDirectoryOf(const std::string& path);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_FILES_H_
