#include "kms/root/vault_root.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "crypto/status.h"
#include "tests/contract/root_contract.h"
#include "tests/support/fake_vault/certificates.h"
#include "tests/support/fake_vault/fake_vault.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {
namespace {

// With VAULT_ADDR and VAULT_TOKEN set, and VAULT_CACERT where the system does not know
// the server's authority, the suite runs against that server, too. It makes transit keys
// "fieldkms-contract-N" there, with the mount enabled beforehand.
const char* LiveAddress() { return std::getenv("VAULT_ADDR"); }

std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Makes the transit key as an administrator would.
absl::Status MakeKey(const VaultOptions& options, const std::string& token) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto http, MakeHttpClient(options.http));
  FIELDKMS_ASSIGN_OR_RETURN(const HttpResponse response,
                            http->Send({"POST",
                                        options.address + "/v1/transit/keys/" + options.key,
                                        {{"X-Vault-Token", token}},
                                        "{}"},
                                       kNoDeadline));
  return response.status < 300 ? absl::OkStatus() : Bug("the transit key was not made");
}

std::string NewKeyName() {
  static int count = 0;
  return "fieldkms-contract-" +
         std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()) + "-" +
         std::to_string(++count);
}

// A transit key of its own in a server that all places share.
class VaultPlace : public RootPlace {
 public:
  VaultPlace(const std::string& address, const std::string& ca_file, const std::string& token)
      : token_(token) {
    options_.address = address;
    options_.key = NewKeyName();
    options_.http.ca_file = ca_file;
    options_.auth = VaultTokenFile{directory_.File("token")};
  }

  absl::StatusOr<std::unique_ptr<RootKey>> Open() override {
    if (!made_) {
      WriteFile(directory_.File("token"), token_ + "\n");
      FIELDKMS_RETURN_IF_ERROR(MakeKey(options_, token_));
    }
    made_ = true;
    return OpenVaultRoot(options_, kNoDeadline);
  }

 private:
  TempDir directory_;
  VaultOptions options_;
  const std::string token_;
  bool made_ = false;
};

struct TlsVault {
  explicit TlsVault(const VaultFaults& faults) { vault.SetFaults(faults); }
  Authority authority;
  TlsFiles files = authority.Issue("server");
  FakeVault vault{&files};
};

std::unique_ptr<RootPlace> MakePlaceIn(const TlsVault& server) {
  return std::make_unique<VaultPlace>(server.vault.url(), server.authority.ca_file(),
                                      FakeVault::kRootToken);
}

std::unique_ptr<RootPlace> MakeFakePlace() {
  static const TlsVault server{VaultFaults{}};
  return MakePlaceIn(server);
}

std::unique_ptr<RootPlace> MakeOldFakePlace() {
  static const TlsVault server{VaultFaults{.ignores_aad = true}};
  return MakePlaceIn(server);
}

std::unique_ptr<RootPlace> MakeLivePlace() {
  return std::make_unique<VaultPlace>(LiveAddress(), FromEnvironment("VAULT_CACERT"),
                                      FromEnvironment("VAULT_TOKEN"));
}

std::vector<MakeRootPlace> Places() {
  std::vector<MakeRootPlace> places = {&MakeFakePlace, &MakeOldFakePlace};
  if (LiveAddress() != nullptr) places.push_back(&MakeLivePlace);
  return places;
}

std::string NameOf(const ::testing::TestParamInfo<MakeRootPlace>& place) {
  return std::array{"Fake", "WithoutAad", "Live"}[place.index];
}

INSTANTIATE_TEST_SUITE_P(Vault, RootContract, ::testing::ValuesIn(Places()), &NameOf);

}  // namespace
}  // namespace fieldkms::testing
