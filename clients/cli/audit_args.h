// What the commands about an audit trail's files take.
#ifndef FIELDKMS_CLIENTS_CLI_AUDIT_ARGS_H_
#define FIELDKMS_CLIENTS_CLI_AUDIT_ARGS_H_

#include <CLI/App.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "crypto/merkle/note_key.h"

namespace fieldkms {

struct TrailArguments {
  std::string trail;
  std::string key;  // a verifier key, or "@FILE"; empty: the one beside the trail
};

void AddTrailOption(CLI::App* command, TrailArguments* arguments);
// Without it the service is asked.
void AddOptionalTrailOption(CLI::App* command, TrailArguments* arguments);
void AddVerifierKeyOption(CLI::App* command, TrailArguments* arguments);

// Errors: InvalidField("key"); those of reading the file.
absl::StatusOr<NoteVerifier> VerifierOf(const TrailArguments& arguments);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_AUDIT_ARGS_H_
