// Reading lines from a file descriptor in bounded memory.
#ifndef FIELDKMS_CLIENTS_CLI_LINE_READER_H_
#define FIELDKMS_CLIENTS_CLI_LINE_READER_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/wiping_allocator.h"

namespace fieldkms {

// LineReader cuts a stream at '\n'. A last line without one counts if it has a
// byte. What was read is wiped. Not thread-safe.
class LineReader {
 public:
  // Borrows `fd`. Lines above `max_line` bytes are passed over.
  LineReader(int fd, size_t max_line) : fd_(fd), max_line_(max_line) {}

  enum class Found { kLine, kTooLong, kEnd };
  // Next blocks for a line, up to the end of the stream. After kLine, line() is
  // it, without the '\n', valid until the next call.
  absl::StatusOr<Found> Next();
  ByteView line() const { return line_; }

  // Whether Next would return at once, or could within a moment (50 ms): whoever
  // gathers lines goes to work when the stream pauses.
  bool Ready() const;

  // Bytes taken from the stream so far.
  size_t bytes_read() const { return bytes_read_; }

 private:
  absl::StatusOr<size_t> Fill();
  Found Take(size_t size, size_t with_break);

  const int fd_;
  const size_t max_line_;
  WipedBuffer buffer_;
  size_t begin_ = 0;     // of what is not consumed yet
  size_t end_ = 0;       // of what was read
  size_t searched_ = 0;  // up to here, from begin_, there is no line break
  bool skipping_ = false;
  bool at_end_ = false;
  size_t bytes_read_ = 0;
  ByteView line_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_LINE_READER_H_
