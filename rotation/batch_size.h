// BatchSize: how many rows the next transaction of a worker has. Small enough that nobody waits for
// it, large enough that its commit costs little of it.
#ifndef FIELDKMS_ROTATION_BATCH_SIZE_H_
#define FIELDKMS_ROTATION_BATCH_SIZE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace fieldkms::rotation {

struct BatchBounds {
  std::chrono::microseconds target{300'000};  // how long a transaction may take; above 0
  uint32_t most_rows = 5'000;                 // at least 1
};

// Starts at kStart rows and follows what transactions took:
//   up    where it had all the rows that it might have, in less than 0.9 of the target: by a fifth
//         as long as no size is known to be too much, since that gets from 100 rows to 5,000 in 22
//         transactions, where a fixed step that is safe for slow tables takes hundreds; and it
//         cannot overshoot, for 0.9 times 1.2 is well below 1.5. Once a size was too much, from
//         half of that size on by a thirty-second of it: a fifth each time would be there again
//         after four transactions, and a fourth of them would get in the way of others. Beyond
//         that size it is by a fifth again.
//   stay  from 0.9 to 1.5 of the target, and where rows were too few to tell.
//   down  to half of the rows it had, above 1.5 of the target, and where another session was in the
//         way.
// It is never fewer than 10 rows (1, where no more than 9 are allowed), nor more than most_rows;
// and no more than kMostBytes of cells are expected to have, down to a single row. Pure: reads no
// clock. For one thread.
class BatchSize {
 public:
  static constexpr uint32_t kStart = 100;
  static constexpr size_t kMostBytes = size_t{4} << 20;

  explicit BatchSize(const BatchBounds& bounds);

  // Bounds may change while the job runs; the size is brought within.
  void SetBounds(const BatchBounds& bounds);

  // How many rows to read for the next transaction.
  uint32_t rows() const;

  // A transaction of `rows` rows, with `bytes` of cells, was committed and took `took`. One of no
  // rows says nothing.
  void Committed(uint32_t rows, size_t bytes, std::chrono::microseconds took);

  // A transaction of `rows` rows was given up, since it would have waited for a lock for too long,
  // was in a deadlock or a serialization failure, or took too long: kDatabaseBusy of Database.
  void Refused(uint32_t rows);

 private:
  uint32_t fewest() const;
  void Set(uint64_t rows);
  void Grow();
  void Halve(uint32_t rows);

  BatchBounds bounds_;
  uint32_t size_ = kStart;
  uint32_t too_much_ = 0;     // rows of the transaction that was last too large; 0: none is known
  double bytes_per_row_ = 0;  // a moving average; 0: not known
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_BATCH_SIZE_H_
