#include "clients/cli/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kChunk = 64 << 10;

}  // namespace

absl::Status IoError(std::string_view action) {
  const int error = errno;
  return Error(absl::StatusCode::kUnknown, Reason::kUnspecified,
               "cannot " + std::string(action) + ": " + std::strerror(error));
}

absl::StatusOr<InputFile> InputFile::Open(const std::string& path) {
  if (path.empty() || path == "-") return InputFile(STDIN_FILENO);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return IoError("read " + path);
  return InputFile(fd);
}

InputFile::~InputFile() {
  if (fd_ != STDIN_FILENO) close(fd_);
}

bool InputFile::is_terminal() const { return isatty(fd_) == 1; }

size_t InputFile::size() const {
  struct stat info = {};
  if (fstat(fd_, &info) != 0 || !S_ISREG(info.st_mode)) return 0;
  return static_cast<size_t>(info.st_size);
}

absl::StatusOr<size_t> ReadSome(int fd, uint8_t* out, size_t size) {
  ssize_t got = 0;
  do {
    got = read(fd, out, size);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return IoError("read the input");
  return static_cast<size_t>(got);
}

absl::StatusOr<WipedBuffer> ReadAll(int fd, size_t limit) {
  WipedBuffer bytes;
  while (true) {
    const size_t have = bytes.size();
    if (have > limit) {
      return Error(absl::StatusCode::kInvalidArgument, Reason::kRequestTooLarge,
                   "the input exceeds " + std::to_string(limit) + " bytes");
    }
    bytes.reserve(std::max(bytes.capacity(), have < kChunk ? kChunk : 2 * have));
    bytes.resize(std::min(bytes.capacity(), limit + 1));
    FIELDKMS_ASSIGN_OR_RETURN(const size_t got,
                              ReadSome(fd, bytes.data() + have, bytes.size() - have));
    bytes.resize(have + got);
    if (got == 0) return bytes;
  }
}

absl::StatusOr<WipedBuffer> ReadValue(const std::string& path, size_t limit,
                                      std::string_view question) {
  FIELDKMS_ASSIGN_OR_RETURN(const InputFile input, InputFile::Open(path));
  if (input.is_terminal()) return PromptHidden(question);
  return ReadAll(input.fd(), limit);
}

}  // namespace fieldkms
