#include "clients/cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "clients/cli/output.h"

namespace fieldkms {
namespace {

constexpr uint64_t kBarWidth = 20;
constexpr std::string_view kClearLine = "\r\x1b[K";

// A terminal that is gone is no reason to stop working.
void Say(std::string_view text) { (void)WriteAll(STDERR_FILENO, AsBytes(text)); }

}  // namespace

std::string ProgressBar(uint64_t done, uint64_t total) {
  done = std::min(done, total);
  const uint64_t filled = done * kBarWidth / total;
  return fmt::format("[{:#<{}}{:-<{}}] {:>3}%", "", filled, "", kBarWidth - filled,
                     done * 100 / total);
}

std::string ProgressText(const ProgressState& state, bool with_bar) {
  std::string text;
  if (with_bar && state.total_bytes > 0) text = ProgressBar(state.bytes, state.total_bytes) + "  ";
  text += fmt::format("{} lines", state.lines);
  if (state.failed > 0) text += fmt::format(", {} failed", state.failed);
  if (const auto ms = static_cast<uint64_t>(state.elapsed.count()); ms > 0) {
    text += fmt::format(", {} lines/s", state.lines * 1'000 / ms);
  }
  return text;
}

Progress::Progress(ProgressStyle style, size_t total_bytes) : style_(style) {
  state_.total_bytes = total_bytes;
}

void Progress::Update(uint64_t lines, uint64_t failed, size_t bytes) {
  state_.lines = lines;
  state_.failed = failed;
  state_.bytes = bytes;
  const auto pause = style_ == ProgressStyle::kBar ? std::chrono::milliseconds(100)
                                                   : std::chrono::milliseconds(10'000);
  if (style_ != ProgressStyle::kNone && Clock::now() - drawn_ >= pause) Draw();
}

void Progress::Draw() {
  drawn_ = Clock::now();
  state_.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(drawn_ - start_);
  if (style_ == ProgressStyle::kBar) {
    Say(std::string(kClearLine) + ProgressText(state_, true));
    visible_ = true;
  } else {
    Say("fieldkms: " + ProgressText(state_, false) + "\n");
  }
}

void Progress::Hide() {
  if (visible_) Say(kClearLine);
  visible_ = false;
}

void Progress::Finish() {
  if (style_ == ProgressStyle::kNone) return;
  Draw();
  if (style_ == ProgressStyle::kBar) Say("\n");
  visible_ = false;
}

}  // namespace fieldkms
