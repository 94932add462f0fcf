#include "tests/support/soft_token.h"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "tests/support/subprocess.h"

namespace fieldkms::testing {
namespace {

void Run(const std::vector<std::string>& argv) {
  const CommandResult result = RunCommand({.argv = argv});
  if (result.status.code != 0) throw std::runtime_error(argv[0] + ": " + result.out + result.err);
}

}  // namespace

SoftTokens::SoftTokens() {
  std::filesystem::create_directory(directory_.File("tokens"));
  WriteFile(directory_.File("softhsm2.conf"),
            "directories.tokendir = " + directory_.File("tokens") +
                "\nobjectstore.backend = file\n"
                "log.level = ERROR\n");
  WriteFile(pin_file(), std::string(kPin) + "\n");
  setenv("SOFTHSM2_CONF", directory_.File("softhsm2.conf").c_str(), 1);
}

SoftTokens::~SoftTokens() { unsetenv("SOFTHSM2_CONF"); }

void SoftTokens::Make(const std::string& label) {
  Run({"softhsm2-util", "--init-token", "--free", "--label", label, "--pin", kPin, "--so-pin",
       "so-canary"});
}

void SoftTokens::MakeKey(const std::string& token, const std::string& label,
                         const std::string& type, const std::vector<std::string>& more) {
  std::vector<std::string> argv = {"pkcs11-tool", "--module", Module(),  "--token-label",
                                   token,         "--pin",    kPin,      "--keygen",
                                   "--key-type",  type,       "--label", label};
  argv.insert(argv.end(), more.begin(), more.end());
  Run(argv);
}

void SoftTokens::TakeAway() {
  std::filesystem::rename(directory_.File("tokens"), directory_.File("away"));
}

void SoftTokens::BringBack() {
  std::filesystem::rename(directory_.File("away"), directory_.File("tokens"));
}

std::string SoftTokens::Module() { return FIELDKMS_SOFTHSM2; }

}  // namespace fieldkms::testing
