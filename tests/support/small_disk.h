// A disk of a few MiB, for tests of what happens when it is full.
#ifndef FIELDKMS_TESTS_SUPPORT_SMALL_DISK_H_
#define FIELDKMS_TESTS_SUPPORT_SMALL_DISK_H_

#include <gtest/gtest.h>

#include <string>

namespace fieldkms::testing {

// What mounts disks is seen by this process and its children only. It is an environment, since it
// has to come before any other thread starts: a mount namespace is a thread's own. Takes root.
class PrivateMounts : public ::testing::Environment {
 public:
  void SetUp() override;
};

// A tmpfs.
class SmallDisk {
 public:
  // Mounts at `path`, which is made where it is not there, with `options` such as "size=24m".
  // Throws std::runtime_error.
  SmallDisk(std::string path, const std::string& options);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // Takes all space that is left; and gives it back.
  void Fill() const;
  void Free() const;

 private:
  const std::string path_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_SMALL_DISK_H_
