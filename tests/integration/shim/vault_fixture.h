// A shim that serves Vault's API, over TLS, too.
#ifndef FIELDKMS_TESTS_INTEGRATION_SHIM_VAULT_FIXTURE_H_
#define FIELDKMS_TESTS_INTEGRATION_SHIM_VAULT_FIXTURE_H_

#include <string>

#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "tests/integration/shim/shim_fixture.h"
#include "tests/support/paths.h"

namespace fieldkms::testing {

// Whoever has it may do everything.
inline constexpr char kToken[] = "a-token-of-a-test-0123456789abcdef";

class ShimVaultTest : public ShimTest {
 protected:
  void SetUp() override {
    const CommandResult made = RunCommand(
        {.argv = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                  "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                  "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout",
                  dir_.File("tls.key"), "-out", dir_.File("tls.crt")}});
    ASSERT_EQ(made.status.code, 0) << made.err;
    WriteFile(dir_.File("tokens"), EncodeHex(*Sha256(AsBytes(kToken))) + " vault-app\n");
    Start("tokens:\n  file: " + dir_.File("tokens") +
              "\n  identities: {vault-app: [all]}\nvault: {tenant: acme, allow_deletion: true}\n" +
              Limits(),
          "  tls: {address: '127.0.0.1:0', certificate: " + dir_.File("tls.crt") +
              ", key: " + dir_.File("tls.key") + "}\n");
    MakeKeys();
  }

  // More lines of the configuration.
  virtual std::string Limits() const { return {}; }
  std::string Url() const {
    const std::string log = Log();
    const size_t at = log.rfind("\"tls_port\":") + 11;
    return "https://localhost:" + log.substr(at, log.find(',', at) - at);
  }
  // install of vault_clients put them there.
  static std::string Clients() { return BinDir() + "/../vault_clients"; }
  static std::string Sources() { return SourceDir() + "/tests/integration/shim/vault_clients"; }
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_INTEGRATION_SHIM_VAULT_FIXTURE_H_
