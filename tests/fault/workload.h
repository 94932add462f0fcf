// The load under which the service is killed.
#ifndef FIELDKMS_TESTS_FAULT_WORKLOAD_H_
#define FIELDKMS_TESTS_FAULT_WORKLOAD_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "clients/cpp/client.h"
#include "tests/fault/ledger.h"
#include "tests/support/seeded_random.h"

namespace fieldkms::fault {

inline constexpr const char* kTenants[] = {"acme", "globex"};

// MakeTenants makes the tenants of the load. Error: the client's.
absl::Status MakeTenants(const std::string& target);

// Workload is threads that create keys, rotate keys and encrypt, singly and in
// batches, through the client library with its retries, and note in the ledger
// what was acknowledged, and only that. It runs from construction to Stop.
class Workload {
 public:
  // `ledger` must outlive the object. `seed` fixes what the threads choose; how
  // they interleave is up to the machine.
  Workload(std::string target, Ledger& ledger, uint64_t seed);
  ~Workload() { Stop(); }

  // Ends the load once the calls in flight have ended. Idempotent.
  void Stop();

  // Errors by reason name, over all calls so far; what a killed service causes,
  // and what it must not.
  std::map<std::string, uint64_t> Errors() const;

 private:
  using Random = fieldkms::testing::SeededRandom;

  void Create(Client& client, Random& random);
  void Rotate(Client& client, Random& random);
  void Encrypt(Client& client, Random& random);
  void BatchEncrypt(Client& client, Random& random);
  void Launch(void (Workload::*step)(Client&, Random&), uint64_t seed);
  void NoteError(const absl::Status& status);

  const std::string target_;
  Ledger& ledger_;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::map<std::string, uint64_t> errors_;
  std::vector<std::jthread> threads_;
};

// SendChange sends the change in doubt of `key`, for the first time or again, and
// returns the key as the service has it afterwards.
absl::StatusOr<v1::Key> SendChange(Client& client, const LedgerKey& key, const KeyChange& change);

}  // namespace fieldkms::fault

#endif  // FIELDKMS_TESTS_FAULT_WORKLOAD_H_
