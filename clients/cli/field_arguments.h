// What the commands on values of fields and on their tokens take, and how it gets into requests.
#ifndef FIELDKMS_CLIENTS_CLI_FIELD_ARGUMENTS_H_
#define FIELDKMS_CLIENTS_CLI_FIELD_ARGUMENTS_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cli/commands.h"
#include "clients/cli/context_args.h"
#include "clients/cli/session.h"
#include "crypto/bytes.h"
#include "crypto/status.h"
#include "crypto/wiping_allocator.h"

namespace fieldkms {

struct FieldArguments {
  std::string tenant;
  std::string field;
  std::vector<std::string> context;
  std::string subject;  // of protect and tokenize: whose value it is; empty: nobody's
  std::string source;   // of reveal, detokenize and erase: no secret
  std::string view;
  uint32_t fpe_version = 0;
  std::string ttl;  // of tokenize
  std::vector<std::string> metadata;
  bool by_value = false;  // of erase
  bool yes = false;
  ValueIo io;
};

// ReadFieldValue reads a value from --in, standard input or a prompt. A line break that an editor
// or `echo` put behind it is not part of it.
absl::StatusOr<WipedBuffer> ReadFieldValue(const FieldArguments& arguments);

// A request about one value, with the value.
template <class Request>
absl::Status FillValue(const FieldArguments& arguments, Request* request) {
  FIELDKMS_ASSIGN_OR_RETURN(const WipedBuffer value, ReadFieldValue(arguments));
  request->set_value(value.data(), value.size());
  request->set_tenant(arguments.tenant);
  request->set_field(arguments.field);
  return absl::OkStatus();
}

// A request about many values, without them.
template <class Request>
absl::StatusOr<Request> SharedRequest(const FieldArguments& arguments) {
  Request shared;
  shared.set_tenant(arguments.tenant);
  shared.set_field(arguments.field);
  if constexpr (requires { shared.mutable_shared_context(); }) {
    FIELDKMS_ASSIGN_OR_RETURN(*shared.mutable_shared_context(),
                              ParseContextArgs(arguments.context, "context"));
  }
  return shared;
}

// What is no secret (a ciphertext, a token): the argument, or else from --in or standard input,
// without a line break at its end.
absl::StatusOr<std::string> ReadSource(const FieldArguments& arguments);

// Writes what a command made to --out or standard output.
absl::Status WriteMade(const FieldArguments& arguments, std::string_view text);

using FieldCommandBody = absl::StatusOr<ExitCode> (*)(Session*, const FieldArguments&);

// Adds a command on values of a field, and returns it with where its arguments go.
std::pair<CLI::App*, std::shared_ptr<FieldArguments>> AddFieldValueCommand(CLI::App* app,
                                                                           Session* session,
                                                                           const char* name,
                                                                           const char* description,
                                                                           FieldCommandBody body);

// --subject, of one value or of all lines.
void AddSubjectOption(CLI::App* command, std::string* subject);

// --view.
void AddViewOption(CLI::App* command, std::string* view);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_FIELD_ARGUMENTS_H_
