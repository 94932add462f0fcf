// A running fieldkmsd, and a fieldkms-shim before it.
#ifndef FIELDKMS_TESTS_INTEGRATION_SHIM_SHIM_FIXTURE_H_
#define FIELDKMS_TESTS_INTEGRATION_SHIM_SHIM_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "clients/cpp/client.h"
#include "sql/shim/frames.h"
#include "tests/support/daemon.h"
#include "tests/support/frame_client.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

// Who asks in most tests: may do everything, in the database "shop" as a role "app_...".
class ShimTest : public ::testing::Test {
 protected:
  ShimTest();

  // Starts both. `more`: lines of YAML that are added; `listen`: members of that section.
  void Start(const std::string& more = {}, const std::string& listen = {});
  // The shim alone, with the configuration of before.
  void StartShim();
  ExitStatus StopShim();

  std::string SocketPath() const { return dir_.File("shim.sock"); }
  std::string AuditFile() const { return dir_.File("shim-audit.jsonl"); }
  std::string Log() const;
  std::string Audit() const { return ReadFile(AuditFile()); }

  // Keys of the tenant "acme": "plain", and "leased", which may be; the field "customers.card".
  void MakeKeys();

  // A frame of the usual session; `parts` of all items.
  static shim::Frame FrameOf(shim::FrameOp op, std::string_view name,
                             std::vector<shim::FramePart> parts, std::string_view detail = {});
  // Sends it on a connection of its own; fails the test where the answer is no frame.
  FrameAnswer Ask(const shim::Frame& frame) const;
  // One item, whose first part is the result; "KIND REASON" of what failed.
  std::string AskOne(const shim::Frame& frame) const;

  TempDir dir_;
  Daemon daemon_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<Subprocess> shim_;
};

// The canonical form of {"pk": value}.
std::string PkContext(std::string_view value);

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_INTEGRATION_SHIM_SHIM_FIXTURE_H_
