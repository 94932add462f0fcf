// LocalWork: values that are sealed or opened with leases, as far as there are any. Which they are
// and what becomes of the others is for whoever has them: frames, Vault's API, JSON.
#ifndef FIELDKMS_SQL_SHIM_LOCAL_WORK_H_
#define FIELDKMS_SQL_SHIM_LOCAL_WORK_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/local_crypto.h"
#include "crypto/context.h"
#include "crypto/xaes_gcm.h"
#include "sql/shim/local_keys.h"

namespace fieldkms::shim {

// One value, as views that hold until the next one is asked for.
struct LocalInput {
  std::string_view bytes;  // to be sealed; or an envelope
  std::vector<ContextEntry> context;
};

// What became of it. No status: no lease serves, and the service is to be asked.
struct LocalOutcome {
  std::optional<absl::Status> status;
  uint32_t key_version = 0;
  // Of the envelope, or of what was in it, among all values.
  size_t begin = 0, size = 0;
};

// Used by one thread at a time.
class LocalWork {
 public:
  // Writes all of an input, whose context is empty or of another item before. An error is the
  // item's outcome.
  using Input = std::function<absl::Status(size_t index, LocalInput* input)>;

  LocalWork(LeasableKey& key, LocalUse::Operation operation, size_t count, Input input);
  ~LocalWork();  // wipes
  LocalWork(const LocalWork&) = delete;
  LocalWork& operator=(const LocalWork&) = delete;

  // With leases that are held. Does not wait.
  void TryAll();
  // The same, and takes leases. Blocks, as long as the CallTimeout around it says. A service that
  // is not reached is asked once: that is the outcome of all that have none.
  void WorkThroughAll();

  bool IsComplete() const;
  size_t count() const { return outcomes_.size(); }
  const LocalOutcome& outcome(size_t index) const { return outcomes_[index]; }
  // The envelope, or what was in it; "": there is none. A view, until something is done or set.
  std::string_view value(size_t index) const {
    return std::string_view(values_).substr(outcomes_[index].begin, outcomes_[index].size);
  }
  size_t size() const { return values_.size(); }  // of all values
  // What the service said of an item that had no outcome.
  void Set(size_t index, absl::Status status, uint32_t key_version, std::string_view value);
  // Of all that was done so far.
  const LocalTally& tally() const { return tally_; }

 private:
  bool sealing() const { return operation_ == LocalUse::Operation::kEncrypt; }
  bool Read(size_t index);
  bool Try(size_t index);
  BatchNonces* Nonces();
  void TakeLeaseFor(size_t index);
  // The outcome is `done`; its value is in made_.
  void Keep(size_t index, const absl::StatusOr<uint32_t>& done);

  LeasableKey& key_;
  const LocalUse::Operation operation_;
  const Input input_;
  LocalInput read_;
  std::vector<LocalOutcome> outcomes_;
  std::string values_;                 // one memory for all of them
  std::string made_;                   // the last
  std::optional<BatchNonces> nonces_;  // of what is sealed without a wait in between
  absl::Status unreachable_;
  LocalTally tally_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_LOCAL_WORK_H_
