// How far a long command is, on standard error.
#ifndef FIELDKMS_CLIENTS_CLI_PROGRESS_H_
#define FIELDKMS_CLIENTS_CLI_PROGRESS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace fieldkms {

enum class ProgressStyle {
  kNone,
  kLines,  // now and then a line, and one at the end
  kBar,    // one line of a terminal, drawn over and over
};

struct ProgressState {
  uint64_t lines = 0;
  uint64_t failed = 0;
  size_t bytes = 0;        // of the input, read so far
  size_t total_bytes = 0;  // 0: not known
  std::chrono::milliseconds elapsed{0};
};

// ProgressBar: "[##########----------]  50%". `total` is above 0.
std::string ProgressBar(uint64_t done, uint64_t total);

// ProgressText is what there is to say, with a bar where the end is known:
//   [##########----------]  50%  20000 lines, 2 failed, 41322 lines/s
std::string ProgressText(const ProgressState& state, bool with_bar);

// Progress draws on standard error: a terminal every 100 ms at most, else every
// ten seconds and at the end. Not thread-safe.
class Progress {
 public:
  Progress(ProgressStyle style, size_t total_bytes);
  void Update(uint64_t lines, uint64_t failed, size_t bytes);
  // Clears the bar, so that something else can be written on its line.
  void Hide();
  void Finish();

 private:
  using Clock = std::chrono::steady_clock;
  void Draw();

  const ProgressStyle style_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_ = start_;
  bool visible_ = false;
  ProgressState state_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_PROGRESS_H_
