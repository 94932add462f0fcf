#include "clients/cli/line_reader.h"

#include <poll.h>

#include <algorithm>
#include <cstring>

#include "clients/cli/input.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kChunk = 64 << 10;
constexpr int kPauseMilliseconds = 50;

}  // namespace

LineReader::Found LineReader::Take(size_t size, size_t with_break) {
  line_ = ByteView(buffer_).subspan(begin_, size);
  begin_ += with_break;
  searched_ = 0;
  const bool too_long = skipping_ || size > max_line_;
  skipping_ = false;
  return too_long ? Found::kTooLong : Found::kLine;
}

absl::StatusOr<LineReader::Found> LineReader::Next() {
  while (true) {
    const uint8_t* const from = buffer_.data() + begin_ + searched_;
    const size_t unsearched = end_ - begin_ - searched_;
    if (const void* found = unsearched > 0 ? std::memchr(from, '\n', unsearched) : nullptr) {
      const auto size =
          static_cast<size_t>(static_cast<const uint8_t*>(found) - (buffer_.data() + begin_));
      return Take(size, size + 1);
    }
    searched_ = end_ - begin_;
    if (searched_ > max_line_) {  // forget what is too long anyway
      skipping_ = true;
      begin_ = end_;
      searched_ = 0;
    }
    FIELDKMS_ASSIGN_OR_RETURN(const size_t got, Fill());
    if (got > 0) continue;
    at_end_ = true;
    if (begin_ == end_ && !skipping_) return Found::kEnd;
    return Take(end_ - begin_, end_ - begin_);
  }
}

absl::StatusOr<size_t> LineReader::Fill() {
  if (at_end_) return size_t{0};
  // Move what is left to the front, wiping where it stood.
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    Wipe(MutableBytes(buffer_).subspan(end_ - begin_, begin_));
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < kChunk) buffer_.resize(std::max(2 * buffer_.size(), end_ + kChunk));
  FIELDKMS_ASSIGN_OR_RETURN(const size_t got,
                            ReadSome(fd_, buffer_.data() + end_, buffer_.size() - end_));
  end_ += got;
  bytes_read_ += got;
  return got;
}

bool LineReader::Ready() const {
  const size_t unsearched = end_ - begin_ - searched_;
  if (unsearched > 0 && std::memchr(buffer_.data() + begin_ + searched_, '\n', unsearched)) {
    return true;
  }
  pollfd state = {.fd = fd_, .events = POLLIN, .revents = 0};
  return at_end_ || poll(&state, 1, kPauseMilliseconds) != 0;
}

}  // namespace fieldkms
