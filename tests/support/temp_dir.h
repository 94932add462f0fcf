// A directory for one test.
#ifndef FIELDKMS_TESTS_SUPPORT_TEMP_DIR_H_
#define FIELDKMS_TESTS_SUPPORT_TEMP_DIR_H_

#include <string>
#include <string_view>

namespace fieldkms::testing {

// TempDir makes an empty directory of mode 0700 under $TMPDIR or /tmp and removes
// it with all it holds on destruction (it stays where FIELDKMS_KEEP_TEMP is set).
// Its path is short enough for a Unix socket in it. Throws std::system_error if
// it cannot be made: there is no test without it.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  // path() ‖ '/' ‖ name.
  std::string File(std::string_view name) const;

 private:
  std::string path_;
};

// Whole files. Both throw std::runtime_error on failure. WriteFile makes a file
// of mode 0600, or replaces what is in it.
std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, std::string_view content);

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_TEMP_DIR_H_
