#include "clients/cpp/target.h"

#include <string>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

TEST(SocketPathTest, TakesUnixTargets) {
  EXPECT_EQ(SocketPath("unix:/run/a.sock").value(), "/run/a.sock");
  EXPECT_EQ(SocketPath("unix:///run/a.sock").value(), "/run/a.sock");
  EXPECT_EQ(SocketPath("unix:a.sock").value(), "a.sock");
}

TEST(SocketPathTest, RefusesEverythingElse) {
  for (const std::string target :
       {"", "unix:", "unix://", "unix://host/a", "dns:///kms:7443", "ipv4:127.0.0.1:7443",
        "unix-abstract:a", "/run/a.sock", "localhost", "localhost:", ":7443", "localhost:0",
        "localhost:65536", "local host:7443", "::1:7443", "[]:7443", "localhost:7443/x"}) {
    const auto path = SocketPath(target);
    EXPECT_THAT(path, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField))
        << target;
    EXPECT_EQ(FieldOf(path.status()), "target");
  }
}

TEST(SocketPathTest, OtherMachinesHaveNone) {
  EXPECT_EQ(SocketPath("kms.example.com:7443").value(), "");
  EXPECT_EQ(SocketPath("192.0.2.1:7443").value(), "");
  EXPECT_EQ(SocketPath("[2001:db8::1]:7443").value(), "");
  EXPECT_EQ(HostOf("kms.example.com:7443"), "kms.example.com");
  EXPECT_EQ(HostOf("[2001:db8::1]:7443"), "2001:db8::1");
}

TEST(SocketPathTest, KnowsTheLongestPath) {
  EXPECT_OK(SocketPath("unix:/" + std::string(106, 'a')));
  EXPECT_THAT(SocketPath("unix:/" + std::string(107, 'a')), StatusIs(Reason::kInvalidField));
}

}  // namespace
}  // namespace fieldkms
