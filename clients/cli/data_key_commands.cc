// fieldkms datakey generate, fieldkms random
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "clients/cli/base64_text.h"
#include "clients/cli/commands.h"
#include "clients/cli/context_args.h"
#include "clients/cli/output.h"
#include "clients/cpp/wipe.h"
#include "crypto/envelope.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

struct DataKeyArguments {
  std::string tenant;
  std::string key;
  std::vector<std::string> context;
  std::string plaintext_out;
  uint32_t size = 0;
  bool no_plaintext = false;
};

template <class Request>
absl::Status Fill(const DataKeyArguments& arguments, Request* request) {
  FIELDKMS_ASSIGN_OR_RETURN(*request->mutable_context(),
                            ParseContextArgs(arguments.context, "context"));
  request->set_tenant(arguments.tenant);
  request->set_key(arguments.key);
  request->set_size(arguments.size);
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> GenerateSealed(Session* session, const DataKeyArguments& arguments) {
  v1::GenerateDataKeyWithoutPlaintextRequest request;
  FIELDKMS_RETURN_IF_ERROR(Fill(arguments, &request));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const auto response, client->GenerateDataKeyWithoutPlaintext(request));
  const std::string ciphertext = EncodeText(AsBytes(response.ciphertext()));
  return session->Show({{"ciphertext", ciphertext}, {"key_version", response.key_version()}},
                       ciphertext + "\n");
}

// The key stands on standard output only where no file was given for it.
WipedBuffer Presented(const Session& session, const v1::GenerateDataKeyResponse& response,
                      bool with_plaintext) {
  const std::string ciphertext = EncodeText(AsBytes(response.ciphertext()));
  WipedBuffer out;
  if (session.options.json) {
    AppendText("{", &out);
    if (with_plaintext) {
      AppendText("\"plaintext_base64\":\"", &out);
      AppendBase64(response.plaintext(), &out);
      AppendText("\",", &out);
    }
    AppendText("\"ciphertext\":\"" + ciphertext +
                   "\",\"key_version\":" + std::to_string(response.key_version()) + "}\n",
               &out);
    return out;
  }
  if (with_plaintext) {
    AppendBase64(response.plaintext(), &out);
    AppendText("\n", &out);
  }
  AppendText(ciphertext + "\n", &out);
  return out;
}

absl::StatusOr<ExitCode> Generate(Session* session, const DataKeyArguments& arguments) {
  if (arguments.no_plaintext) return GenerateSealed(session, arguments);
  const bool to_file = !arguments.plaintext_out.empty();
  FIELDKMS_ASSIGN_OR_RETURN(Output file, Output::Open(arguments.plaintext_out, false));
  v1::GenerateDataKeyRequest request;
  FIELDKMS_RETURN_IF_ERROR(Fill(arguments, &request));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(v1::GenerateDataKeyResponse response, client->GenerateDataKey(request));
  const WipeGuard wipe(&response);
  if (to_file) FIELDKMS_RETURN_IF_ERROR(file.Write(response.plaintext()));
  FIELDKMS_RETURN_IF_ERROR(file.Commit());
  const WipedBuffer shown = Presented(*session, response, !to_file);
  FIELDKMS_RETURN_IF_ERROR(WriteAll(STDOUT_FILENO, ByteView(shown)));
  return ExitCode::kOk;
}

struct RandomArguments {
  v1::GenerateRandomRequest request;
  uint32_t size = 0;
  std::string out;
  bool force = false;
  bool binary = false;
};

absl::StatusOr<ExitCode> Random(Session* session, RandomArguments* arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(Output output, Output::Open(arguments->out, arguments->force));
  if (arguments->binary && (output.is_terminal() || session->options.json)) {
    return InvalidField("binary", "is not for a terminal or --json; use --out or a pipe");
  }
  arguments->request.set_size(arguments->size);
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(v1::GenerateRandomResponse response,
                            client->GenerateRandom(arguments->request));
  const WipeGuard wipe(&response);
  WipedBuffer shown;
  if (session->options.json) AppendText("{\"random_base64\":\"", &shown);
  if (arguments->binary) {
    AppendText(response.random(), &shown);
  } else {
    AppendBase64(response.random(), &shown);
    AppendText(session->options.json ? "\"}\n" : "\n", &shown);
  }
  FIELDKMS_RETURN_IF_ERROR(output.Write(ByteView(shown)));
  FIELDKMS_RETURN_IF_ERROR(output.Commit());
  return ExitCode::kOk;
}

}  // namespace

void AddDataKeyCommands(CLI::App* app, Session* session) {
  CLI::App* const group =
      app->add_subcommand("datakey", "Make keys to encrypt large data with elsewhere");
  group->require_subcommand(1, 1);
  auto arguments = std::make_shared<DataKeyArguments>();
  CLI::App* const command = group->add_subcommand(
      "generate", "Make a data key: in base64, and below it sealed, to be kept with the data");
  AddTenantOption(command, &arguments->tenant);
  AddKeyOption(command, &arguments->key, "Name or alias of the key to seal it with")->required();
  AddContextOption(command, &arguments->context);
  command->add_option("--size", arguments->size, "Bytes, 16 to 64; 32 by default")
      ->type_name("BYTES");
  CLI::Option* const plaintext_out =
      command
          ->add_option("--plaintext-out", arguments->plaintext_out,
                       "Write the data key's bytes to this new file (mode 0600), not to standard "
                       "output")
          ->type_name("FILE");
  command->add_flag("--no-plaintext", arguments->no_plaintext, "Only the sealed one")
      ->excludes(plaintext_out);
  session->Bind(command, [session, arguments] { return Generate(session, *arguments); });
}

void AddRandomCommand(CLI::App* app, Session* session) {
  auto arguments = std::make_shared<RandomArguments>();
  CLI::App* const command =
      app->add_subcommand("random", "Print bytes of the service's random generator, in base64");
  command->add_option("bytes", arguments->size, "How many, 1 to 4096")
      ->type_name("BYTES")
      ->required();
  command->add_flag("--binary", arguments->binary, "Write the bytes themselves");
  command->add_option("--out", arguments->out, "Write to this file, not standard output")
      ->type_name("FILE");
  command->add_flag("--force", arguments->force, "Replace the file of --out if it exists");
  session->Bind(command, [session, arguments] { return Random(session, arguments.get()); });
}

}  // namespace fieldkms
