// AuditTrail: the shim's own record of who asked for what. The service's trail knows the shim only,
// and of what is done with leases nothing but the leases.
#ifndef FIELDKMS_SQL_SHIM_AUDIT_TRAIL_H_
#define FIELDKMS_SQL_SHIM_AUDIT_TRAIL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/audit/audit_file.h"
#include "sql/shim/http_message.h"
#include "sql/shim/local_keys.h"
#include "sql/shim/peers.h"

namespace fieldkms::shim {

// What one call did, as views. Never a value, a ciphertext or a context.
struct UseRecord {
  bool refused = false;          // by the shim's rules; nothing was done
  const Asker* asker = nullptr;  // null: nobody known
  HttpPeer peer;
  std::string_view op;      // "encrypt"
  std::string_view tenant;  // as asked for, if it is a legal id
  std::string_view name;    // of the key or field, likewise
  std::string_view view;    // asked for; empty: none
  uint64_t items = 0;
  uint64_t failed = 0;
  uint64_t local = 0;  // of the items, with a lease
  uint32_t key_version = 0;
  std::string_view lease_id;  // of the last of these
  std::string_view reason;    // why it failed as a whole

  // What was done with leases; a view of it.
  void SetLocal(const LocalTally& tally);
};

// Thread-safe. Lines are written by one system call each, and no lock is held.
class AuditTrail {
 public:
  // Opens or makes the file; `sync`: a record is on stable storage before Record returns, and not
  // only with the kernel. Error: kUnavailable, kAuditUnavailable.
  static absl::StatusOr<std::unique_ptr<AuditTrail>> Open(std::string path, bool sync);
  // For tests, over a file of theirs.
  AuditTrail(std::string path, bool sync, std::unique_ptr<AuditFile> file);

  // Nothing of a call may leave before this is OK. Error: kUnavailable, kAuditUnavailable; from
  // the first one on, until Reopen.
  absl::Status Record(const UseRecord& record);

  // Whether the file is still at its path, for somebody to ask now and then; counts as a failure
  // to write if not.
  absl::Status CheckInPlace();

  // Opens the path anew: after the file was moved away, or repaired.
  absl::Status Reopen();

 private:
  absl::Status Failed(const absl::Status& status);
  std::shared_ptr<AuditFile> File() const;

  const std::string path_;
  const bool sync_;
  std::atomic<bool> failed_ = false;
  mutable std::mutex mutex_;  // guards file_, not what is written
  std::shared_ptr<AuditFile> file_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_AUDIT_TRAIL_H_
