#include "clients/cli/passphrase.h"

#include "clients/cli/input.h"
#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/root/secret_file.h"

namespace fieldkms {
namespace {

constexpr size_t kLongest = 1'024;

absl::StatusOr<SecretBytes> Ask(std::string_view question, bool is_new) {
  FIELDKMS_ASSIGN_OR_RETURN(const WipedBuffer line, PromptHidden(question));
  if (line.empty() || line.size() > kLongest) {
    return InvalidField("passphrase", "must have 1 to 1,024 bytes");
  }
  if (is_new) {
    FIELDKMS_ASSIGN_OR_RETURN(const WipedBuffer again, PromptHidden("Again: "));
    if (!ConstantTimeEqual(line, again)) return InvalidField("passphrase", "the two differ");
  }
  return SecretBytes::CopyOf(line);
}

}  // namespace

void AddPassphraseOptions(CLI::App* command, const std::string& prefix, const std::string& what,
                          const char* ask_help, PassphraseSource* source) {
  CLI::Option* const file = command
                                ->add_option("--" + prefix + "passphrase-file", source->file,
                                             "A file of mode 0600 with the passphrase of " + what)
                                ->type_name("FILE");
  CLI::Option* const credential =
      command
          ->add_option("--" + prefix + "passphrase-credential", source->credential,
                       "The same from a systemd credential")
          ->type_name("NAME")
          ->excludes(file);
  if (ask_help == nullptr) return;
  command->add_flag("--" + prefix + "ask-passphrase", source->ask, ask_help)
      ->excludes(file)
      ->excludes(credential);
}

absl::StatusOr<SecretBytes> ReadPassphrase(const PassphraseSource& source,
                                           std::string_view question, bool is_new) {
  if (source.file.empty() && source.credential.empty()) return Ask(question, is_new);
  return ReadSecret({source.file, source.credential}, "passphrase");
}

}  // namespace fieldkms
