#include "clients/cli/terminal_block.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "clients/cli/output.h"
#include "rotation/terminal_text.h"

namespace fieldkms {
namespace {

constexpr size_t kUsualWidth = 80;
constexpr size_t kLeastWidth = 20;

void Say(std::string_view text) { (void)WriteAll(STDERR_FILENO, AsBytes(text)); }

// One column less than there are: some terminals go to the next line with the last one.
size_t Width() {
  winsize size = {};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return std::max(known ? size_t{size.ws_col} : kUsualWidth, kLeastWidth) - 1;
}

// From the first line's beginning on, all is cleared.
std::string ToTheTop(size_t lines) {
  const std::string up = lines > 1 ? "\x1b[" + std::to_string(lines - 1) + "A" : "";
  return up + "\r\x1b[J";
}

}  // namespace

void TerminalBlock::Draw(const std::vector<std::string>& lines) {
  std::string text = drawn_ > 0 ? ToTheTop(drawn_) : "";
  const size_t width = Width();
  for (size_t i = 0; i < lines.size(); ++i) {
    text += (i == 0 ? "" : "\n") + rotation::Wrapped(lines[i], width).front();
  }
  Say(text);
  drawn_ = lines.size();
}

void TerminalBlock::Clear() {
  if (drawn_ > 0) Say(ToTheTop(drawn_));
  drawn_ = 0;
}

}  // namespace fieldkms
