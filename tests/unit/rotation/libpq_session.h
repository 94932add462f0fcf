// Sessions that a test needs beside the one that it tests: statements that are under way, and a
// standby that is wherever the test wants it to be.
#ifndef FIELDKMS_TESTS_UNIT_ROTATION_LIBPQ_SESSION_H_
#define FIELDKMS_TESTS_UNIT_ROTATION_LIBPQ_SESSION_H_

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <string>

namespace fieldkms::testing {

// Errors are std::runtime_error. Destroyed, it ends the session and what runs in it.
class LibpqSession {
 public:
  explicit LibpqSession(const std::string& conninfo);
  ~LibpqSession();
  LibpqSession(const LibpqSession&) = delete;
  LibpqSession& operator=(const LibpqSession&) = delete;

  // Run returns the first value of the answer, "" where there is none.
  std::string Run(const std::string& sql);
  // Send does not wait for the answer. Nothing else can be run then.
  void Send(const std::string& sql);
  // Receive waits for what was sent: the first value of its answer, or its error with the SQLSTATE,
  // detail and context.
  std::string Receive();
  // The error of a statement, in the same way; "" where it has none.
  std::string ErrorOf(const std::string& sql);

 protected:
  PGconn* get() const { return connection_.get(); }

 private:
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

// A standby for its primary, which streams to it; it stores and replays nothing.
class FakeStandby : private LibpqSession {
 public:
  // `conninfo`: of any database. `start`: where it begins, such as "0/3000000".
  FakeStandby(const std::string& conninfo, const std::string& start);
  // Says that it has received and replayed all up to there; 0: it does not replay.
  void Report(uint64_t received, uint64_t replayed);
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_ROTATION_LIBPQ_SESSION_H_
