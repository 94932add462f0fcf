// Where a passphrase comes from: a file, a systemd credential or a prompt; never an argument.
#ifndef FIELDKMS_CLIENTS_CLI_PASSPHRASE_H_
#define FIELDKMS_CLIENTS_CLI_PASSPHRASE_H_

#include <CLI/App.hpp>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

struct PassphraseSource {
  std::string file;
  std::string credential;
  bool ask = false;
  bool given() const { return ask || !file.empty() || !credential.empty(); }
};

// AddPassphraseOptions adds --PREFIXpassphrase-file and --PREFIXpassphrase-credential;
// with `ask_help`, also --PREFIXask-passphrase.
void AddPassphraseOptions(CLI::App* command, const std::string& prefix, const std::string& what,
                          const char* ask_help, PassphraseSource* source);

// ReadPassphrase returns it, 1 to 1,024 bytes, from where it was given; asks on the terminal
// where it was given nowhere, twice if `is_new`. Errors: those of ReadSecret and PromptHidden;
// InvalidField("passphrase") for an empty one, or two that differ.
absl::StatusOr<SecretBytes> ReadPassphrase(const PassphraseSource& source,
                                           std::string_view question, bool is_new);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_PASSPHRASE_H_
