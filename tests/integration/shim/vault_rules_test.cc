// What Vault's API does with names that are not its own, and how many may come by TLS.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <memory>
#include <vector>

#include "kms/files.h"
#include "tests/integration/shim/vault_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ShimTlsLimitsTest : public ShimVaultTest {
 protected:
  std::string Limits() const override {
    return "limits: {connections: 8, patience: 500ms, idle: 4s}\n";
  }
  uint16_t Port() const {
    const std::string url = Url();
    return static_cast<uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  }
  // A connection that does not even begin with TLS.
  FileDescriptor Connect() const {
    FileDescriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(Port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  static bool ClosesWithin(const FileDescriptor& fd, int milliseconds) {
    pollfd poll_for{fd.get(), POLLIN, 0};
    char byte;
    return poll(&poll_for, 1, milliseconds) > 0 && recv(fd.get(), &byte, 1, 0) <= 0;
  }
  // Sends a request, says no more, and tells how long the connection is kept.
  std::chrono::milliseconds KeptAfter(const std::string& headers) const {
    const auto start = std::chrono::steady_clock::now();
    const CommandResult used =
        RunCommand({.argv = {"openssl", "s_client", "-quiet", "-CAfile", dir_.File("tls.crt"),
                             "-connect", "127.0.0.1:" + std::to_string(Port())}},
                   "GET /v1/sys/health HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n");
    EXPECT_THAT(used.out, HasSubstr("HTTP/1.1 200 ")) << used.err;
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 start);
  }
};

TEST_F(ShimTlsLimitsTest, ConnectionsByTlsLeaveRoomForTheSocket) {
  // Two of eight; the others are turned away at once.
  std::vector<FileDescriptor> open;
  for (int i = 0; i < 12; ++i) open.push_back(Connect());
  int turned_away = 0;
  for (const FileDescriptor& fd : open) turned_away += ClosesWithin(fd, 20) ? 1 : 0;
  EXPECT_EQ(turned_away, 10);
  std::vector<std::unique_ptr<RawHttp>> kept;
  for (int i = 0; i < 6; ++i) {
    kept.push_back(std::make_unique<RawHttp>(SocketPath()));
    EXPECT_EQ(kept.back()->Get("/v1/sys/init").status, 200) << i;
  }
  // Those that were let in and say nothing go, and others come in.
  for (const FileDescriptor& fd : open) EXPECT_TRUE(ClosesWithin(fd, 10'000));
  EXPECT_FALSE(ClosesWithin(Connect(), 100));
}

TEST_F(ShimTlsLimitsTest, WhoIsNotKnownIsNotKeptForLong) {
  EXPECT_LT(KeptAfter(""), std::chrono::seconds(3));
  EXPECT_LT(KeptAfter("X-Vault-Token: guess\r\n"), std::chrono::seconds(3));
  EXPECT_GT(KeptAfter(std::string("X-Vault-Token: ") + kToken + "\r\n"), std::chrono::seconds(3));
}

class ShimCompanionTest : public ShimVaultTest {
 protected:
  // "STATUS body", of a call with the token that may do everything.
  std::string Call(std::string_view method, std::string_view path, std::string_view body = "{}") {
    RawHttp http(SocketPath());
    http.Send(std::string(method) + " /v1/transit/" + std::string(path) +
              " HTTP/1.1\r\nHost: x\r\nX-Vault-Token: " + kToken + "\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
    const RawResponse response = http.Receive();
    return std::to_string(response.status) + " " + response.body;
  }
  void MakeKey(const std::string& name, v1::KeyPurpose purpose, bool labelled) {
    v1::CreateKeyRequest request;
    request.set_tenant("acme");
    request.set_name(name);
    request.set_purpose(purpose);
    if (labelled) (*request.mutable_labels())["vault.companion"] = "hmac";
    ASSERT_OK(client_->CreateKey(request));
  }
  // The states of a key's versions, as their numbers.
  std::vector<int> StatesOf(const std::string& name) {
    v1::ListKeyVersionsRequest request;
    request.set_tenant("acme");
    request.set_name(name);
    const auto listed = client_->ListKeyVersions(request);
    EXPECT_OK(listed.status());
    std::vector<int> states;
    if (!listed.ok()) return states;
    for (const v1::KeyVersion& version : listed->versions()) states.push_back(version.state());
    return states;
  }
  // Rotates it once and destroys it.
  void RotateAndDelete(const std::string& name) {
    EXPECT_THAT(Call("POST", "keys/" + name + "/rotate"), HasSubstr("200 "));
    EXPECT_THAT(Call("POST", "keys/" + name + "/config", R"({"deletion_allowed":true})"),
                HasSubstr("200 "));
    EXPECT_THAT(Call("DELETE", "keys/" + name), HasSubstr("204 "));
    EXPECT_THAT(StatesOf(name), Each(v1::KEY_VERSION_STATE_DESTROY_SCHEDULED));
  }
};

constexpr char kInput[] = R"({"input":"eA=="})";

TEST_F(ShimCompanionTest, OneThatWasMadeWithItsKeyGoesWithIt) {
  EXPECT_THAT(Call("POST", "keys/own"), HasSubstr("200 "));
  EXPECT_THAT(Call("POST", "keys/own"), HasSubstr("already existed"));
  EXPECT_THAT(Call("POST", "hmac/own", kInput), HasSubstr("\"hmac\":\"vault:v1:"));
  RotateAndDelete("own");
  EXPECT_THAT(StatesOf("own.hmac"), ElementsAre(v1::KEY_VERSION_STATE_DESTROY_SCHEDULED,
                                                v1::KEY_VERSION_STATE_DESTROY_SCHEDULED));
}

TEST_F(ShimCompanionTest, AKeyThatIsOnlyCalledSoIsLeftAlone) {
  MakeKey("plain.hmac", v1::KEY_PURPOSE_MAC, false);
  MakeKey("leased.hmac", v1::KEY_PURPOSE_ENCRYPT, true);
  for (const std::string name : {"plain", "leased"}) {
    const std::string mac = R"({"input":"eA==","hmac":"vault:v1:eA=="})";
    EXPECT_THAT(Call("POST", "hmac/" + name, kInput), HasSubstr("400 ")) << name;
    EXPECT_EQ(Call("POST", "hmac/" + name, kInput), Call("POST", "hmac/nothing", kInput)) << name;
    EXPECT_EQ(Call("POST", "verify/" + name, mac), Call("POST", "verify/nothing", mac)) << name;
    EXPECT_THAT(Call("POST", "keys/" + name), HasSubstr("with .hmac behind it is another key's"));
    RotateAndDelete(name);
    EXPECT_THAT(StatesOf(name + ".hmac"), ElementsAre(v1::KEY_VERSION_STATE_ENABLED)) << name;
  }
}

TEST_F(ShimCompanionTest, NoKeyIsMadeBesideOneThatIsOnlyCalledSo) {
  MakeKey("fresh.hmac", v1::KEY_PURPOSE_MAC, false);
  EXPECT_THAT(Call("POST", "keys/fresh"), HasSubstr("400 "));
  EXPECT_THAT(Call("GET", "keys/fresh", ""), HasSubstr("404 "));
  // Whoever wants no companion needs no room for one.
  EXPECT_THAT(Call("POST", "keys/fresh", R"({"type":"hmac"})"), HasSubstr("200 "));
  EXPECT_THAT(Call("LIST", "keys", ""), HasSubstr("fresh.hmac"));
}

}  // namespace
}  // namespace fieldkms::testing
