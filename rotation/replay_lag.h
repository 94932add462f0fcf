// ReplayLag: for how long a standby has not replayed what its primary wrote, by the positions that
// both are at.
#ifndef FIELDKMS_ROTATION_REPLAY_LAG_H_
#define FIELDKMS_ROTATION_REPLAY_LAG_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace fieldkms::rotation {

// The server's own measure (pg_stat_replication.replay_lag) stands still where replay does: it
// comes with what is replayed. That is just when it matters: a standby that waits for a query of
// its own (max_standby_streaming_delay), was paused, or catches up. So a position is remembered
// with the time at which the primary was seen at it, until the standby is there. Pure. For one
// thread.
class ReplayLag {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr size_t kMost = 512;

  // Observe takes where the primary is, and the standby that is farthest behind (nothing: there is
  // none), as bytes of the write-ahead log, and returns how long that one is behind at the least:
  // it is longer by up to the time between two calls. Times do not go backwards.
  std::chrono::microseconds Observe(Time now, uint64_t written, std::optional<uint64_t> replayed);

 private:
  struct Mark {
    uint64_t written;
    Time time;
  };
  void Remember(const Mark& mark);

  // Not replayed yet, oldest first; positions grow. Where there are too many, every other one goes,
  // never the first.
  std::deque<Mark> marks_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_REPLAY_LAG_H_
