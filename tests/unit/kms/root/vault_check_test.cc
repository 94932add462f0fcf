#include "kms/root/vault_check.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

VaultOptions Good() {
  VaultOptions options;
  options.address = "https://vault.example.com:8200";
  options.key = "fieldkms";
  options.auth = VaultAppRole{.role_id = "r", .secret_id_file = ""};
  return options;
}

TEST(VaultCheckTest, TakesWhatIsSound) {
  VaultOptions options = Good();
  EXPECT_OK(CheckVaultOptions(options));
  options.address = "http://127.0.0.1:8200";
  options.mount = "team/transit";
  options.name_space = "ns1/ns2/";
  options.auth = VaultTokenFile{"/run/token"};
  EXPECT_OK(CheckVaultOptions(options));
  options.auth = VaultKubernetes{.role = "r"};
  EXPECT_OK(CheckVaultOptions(options));
}

TEST(VaultCheckTest, RefusesEverythingElse) {
  const std::vector<std::function<void(VaultOptions&)>> mistakes = {
      [](VaultOptions& o) { o.address = ""; },
      [](VaultOptions& o) { o.address = "vault.example.com:8200"; },
      [](VaultOptions& o) { o.address = "https://"; },
      [](VaultOptions& o) { o.address = "https://user@host"; },
      [](VaultOptions& o) { o.address = "https://host/"; },
      [](VaultOptions& o) { o.address = "https://host\r\nX: y"; },
      [](VaultOptions& o) { o.mount = ""; },
      [](VaultOptions& o) { o.mount = "/transit"; },
      [](VaultOptions& o) { o.mount = "transit/"; },
      [](VaultOptions& o) { o.mount = "a/../sys"; },
      [](VaultOptions& o) { o.mount = "a?b"; },
      [](VaultOptions& o) { o.key = ""; },
      [](VaultOptions& o) { o.key = "a/b"; },
      [](VaultOptions& o) { o.key = "a b"; },
      [](VaultOptions& o) { o.key = ".."; },
      [](VaultOptions& o) { o.name_space = "a b"; },
      [](VaultOptions& o) { o.auth = VaultTokenFile{}; },
      [](VaultOptions& o) { o.auth = VaultAppRole{}; },
      [](VaultOptions& o) { o.auth = VaultAppRole{.role_id = "a\"b", .secret_id_file = ""}; },
      [](VaultOptions& o) { o.auth = VaultKubernetes{}; },
      [](VaultOptions& o) { o.auth = VaultKubernetes{.role = "r", .mount = "../x"}; },
      [](VaultOptions& o) { o.auth = VaultKubernetes{.role = "r", .jwt_file = ""}; },
  };
  for (size_t i = 0; i < mistakes.size(); ++i) {
    VaultOptions options = Good();
    mistakes[i](options);
    EXPECT_THAT(CheckVaultOptions(options),
                StatusIs(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid))
        << "mistake " << i;
  }
}

}  // namespace
}  // namespace fieldkms
