#include "kms/root/vault_root.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "crypto/status.h"
#include "kms/root/vault_login.h"
#include "kms/root/vault_session.h"
#include "kms/root/vault_transit.h"
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

struct VaultServer {
  std::string url, ca_file, token;
};
using FindServer = VaultServer (*)();

VaultServer FakeServer() {
  static const TlsVault server{VaultFaults{}};
  return {server.vault.url(), server.authority.ca_file(), FakeVault::kRootToken};
}

VaultServer LiveServer() {
  return {LiveAddress(), FromEnvironment("VAULT_CACERT"), FromEnvironment("VAULT_TOKEN")};
}

std::vector<FindServer> Servers() {
  std::vector<FindServer> servers = {&FakeServer};
  if (LiveAddress() != nullptr) servers.push_back(&LiveServer);
  return servers;
}

// Batches of values that an application has encrypted, as migrations open them.
class VaultBatchContract : public ::testing::TestWithParam<FindServer> {
 protected:
  VaultBatchContract() {
    const VaultServer server = GetParam()();
    options_.address = server.url;
    options_.key = NewKeyName();
    options_.http.ca_file = server.ca_file;
    options_.auth = VaultTokenFile{directory_.File("token")};
    WriteFile(directory_.File("token"), server.token + "\n");
    api_.emplace(options_.address, "", MakeHttpClient(options_.http).value());
    login_.emplace(*api_, options_, time_);
    session_.emplace(*login_, *time_.clock);
    transit_.emplace(options_, *api_, *session_, time_);
    EXPECT_TRUE(MakeKey(options_, server.token).ok());
  }

  std::string Encrypt(std::string_view plaintext, std::string_view data = "") const {
    return transit_->Encrypt(AsBytes(plaintext), AsBytes(data), kNoDeadline).value();
  }
  // What each opens to; "none" of those that do not.
  std::vector<std::string> Opened(const std::vector<TransitItem>& items) const {
    const auto values = transit_->DecryptBatch(items, kNoDeadline);
    EXPECT_TRUE(values.ok()) << values.status();
    std::vector<std::string> opened;
    for (const auto& value : values.value()) {
      opened.emplace_back(value ? AsText(ByteView(*value)) : "none");
    }
    return opened;
  }

  TempDir directory_;
  VaultOptions options_;
  VaultTime time_ = RealTime();
  std::optional<VaultApi> api_;
  std::optional<VaultLogin> login_;
  std::optional<VaultSession> session_;
  std::optional<VaultTransit> transit_;
};

TEST_P(VaultBatchContract, OpensEachByItselfInItsPlace) {
  const std::string a = Encrypt("a"), empty = Encrypt(""), bound = Encrypt("bound", "row 1");
  std::string changed = a;
  changed[changed.size() - 6] = changed[changed.size() - 6] == 'A' ? 'B' : 'A';
  EXPECT_EQ(Opened({{a}, {changed}, {bound, "row 1"}, {bound, "row 2"}, {bound}, {empty}, {a}}),
            (std::vector<std::string>{"a", "none", "bound", "none", "none", "", "a"}));
}

TEST_P(VaultBatchContract, OpensNothingWhereNothingOpens) {
  EXPECT_EQ(Opened({{"vault:v1:AAAA"}, {"vault:v9:" + Encrypt("a").substr(9)}}),
            (std::vector<std::string>{"none", "none"}));
}

TEST_P(VaultBatchContract, OpensHundreds) {
  std::vector<TransitItem> items;
  std::vector<std::string> expected;
  for (int i = 0; i < 250; ++i) {
    expected.push_back("value " + std::to_string(i));
    items.push_back({Encrypt(expected.back())});
  }
  EXPECT_EQ(Opened(items), expected);
}

std::string ServerName(const ::testing::TestParamInfo<FindServer>& server) {
  return std::array{"Fake", "Live"}[server.index];
}

INSTANTIATE_TEST_SUITE_P(Vault, VaultBatchContract, ::testing::ValuesIn(Servers()), &ServerName);
}  // namespace
}  // namespace fieldkms::testing
