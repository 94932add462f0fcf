#include "deploy/sample/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace fieldkms::sample {

Progress::Progress(std::string what, int64_t total)
    : what_(std::move(what)),
      total_(std::max<int64_t>(total, 1)),
      terminal_(isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
  if (terminal_) fmt::print(stderr, "\r\x1b[K");
}

void Progress::Add(int64_t done) {
  constexpr int64_t kWidth = 30;
  done_ += done;
  if (!terminal_) return;
  auto filled = static_cast<size_t>(std::min(done_, total_) * kWidth / total_);
  std::string bar(filled, '#');
  bar.resize(kWidth, '.');
  fmt::print(stderr, "\r    {} [{}] {:3}%", what_, bar, std::min(done_, total_) * 100 / total_);
  std::fflush(stderr);
}

double Progress::Seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

}  // namespace fieldkms::sample
