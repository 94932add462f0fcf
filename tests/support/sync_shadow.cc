#include "tests/support/sync_shadow.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace fieldkms::testing {
namespace {

namespace fs = std::filesystem;

// `node` is a node of the shadow: a file, a directory of symbolic links to nodes,
// or missing where nothing of it was ever synced. Its kind is in its name.
void CopyNode(const fs::path& node, const fs::path& destination) {
  if (node.extension() == ".d") {
    fs::create_directory(destination);
    ::chmod(destination.c_str(), 0700);
    if (!fs::exists(node)) return;
    for (const fs::directory_entry& entry : fs::directory_iterator(node)) {
      const fs::path target = node.parent_path() / fs::read_symlink(entry.path()).filename();
      CopyNode(target, destination / entry.path().filename());
    }
    return;
  }
  if (fs::exists(node)) {
    fs::copy_file(node, destination);
    ::chmod(destination.c_str(), 0600);
  } else {
    const int fd = ::creat(destination.c_str(), 0600);
    if (fd < 0) throw std::runtime_error("cannot write " + destination.string());
    ::close(fd);
  }
}

}  // namespace

std::map<std::string, std::string> SyncShadowEnv(const std::string& watched,
                                                 const std::string& shadow,
                                                 std::optional<int> kill_before_sync) {
  fs::create_directories(shadow);
  std::map<std::string, std::string> env = {
      {"LD_PRELOAD", FIELDKMS_SYNC_SHADOW_LIBRARY},
      // A sanitizer wants to be the first library, and works as the second.
      {"ASAN_OPTIONS", "verify_asan_link_order=0"},
      {"FIELDKMS_SHADOW_WATCHED", fs::weakly_canonical(watched).string()},
      {"FIELDKMS_SHADOW_DIR", fs::canonical(shadow).string()}};
  if (kill_before_sync) env["FIELDKMS_SHADOW_KILL_BEFORE"] = std::to_string(*kill_before_sync);
  return env;
}

void MaterializeShadow(const std::string& shadow, const std::string& destination) {
  try {
    const fs::path root = fs::path(shadow) / "root";
    if (!fs::is_symlink(root)) {  // Nothing was ever synced.
      fs::create_directory(destination);
      ::chmod(destination.c_str(), 0700);
      return;
    }
    CopyNode(fs::path(shadow) / fs::read_symlink(root).filename(), destination);
  } catch (const std::system_error& e) {
    throw std::runtime_error(std::string("materialize shadow: ") + e.what());
  }
}

}  // namespace fieldkms::testing
