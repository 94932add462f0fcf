#include "tests/integration/tls/tls_fixture.h"

#include <fmt/format.h>
#include <unistd.h>

#include <sstream>
#include <thread>

#include "crypto/status.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using std::chrono::hours;

WallTime Now() { return SystemClock().Now(); }

constexpr char kAccess[] = R"(
access:
  roles:
    all:
      - actions: [encrypt, decrypt, key.create, key.read, tenant.create]
        tenants: ["*"]
        keys: ["*"]
  principals:
    local: {{users: [{}], roles: [all]}}
    shop:
      certificates: ["uri:spiffe://trial/shop"]
      roles: [all]
    powerless:
      certificates: ["uri:spiffe://trial/powerless"]
)";

}  // namespace

TlsTest::TlsTest()
    : authority_(*TrialAuthority::Make("Trial CA", Now() - hours(1), Now() + hours(100))) {
  WriteFile(ca_, authority_.Pem()->certificate);
  ToFiles("server", Issue("server", /*server=*/true));
}

CertificateAndKey TlsTest::Issue(const std::string& name, bool server,
                                 std::chrono::hours life) const {
  CertificateWish wish{name, {}, server, Now() - hours(1), Now() + life};
  wish.names = server ? std::vector<std::string>{"DNS:localhost", "IP:127.0.0.1"}
                      : std::vector<std::string>{"URI:spiffe://trial/" + name};
  return *authority_.Issue(wish);
}

void TlsTest::ToFiles(const std::string& name, const CertificateAndKey& pem) const {
  WriteFile(dir_.File(name + ".key"), pem.key);
  WriteFile(dir_.File(name + ".crt"), pem.certificate);
}

void TlsTest::Revoke(const std::vector<std::string>& certificates) const {
  WriteFile(crl_, *authority_.Revoke(certificates, Now() - hours(1), Now() + hours(24)));
}

void TlsTest::WriteConfig(const std::string& tls, const std::string& more) {
  WriteFile(dir_.File("config.yaml"),
            fmt::format("data_dir: {0}\n"
                        "listen:\n"
                        "  unix: {0}/fieldkmsd.sock\n"
                        "  tls:\n"
                        "    address: 127.0.0.1:0\n"
                        "    certificate: {1}\n"
                        "    key: {2}\n"
                        "{3}"
                        "root: {{local: {{create_if_missing: true}}}}\n"
                        "memory: {{lock: preferred}}\n",
                        data_dir_, dir_.File("server.crt"), dir_.File("server.key"), tls) +
                fmt::format(kAccess, geteuid()) + more);
}

void TlsTest::Start(const std::string& tls, const std::string& more) {
  WriteConfig(tls, more);
  DaemonOptions options;
  options.data_dir = data_dir_;
  options.args = {"--config", dir_.File("config.yaml")};
  daemon_ = std::make_unique<Daemon>(options);
  ASSERT_OK(daemon_->Start());
  std::istringstream log(daemon_->Log());
  for (std::string line; std::getline(log, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (json.is_object() && json.value("event", "") == "serving") port_ = json["tls_port"];
  }
  ASSERT_NE(port_, 0) << daemon_->Log();
  const auto local = *Client::Create({.target = daemon_->target()});
  v1::CreateTenantRequest tenant;
  tenant.set_tenant("acme");
  ASSERT_OK(local->CreateTenant(tenant));
  v1::CreateKeyRequest key;
  key.set_tenant("acme");
  key.set_name("mail");
  ASSERT_OK(local->CreateKey(key));
}

std::unique_ptr<Client> TlsTest::ClientAs(const std::string& name, TlsOptions tls) const {
  if (tls.ca_file.empty()) tls.ca_file = ca_;
  if (!name.empty()) {
    tls.certificate = dir_.File(name + ".crt");
    tls.key = dir_.File(name + ".key");
  }
  ClientOptions options;
  options.target = Target();
  options.tls = tls;
  options.timeout = std::chrono::seconds(5);
  options.max_attempts = 1;
  return *Client::Create(options);
}

std::string TlsTest::Encrypt(Client& client) {
  v1::EncryptRequest request;
  request.set_tenant("acme");
  request.set_key("mail");
  request.set_plaintext("anna@example.com");
  const absl::Status status = client.Encrypt(request).status();
  if (status.ok()) return "OK";
  return absl::StatusCodeToString(status.code()) + " " + std::string(MessageOf(status));
}

bool TlsTest::Soon(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return true;
}

std::vector<nlohmann::json> TlsTest::AuditLines() const {
  std::vector<nlohmann::json> lines;
  std::istringstream file(ReadFile(data_dir_ + "/audit.jsonl"));
  for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

}  // namespace fieldkms::testing
