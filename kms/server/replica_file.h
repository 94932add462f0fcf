// Which replica the last daemon of a data directory was: one that was killed could not take its
// record out of the store (ReplicaAnnouncer), and would be waited for. Who holds the directory's
// lock knows that it is gone.
#ifndef FIELDKMS_KMS_SERVER_REPLICA_FILE_H_
#define FIELDKMS_KMS_SERVER_REPLICA_FILE_H_

#include <string>

#include "absl/status/status.h"

namespace fieldkms {

// DIR/REPLICA. To be used under the lock of DIR (DataDirLock).
class ReplicaFile {
 public:
  // `boot_id`: of the machine's run; "": the kernel's.
  explicit ReplicaFile(const std::string& dir, const std::string& boot_id = {});

  // The id that was saved last, if that was in this very directory and since the machine was
  // started; else "". Of a copy of the directory, on this machine or another, nobody knows whether
  // the first one's daemon lives.
  std::string Last() const;
  // Error: kUnavailable, kConfigInvalid, naming the file.
  absl::Status Save(const std::string& replica_id) const;

 private:
  const std::string path_;
  const std::string mark_;  // of this directory, in this run of the machine; "": not known
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_REPLICA_FILE_H_
