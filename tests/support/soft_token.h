// PKCS#11 tokens of SoftHSM for tests.
#ifndef FIELDKMS_TESTS_SUPPORT_SOFT_TOKEN_H_
#define FIELDKMS_TESTS_SUPPORT_SOFT_TOKEN_H_

#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

// SoftTokens makes a directory of tokens and points $SOFTHSM2_CONF of this process to
// it, which SoftHSM reads whenever it is initialised: one object at a time, and none
// while a root of an earlier one is open. Throws std::runtime_error if a step fails.
class SoftTokens {
 public:
  SoftTokens();
  ~SoftTokens();
  SoftTokens(const SoftTokens&) = delete;
  SoftTokens& operator=(const SoftTokens&) = delete;

  static constexpr char kPin[] = "5791-canary";

  // Make adds a token with that PIN of its user.
  void Make(const std::string& label);
  // MakeKey adds a secret key by OpenSC's tool; `more` are arguments of it, such as
  // "--extractable".
  void MakeKey(const std::string& token, const std::string& label, const std::string& type,
               const std::vector<std::string>& more = {});
  // The files of all tokens leave, and come back.
  void TakeAway();
  void BringBack();

  // A file of mode 0600 that holds the PIN.
  std::string pin_file() const { return directory_.File("pin"); }
  static std::string Module();

 private:
  TempDir directory_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_SOFT_TOKEN_H_
