// FaultVfs: the machine's file system as SQLite sees it, with faults on demand.
#ifndef FIELDKMS_TESTS_UNIT_KMS_STORE_FAULT_VFS_H_
#define FIELDKMS_TESTS_UNIT_KMS_STORE_FAULT_VFS_H_

#include <map>
#include <string>

namespace fieldkms::testing {

// What goes wrong.
enum class Fault {
  kDiskFull,  // writes find no space
  kIoError,   // writes, truncations, deletions and syncs fail
};

// The process's default SQLite file system, from Install on. Changes (writes,
// truncations, deletions, syncs and growth of shared memory) are counted. All
// functions are thread-safe.
class FaultVfs {
 public:
  static void Install();

  // The `at`-th change from now on (from 1) fails; all after it, too, if `stays`.
  static void Arm(Fault fault, int at, bool stays);
  static void Disarm();
  // Changes since Install, Arm or Disarm, whichever was last.
  static int Changes();
  // Whether a fault has struck since Arm.
  static bool Struck();

  // The files that were synced since Forget, by path, as of their last sync: what
  // a power cut leaves for certain.
  static std::map<std::string, std::string> Synced();
  static void ForgetSynced();
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_KMS_STORE_FAULT_VFS_H_
