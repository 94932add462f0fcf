// The fake Vault as a program, for clients in other languages: prints its address and
// serves until its standard input ends.
//
// AppRole "role-1" with secret id "secret-1"; Kubernetes role "pod" with JWT "a.b.c".
#include <iostream>
#include <string>

#include "tests/support/fake_vault/fake_vault.h"

int main() {
  fieldkms::testing::FakeVault vault;
  vault.AddAppRole("role-1", "secret-1", 3600);
  vault.AddKubernetesRole("pod", "a.b.c", 3600);
  std::cout << vault.url() << ' ' << fieldkms::testing::FakeVault::kRootToken << std::endl;
  while (std::cin.get() != std::istream::traits_type::eof()) {
  }
}
