// ConnectionTable: who is at the other end of each Unix-socket connection.
//
// gRPC tells a server only the number of the descriptor that a call came in on
// ("fd:17"). The kernel told us whose it is when we accepted it (SO_PEERCRED), so
// the number is our key to the caller's identity, and a number must never stand
// for another user while a call of its former connection is still on its way to a
// handler. Therefore we choose the numbers:
//   - each connection is moved (F_DUPFD_CLOEXEC) to the next number of a large
//     range that nothing else in the process uses, round and round, and a number
//     that gRPC still has open is skipped by the kernel;
//   - a number returns only kQuarantine after its connection was seen closed. If
//     no number is free, the connection is refused.
// A call would have to wait in gRPC, with its connection gone, for the whole
// quarantine to be taken for another's; and its answer could not reach anyone even
// then, since answers go to the connection and not to the number.
#ifndef FIELDKMS_KMS_RPC_CONNECTION_TABLE_H_
#define FIELDKMS_KMS_RPC_CONNECTION_TABLE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "kms/access/peer.h"
#include "kms/access/token_bucket.h"

namespace fieldkms {

class ConnectionTable {
 public:
  static constexpr std::chrono::seconds kQuarantine{30};

  // Takes descriptor numbers [first, first + count). Pages are touched as numbers
  // come into use.
  ConnectionTable(int first, int count);

  // ReserveNumbers raises the soft limit of open files to the hard one and returns
  // a table over the upper part of the range (65,536 numbers at most). Error:
  // kResourceExhausted if the limit is below 1,024.
  static absl::StatusOr<std::unique_ptr<ConnectionTable>> ReserveNumbers();

  // Enter moves `fd` to its number and records its peer; returns the number, or
  // nullopt if none is free. The caller keeps and closes `fd`. Enter and Leave:
  // one thread (the listener's).
  std::optional<int> Enter(int fd, const Peer& peer, TokenBucket::TimePoint now);
  // Leave notes that the connection of `number` is closed.
  void Leave(int number, TokenBucket::TimePoint now);

  // Find returns the peer of a number, also after Leave. Thread-safe, lock-free.
  Peer Find(int number) const;
  // The call-rate bucket of the number's connection, or null. Thread-safe.
  TokenBucket* Bucket(int number);

 private:
  struct Entry {
    std::atomic<uint64_t> who{0};  // uid ‖ kSet ‖ pid, in one word so that it is read whole
    TokenBucket calls;
    TokenBucket::TimePoint free_at{};  // listener's thread only
    bool open = false;                 // listener's thread only
  };
  static constexpr uint64_t kSet = uint64_t{1} << 31;  // tells an entry from an unused one

  bool Contains(int number) const { return number >= first_ && number < first_ + count_; }
  Entry& At(int number) { return entries_[static_cast<size_t>(number - first_)]; }

  const int first_;
  const int count_;
  int next_;
  std::unique_ptr<Entry[]> entries_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_RPC_CONNECTION_TABLE_H_
