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
       {"", "unix:", "unix://", "unix://host/a", "localhost:7443", "dns:///kms:7443",
        "ipv4:127.0.0.1:7443", "unix-abstract:a", "/run/a.sock"}) {
    const auto path = SocketPath(target);
    EXPECT_THAT(path, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField))
        << target;
    EXPECT_EQ(FieldOf(path.status()), "target");
  }
}

TEST(SocketPathTest, SaysThatTcpNeedsTls) {
  EXPECT_THAT(std::string(SocketPath("kms.example.com:7443").status().message()),
              ::testing::HasSubstr("TLS"));
}

TEST(SocketPathTest, KnowsTheLongestPath) {
  EXPECT_OK(SocketPath("unix:/" + std::string(106, 'a')));
  EXPECT_THAT(SocketPath("unix:/" + std::string(107, 'a')), StatusIs(Reason::kInvalidField));
}

}  // namespace
}  // namespace fieldkms
