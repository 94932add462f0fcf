// A running fieldkmsd that serves the network, and certificates for it and its clients.
#ifndef FIELDKMS_TESTS_INTEGRATION_TLS_TLS_FIXTURE_H_
#define FIELDKMS_TESTS_INTEGRATION_TLS_TLS_FIXTURE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "clients/cpp/client.h"
#include "kms/identity/trial_authority.h"
#include "tests/support/daemon.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

class TlsTest : public ::testing::Test {
 protected:
  TlsTest();

  // Starts the daemon with `tls` among the keys of listen.tls, whose certificate, key and address
  // are there, and `more` at the end. Tenant acme has a key mail then.
  void Start(const std::string& tls, const std::string& more = "");
  // Writes such a configuration only.
  void WriteConfig(const std::string& tls, const std::string& more);

  // Certificates by the trial's authority; ToFiles writes NAME.crt and NAME.key.
  CertificateAndKey Issue(const std::string& name, bool server = false,
                          std::chrono::hours life = std::chrono::hours(24)) const;
  void ToFiles(const std::string& name, const CertificateAndKey& pem) const;
  void Revoke(const std::vector<std::string>& certificates) const;

  // A client that shows the certificate NAME, "": none.
  std::unique_ptr<Client> ClientAs(const std::string& name, TlsOptions tls = {}) const;
  // What encrypting a value comes to: "OK", or a code and a reason.
  static std::string Encrypt(Client& client);
  // Whether `condition` becomes true within some seconds.
  static bool Soon(const std::function<bool()>& condition);

  std::string Target() const { return "localhost:" + std::to_string(port_); }
  std::vector<nlohmann::json> AuditLines() const;

  const TempDir dir_;
  const std::string data_dir_ = dir_.File("data");
  const std::string ca_ = dir_.File("ca.crt"), crl_ = dir_.File("ca.crl");
  const TrialAuthority authority_;
  std::unique_ptr<Daemon> daemon_;
  int port_ = 0;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_INTEGRATION_TLS_TLS_FIXTURE_H_
