// Daemons over one store, for tests.
#ifndef FIELDKMS_TESTS_SUPPORT_REPLICAS_H_
#define FIELDKMS_TESTS_SUPPORT_REPLICAS_H_

#include <memory>
#include <string>
#include <vector>

#include "tests/support/daemon.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

// Replicas are daemons of one root key file and one PostgreSQL store, each with a data
// directory of its own. The user who runs the test may do everything. Not thread-safe.
class Replicas {
 public:
  // `conninfos`: where each finds the store, which has its schema. `more`: lines of YAML
  // for all of them. Each names the others' sockets as its peers'.
  explicit Replicas(const std::vector<std::string>& conninfos, const std::string& more = "");

  Daemon& at(size_t index) { return *daemons_[index]; }
  size_t size() const { return daemons_.size(); }
  // Starts all of them; throws std::runtime_error if one does not.
  void Start();

 private:
  std::string DataOf(size_t index) const;
  std::string PeersOf(size_t index, size_t count) const;

  TempDir directory_;
  std::vector<std::unique_ptr<Daemon>> daemons_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_REPLICAS_H_
