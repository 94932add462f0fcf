// A proxy before PostgreSQL, or another server on a Unix socket, that cuts connections at chosen
// moments.
#ifndef FIELDKMS_TESTS_SUPPORT_CUT_PROXY_H_
#define FIELDKMS_TESTS_SUPPORT_CUT_PROXY_H_

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

// Listens on a Unix socket in a directory of its own, as a PostgreSQL would
// (host=socket_dir() port=5432), and passes bytes on to the server behind it. It knows
// of the protocol what a COMMIT looks like, and its answer. Thread-safe.
class CutProxy {
 public:
  // `server_dir`: of the server's socket, which is called `socket` there and here.
  explicit CutProxy(const std::string& server_dir, const std::string& socket = ".s.PGSQL.5432");
  ~CutProxy();
  CutProxy(const CutProxy&) = delete;
  CutProxy& operator=(const CutProxy&) = delete;

  const std::string& socket_dir() const { return dir_.path(); }

  enum class Cut {
    kNone,
    kBeforeCommit,  // the server never gets it
    kAfterCommit,   // it was done, and the client never hears of it
    kHold,          // neither hears of the other any more, and the connection stays
  };
  // What happens to the next COMMIT of any connection, after `more` others; once. With `refuse`,
  // from then on there is no server.
  void CutNextCommit(Cut cut, bool refuse = false, int more = 0) {
    refuse_then_ = refuse;
    more_ = more;
    next_ = cut;
  }
  // Where something that a client sends is cut: the server never gets it; it gets the first half;
  // or it gets all, and the client never hears an answer.
  enum class At { kBeforeSend, kMidSend, kBeforeAnswer };
  // Cuts a connection at the `n`-th time (from 1) from now that a client sends something; once.
  void CutSend(uint64_t n, At at);
  // How often clients sent something, ever. Who waits for each answer sends once a round trip.
  uint64_t sends() const { return sends_; }
  // What was asked to be cut and was.
  int cuts() const { return cuts_; }
  // Cuts all connections that there are, and, while `refuse`, new ones.
  void CutAll(bool refuse = false);
  void Accept() { refuse_ = false; }
  // How many connections were let through, ever.
  int connections() const { return accepted_; }

 private:
  struct Pair {
    int client = -1;
    int server = -1;
    Cut cut = Cut::kNone;  // what happened to a COMMIT of this one
    bool unanswered = false;
    std::thread thread;
  };

  void AcceptAll();
  void Pass(Pair& pair);
  bool PassToServer(Pair& pair);
  // What is asked for of the send that is at hand.
  bool IsCut(At* at);
  bool PassToClient(Pair& pair);
  Cut TakeCut();
  void Refuse() { refuse_ = refuse_then_.exchange(false) || refuse_; }

  const std::string server_path_;
  TempDir dir_;
  int listener_ = -1;
  std::atomic<uint64_t> sends_ = 0;
  std::atomic<Cut> next_ = Cut::kNone;
  std::atomic<int> more_ = 0;  // COMMITs before it
  std::atomic<int> cuts_ = 0;
  std::atomic<int> accepted_ = 0;
  std::atomic<bool> refuse_ = false;
  std::atomic<bool> refuse_then_ = false;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  uint64_t cut_send_ = 0;  // by sends_; 0: none
  At cut_at_ = At::kBeforeSend;
  std::list<Pair> pairs_;
  std::thread acceptor_;  // last: it uses the others
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_CUT_PROXY_H_
