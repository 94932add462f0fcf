// Where results go: standard output, or a file that is there whole or not at all.
#ifndef FIELDKMS_CLIENTS_CLI_OUTPUT_H_
#define FIELDKMS_CLIENTS_CLI_OUTPUT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"

namespace fieldkms {

// WriteAll writes all of `bytes` to `fd`. Error: kUnknown.
absl::Status WriteAll(int fd, ByteView bytes);

// Output is a sink: standard output, or a file of mode 0600 that takes its name
// only when Commit succeeds. Until then it has none, where the file system can do
// that (O_TMPFILE), so that nothing is left of it however the process ends; else
// it has a temporary one next to its own.
class Output {
 public:
  // Opens standard output for an empty path. Errors: kAlreadyExists for a file
  // that exists, unless `force`; kInvalidArgument, also with `force`, for a path
  // that is something else than a regular file.
  static absl::StatusOr<Output> Open(const std::string& path, bool force);
  Output(Output&& other) noexcept;
  Output& operator=(Output&&) = delete;
  ~Output();

  absl::Status Write(ByteView bytes) { return WriteAll(fd_, bytes); }
  absl::Status Write(std::string_view text) { return WriteAll(fd_, AsBytes(text)); }
  // Makes the file durable and gives it its name.
  absl::Status Commit();

  bool is_terminal() const;

 private:
  Output(int fd, std::string path, std::string temporary, bool force);
  absl::Status Publish();

  int fd_;
  std::string path_;       // empty: standard output
  std::string temporary_;  // empty: it has no name yet, or its own
  bool force_;
  bool committed_ = false;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_OUTPUT_H_
