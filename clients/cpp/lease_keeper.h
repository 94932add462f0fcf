// LeaseKeeper: the thread of a LocalCrypto, which looks after its leases. Internal to
// clients/cpp.
#ifndef FIELDKMS_CLIENTS_CPP_LEASE_KEEPER_H_
#define FIELDKMS_CLIENTS_CPP_LEASE_KEEPER_H_

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "clients/cpp/held_lease.h"
#include "clients/cpp/lease_environment.h"
#include "clients/cpp/lease_transport.h"

namespace fieldkms {

class KeyLeases;

// Thread-safe. One thing after another is asked of the service; none of it keeps the
// material of a lease that ends from being wiped, for each request is cut at the next end,
// and what callers ask for themselves is not waited for.
class LeaseKeeper {
 public:
  LeaseKeeper(LeaseTransport& transport, LeaseEnvironment& environment)
      : transport_(transport), environment_(environment) {}
  ~LeaseKeeper() { Stop(); }

  void Start();
  // Stop ends the thread, when what it asks for just then is answered or cut, gives back all
  // leases that are left within a second, and wipes them. The second call does nothing.
  void Stop();

  // Add takes a key under care, which must outlive Stop; after Stop it closes the key.
  void Add(KeyLeases* key);
  // Poke wakes the thread to look at all leases anew.
  void Poke();
  // GiveBack has the service told that a lease is not used any more, once, and with what was
  // used of it. By the thread or, after Stop, by the caller, whom it takes a second at most.
  void GiveBack(std::string tenant, const HeldLease& lease);

 private:
  void Run();
  // Returns when it is needed next.
  LeaseTime Work();
  void WipeEnded();
  void TellEnds();
  void TendDue();
  // How long a request may take now.
  std::chrono::milliseconds Patience();
  // False where nobody is left to send it.
  bool Queue(const v1::EndLeaseRequest& request);
  std::optional<v1::EndLeaseRequest> NextEnd();
  std::vector<KeyLeases*> Keys();
  bool Stopping();

  LeaseTransport& transport_;
  LeaseEnvironment& environment_;

  std::mutex mutex_;  // guards what follows; not held across I/O
  std::condition_variable woken_;
  bool poked_ = false;
  bool stopping_ = false;
  bool stopped_ = false;  // nobody sends what comes to ends_ from now on
  std::vector<KeyLeases*> keys_;
  std::deque<v1::EndLeaseRequest> ends_;
  std::thread thread_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_LEASE_KEEPER_H_
