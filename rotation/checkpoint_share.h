// CheckpointShare: how many of a database's checkpoints come too early.
#ifndef FIELDKMS_ROTATION_CHECKPOINT_SHARE_H_
#define FIELDKMS_ROTATION_CHECKPOINT_SHARE_H_

#include <chrono>
#include <cstdint>
#include <deque>

namespace fieldkms::rotation {

// Checkpoints are minutes apart, and measurements are not: from one to the next there is hardly
// ever more than one. So the share is of those within the last ten minutes, and nothing where they
// are too few to tell. Pure. For one thread.
class CheckpointShare {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::minutes kWindow{10};
  static constexpr uint64_t kFewest = 3;

  // Observe takes how many checkpoints the server has counted: those that were due, and those that
  // were asked for, which the amount of write-ahead log does (as does CHECKPOINT). It returns the
  // percentage of the latter among those of the window, of which the time before the first call is
  // no part; 0 where there are fewer than kFewest. Counts that go down were reset, and are a new
  // beginning. Times do not go backwards.
  double Observe(Time now, uint64_t timed, uint64_t forced);

 private:
  struct Counts {
    Time time;
    uint64_t timed;
    uint64_t forced;
  };
  // Each time that they were different, oldest first. The first one is as it was when the window
  // began, if it is that old.
  std::deque<Counts> seen_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_CHECKPOINT_SHARE_H_
