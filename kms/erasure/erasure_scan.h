// ErasureScan reads an erasure log as it comes, piece by piece, and keeps no more of it than the
// erasures that have not ended.
#ifndef FIELDKMS_KMS_ERASURE_ERASURE_SCAN_H_
#define FIELDKMS_KMS_ERASURE_ERASURE_SCAN_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "kms/erasure/erasure_line.h"

namespace fieldkms {

// For one thread, one log, from its beginning. Errors: kDataLoss, kStoreCorrupt, naming the line:
// one that is not as erasure_line.h says, a number out of turn, an end of what has none open. After
// an error the scan is over.
class ErasureScan {
 public:
  // What is to be done again in a store that was restored, in the order in which it ended and,
  // from Finish, what is in doubt. `also_held`: it was done, with all that stood in the way of it;
  // else only what is on no legal hold. What was refused is passed over. An error ends the scan.
  using Each = std::function<absl::Status(const LoggedErasure& erasure, bool also_held)>;
  explicit ErasureScan(Each each = {}) : each_(std::move(each)) {}

  absl::Status Feed(std::string_view bytes);
  // At the end. A last line without its newline, left by a crash, is no part of the log.
  absl::Status Finish();

  // nullopt before the first line has been read.
  const std::optional<SubjectStore::LogId>& id() const { return id_; }
  uint64_t last() const { return last_; }                // number of the last erasure; 0: none
  uint64_t whole_bytes() const { return whole_bytes_; }  // of lines that have their newline
  bool torn() const { return !rest_.empty(); }           // whether there is more after these
  std::set<uint64_t> Open() const;                       // numbers without an end

 private:
  absl::Status Line(std::string_view line);
  absl::Status Take(LoggedErasure erasure);
  absl::Status Take(const LoggedEnd& end);
  absl::Status Broken(std::string_view what) const;

  const Each each_;
  std::string rest_;  // the beginning of a line
  uint64_t lines_ = 0;
  uint64_t whole_bytes_ = 0;
  std::optional<SubjectStore::LogId> id_;
  uint64_t last_ = 0;
  std::map<uint64_t, LoggedErasure> open_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ERASURE_ERASURE_SCAN_H_
