// An application at work on the table of a RotationBed while its key is rotated.
#ifndef FIELDKMS_TESTS_FAULT_ROTATION_APPLICATION_H_
#define FIELDKMS_TESTS_FAULT_ROTATION_APPLICATION_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "rotation/database.h"
#include "tests/support/rotation_bed.h"
#include "tests/support/seeded_random.h"

namespace fieldkms::testing {

// It inserts, writes, deletes and renumbers rows, one transaction after the other, and keeps the
// bed's ledger by what was committed: where that is in doubt, it reads the rows again before it
// says anything. It seals within the transaction that writes, as the barrier of a rotation wants
// it, and waits for locks as long as it takes, as applications do.
//
// Start, Stop and what is asked afterwards are of one thread.
class Application {
 public:
  // What it writes into column card.
  enum class Writes { kCiphertext, kPlaintext };

  // The table has rows 1 to `rows`, as RotationBed::MakeCards or MakePlainCards makes them; the
  // application has them between half and twice as many. `conninfo`: "" for the bed's.
  Application(RotationBed& bed, int64_t rows, uint64_t seed, const std::string& conninfo = "",
              Writes writes = Writes::kCiphertext);
  ~Application();

  void Start();
  // Ends it after the transaction that it is at, with nothing in doubt: that takes a database that
  // answers.
  void Stop();

  // Transactions that were committed, and of those that were in doubt.
  uint64_t committed() const { return committed_; }
  uint64_t in_doubt() const { return in_doubt_; }
  // What no rotation should do to an application, such as to make it the victim of a deadlock.
  // Empty: nothing of it happened. While it is stopped.
  std::vector<std::string> Complaints();

 private:
  // What is to become of a row. An id of 0: there is none, before or after.
  struct Change {
    int64_t before = 0;
    int64_t after = 0;
    std::string card = {};
    std::string note = {};  // no two changes write the same
  };

  void Run();
  std::vector<Change> Choose();
  int64_t AnyRow();
  int64_t NewId();
  // Whether it was committed.
  bool Commit(const std::vector<Change>& changes);
  absl::Status Write(rotation::Transaction& transaction, const Change& change);
  // Whether a transaction that was in doubt was committed, by one of its changes.
  bool WasCommitted(const Change& change);
  void Book(const std::vector<Change>& changes);
  void Complain(std::string what);

  RotationBed& bed_;
  const size_t rows_;
  const Writes writes_;
  SeededRandom random_;
  std::unique_ptr<rotation::Database> database_;
  std::map<int64_t, std::string> notes_;  // of all rows
  std::vector<std::string> complaints_;
  uint64_t changes_ = 0;
  std::atomic<uint64_t> committed_ = 0;
  std::atomic<uint64_t> in_doubt_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_FAULT_ROTATION_APPLICATION_H_
