// Where values come from: standard input, a file or a prompt; never an argument,
// which any user of the machine could read in the process list.
#ifndef FIELDKMS_CLIENTS_CLI_INPUT_H_
#define FIELDKMS_CLIENTS_CLI_INPUT_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/wiping_allocator.h"

namespace fieldkms {

// IoError is the status of a failed system call (`errno`): "cannot ACTION: why".
absl::Status IoError(std::string_view action);

// InputFile owns a file opened for reading, or borrows standard input.
class InputFile {
 public:
  // Opens `path`; standard input where it is empty or "-".
  static absl::StatusOr<InputFile> Open(const std::string& path);
  InputFile(InputFile&& other) noexcept : fd_(other.fd_) { other.fd_ = 0; }
  InputFile& operator=(InputFile&&) = delete;
  ~InputFile();

  int fd() const { return fd_; }
  bool is_terminal() const;
  // Bytes of a regular file; 0 where they are not known beforehand.
  size_t size() const;

 private:
  explicit InputFile(int fd) : fd_(fd) {}
  int fd_;  // 0: standard input, not owned
};

// ReadSome reads at most `size` bytes; 0 at the end. Interruptions are retried.
absl::StatusOr<size_t> ReadSome(int fd, uint8_t* out, size_t size);

// ReadAll reads to the end. Error: kInvalidArgument with reason kRequestTooLarge
// beyond `limit` bytes.
absl::StatusOr<WipedBuffer> ReadAll(int fd, size_t limit);

// PromptHidden asks on the controlling terminal for one line, which is not
// echoed; the terminal is restored also where a signal ends the command. Error:
// kFailedPrecondition where there is no terminal.
absl::StatusOr<WipedBuffer> PromptHidden(std::string_view question);

// PromptLine asks on the controlling terminal for one line that is no secret: it is
// echoed. Error: kFailedPrecondition where there is no terminal.
absl::StatusOr<std::string> PromptLine(std::string_view question);

// ReadValue reads a whole value: from `path`, from standard input, or by a prompt
// where that is a terminal.
absl::StatusOr<WipedBuffer> ReadValue(const std::string& path, size_t limit,
                                      std::string_view question);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_INPUT_H_
