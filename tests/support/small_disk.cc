#include "tests/support/small_disk.h"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace fieldkms::testing {

void PrivateMounts::SetUp() {
  ASSERT_EQ(::geteuid(), 0u) << "this test mounts a small file system: run it as root";
  ASSERT_EQ(::unshare(CLONE_NEWNS), 0) << std::strerror(errno);
  // In a chroot "/" is no mount point (EINVAL); then our mounts may be seen outside
  // for as long as they last.
  const int made_private = ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  ASSERT_TRUE(made_private == 0 || errno == EINVAL) << std::strerror(errno);
}

SmallDisk::SmallDisk(std::string path, const std::string& options) : path_(std::move(path)) {
  std::filesystem::create_directories(path_);
  if (::mount("tmpfs", path_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0) {
    throw std::runtime_error(std::string("mount tmpfs: ") + std::strerror(errno));
  }
}

SmallDisk::~SmallDisk() { ::umount2(path_.c_str(), MNT_DETACH); }

void SmallDisk::Fill() const {
  std::ofstream file(path_ + "/filler", std::ios::app);
  const std::string page(4096, 'f');
  while (file.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
  }
}

void SmallDisk::Free() const { std::filesystem::remove(path_ + "/filler"); }

}  // namespace fieldkms::testing
