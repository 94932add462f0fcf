// Lines at the bottom of a terminal that are drawn over and over, on standard error.
#ifndef FIELDKMS_CLIENTS_CLI_TERMINAL_BLOCK_H_
#define FIELDKMS_CLIENTS_CLI_TERMINAL_BLOCK_H_

#include <cstddef>
#include <string>
#include <vector>

namespace fieldkms {

// A terminal that is gone is no reason to stop working. Not thread-safe.
class TerminalBlock {
 public:
  ~TerminalBlock() { Clear(); }
  // In place of what was drawn last. Lines are cut to the terminal's width, so that each is one.
  void Draw(const std::vector<std::string>& lines);
  // Takes the lines away, so that something else can be written in their place.
  void Clear();

 private:
  size_t drawn_ = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_TERMINAL_BLOCK_H_
