#include "clients/cli/count_progress.h"

#include <unistd.h>

#include <string_view>
#include <utility>

#include "clients/cli/output.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kClearLine = "\r\x1b[K";

// A terminal that is gone is no reason to stop working.
void Say(std::string_view text) { (void)WriteAll(STDERR_FILENO, AsBytes(text)); }

}  // namespace

CountProgress::CountProgress(std::string doing, std::string what)
    : doing_(std::move(doing)), what_(std::move(what)), bar_(isatty(STDERR_FILENO) == 1) {}

CountProgress::~CountProgress() {
  if (visible_) Say(kClearLine);
}

void CountProgress::Update(uint64_t count) {
  const Clock::time_point now = Clock::now();
  if (now - drawn_ < (bar_ ? milliseconds(100) : milliseconds(10'000))) return;
  drawn_ = now;
  const auto ms = std::chrono::duration_cast<milliseconds>(now - start_).count();
  const std::string text = doing_ + " " + std::to_string(count) + " " + what_ + ", " +
                           std::to_string(count * 1'000 / static_cast<uint64_t>(ms)) + "/s";
  Say(bar_ ? std::string(kClearLine) + text : "fieldkms: " + text + "\n");
  visible_ = bar_;
}

}  // namespace fieldkms
