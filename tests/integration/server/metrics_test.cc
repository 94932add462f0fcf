// What Prometheus finds.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "kms/root/http_client.h"
#include "tests/integration/server/server_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A socket that listens on a port of 127.0.0.1 that was free.
class Listener {
 public:
  Listener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 1), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~Listener() { close(socket_); }
  const std::string& address() const { return address_; }

 private:
  const int socket_;
  std::string address_;
};

// Metrics at that address, and all rights for who runs the test.
std::string Config(const std::string& address) {
  return "metrics: {listen: \"" + address +
         "\"}\nmemory: {lock: preferred}\naccess:\n  roles:\n    all:\n      - actions: [encrypt, "
         "key.create, tenant.create]\n        tenants: [\"*\"]\n        keys: [\"*\"]\n"
         "  principals:\n    test: {users: [" +
         std::to_string(getuid()) + "], roles: [all]}\n";
}

std::string Get(const std::string& address) {
  const auto http = MakeHttpClient({});
  EXPECT_OK(http);
  const auto response =
      (*http)->Send({"GET", "http://" + address + "/metrics", {}, ""}, kNoDeadline);
  EXPECT_OK(response);
  return response.ok() ? response->body : "";
}

using MetricsTest = ServerTest;

TEST_F(MetricsTest, PrometheusFindsTheReplicaAndNoKey) {
  const std::string address = Listener().address();
  StartWith(Config(address));
  CreateTenant("acme");
  CreateKey("acme", "customers.iban");
  Encrypt("acme", "customers.iban", "DE89370400440532013000", "7");
  const std::string metrics = Get(address);
  EXPECT_THAT(metrics, HasSubstr("# TYPE fieldkms_loaded_keys gauge\nfieldkms_loaded_keys 1\n"));
  EXPECT_THAT(metrics, HasSubstr("fieldkms_build_info{version=\""));
  EXPECT_THAT(metrics, HasSubstr("fieldkms_key_memory_in_use_bytes "));
  EXPECT_THAT(metrics, HasSubstr("fieldkms_audit_records 6\n"));
  EXPECT_THAT(metrics,
              HasSubstr("fieldkms_calls_total{method=\"CryptoService.Encrypt\",code=\"OK\"} 1\n"));
  EXPECT_THAT(
      metrics,
      HasSubstr("fieldkms_call_seconds_bucket{method=\"CryptoService.Encrypt\",le=\"+Inf\"} 1\n"));
  EXPECT_THAT(metrics, Not(HasSubstr("acme")));
  EXPECT_THAT(metrics, Not(HasSubstr("iban")));
}

TEST_F(MetricsTest, AnAddressThatIsTakenIsSaid) {
  const Listener taken;
  WriteFile(dir_.File("taken.yaml"), "data_dir: " + data_dir_ + "\nlisten: {unix: " + data_dir_ +
                                         "/s}\nroot: {local: {create_if_missing: true}}\n" +
                                         Config(taken.address()));
  Daemon daemon({data_dir_, {"--config", dir_.File("taken.yaml")}, {}, {}});
  EXPECT_NE(daemon.StartAndWait().code, 0);
  EXPECT_THAT(daemon.Log(), HasSubstr("metrics.listen: cannot listen on " + taken.address()));
}

}  // namespace
}  // namespace fieldkms::testing
