// fieldkms key import-parameters|import|import-version|export
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "clients/cli/commands.h"
#include "clients/cli/input.h"
#include "clients/cli/key_report.h"
#include "clients/cli/key_settings.h"
#include "clients/cli/output.h"
#include "crypto/key_import.h"
#include "crypto/status.h"
#include "kms/root/secret_file.h"

namespace fieldkms {
namespace {

// A key of another size is to be told so, rather than that its file is too long.
constexpr size_t kMaxKeyFile = 1'024;
// Tokens, wrapped keys and public keys have a few kilobytes.
constexpr size_t kMaxPublicFile = 64 << 10;

// Reads what is no secret.
absl::StatusOr<std::string> ReadPublic(const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(const InputFile input, InputFile::Open(path));
  FIELDKMS_ASSIGN_OR_RETURN(const WipedBuffer bytes, ReadAll(input.fd(), kMaxPublicFile));
  return std::string(AsText(bytes));
}

// The key's own bytes: from a file that is nobody else's, or standard input.
absl::StatusOr<SecretBytes> ReadKey(const std::string& path) {
  SecretBytes key;
  if (!path.empty() && path != "-") {
    FIELDKMS_ASSIGN_OR_RETURN(key, ReadPrivateFile(path, kMaxKeyFile, "key file"));
  } else if (isatty(STDIN_FILENO) == 1) {
    return InvalidField("in", "is needed: a key is bytes, which nobody types");
  } else {
    FIELDKMS_ASSIGN_OR_RETURN(const WipedBuffer bytes, ReadAll(STDIN_FILENO, kMaxKeyFile));
    FIELDKMS_ASSIGN_OR_RETURN(key, SecretBytes::CopyOf(bytes));
  }
  if (key.size() == kImportedKeySize) return key;
  return InvalidField("in", "must have 32 bytes: the key itself, not hex or base64 of it");
}

// Where an imported key comes from: its bytes, or wrapped elsewhere, with the token of the
// key that it was wrapped under.
struct KeySource {
  std::string in;
  std::string wrapped;
  std::string token;
};

void AddSource(CLI::App* command, KeySource* source) {
  CLI::Option* const in =
      command
          ->add_option("--in", source->in,
                       "A file of mode 0600 with the key's 32 bytes; standard input by default")
          ->type_name("FILE");
  CLI::Option* const wrapped =
      command
          ->add_option("--wrapped", source->wrapped,
                       "The key as it was wrapped elsewhere, 552 bytes; with --token")
          ->type_name("FILE")
          ->excludes(in);
  CLI::Option* const token =
      command
          ->add_option("--token", source->token,
                       "The token of `key import-parameters` that it was wrapped with")
          ->type_name("FILE");
  wrapped->needs(token);
  token->needs(wrapped);
}

// Puts the key into the request; one that is not wrapped is wrapped here.
template <class Request>
absl::Status PutKey(const KeySource& source, Client* client, Request* request) {
  if (!source.wrapped.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(*request->mutable_wrapped_key(), ReadPublic(source.wrapped));
    FIELDKMS_ASSIGN_OR_RETURN(*request->mutable_import_token(), ReadPublic(source.token));
    return absl::OkStatus();
  }
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes key, ReadKey(source.in));
  v1::GetImportParametersRequest wanted;
  wanted.set_tenant(request->tenant());
  FIELDKMS_ASSIGN_OR_RETURN(v1::GetImportParametersResponse parameters,
                            client->GetImportParameters(wanted));
  FIELDKMS_ASSIGN_OR_RETURN(*request->mutable_wrapped_key(),
                            WrapForImport(parameters.public_key(), key));
  request->set_import_token(std::move(*parameters.mutable_import_token()));
  return absl::OkStatus();
}

struct ImportArguments {
  v1::ImportKeyRequest request;
  KeyKind kind;
  KeySettings settings;
  KeySource source;
};

absl::StatusOr<ExitCode> ImportKey(Session* session, ImportArguments* arguments) {
  v1::ImportKeyRequest& request = arguments->request;
  FIELDKMS_RETURN_IF_ERROR(PutSettings(arguments->settings, &request));
  PutKind(arguments->kind, &request);
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_RETURN_IF_ERROR(PutKey(arguments->source, client, &request));
  return ShowKey(session, client->ImportKey(request));
}

void AddImport(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<ImportArguments>();
  CLI::App* const command = AddKeyCommand(
      group, "import", "Make a key of 32 bytes of your own, as its version 1", &arguments->request);
  AddSource(command, &arguments->source);
  AddKeyKind(command, &arguments->kind);
  AddImportedKeySettings(command, &arguments->settings);
  AddRequestIdOption(command, arguments->request.mutable_request_id());
  session->Bind(command, [session, arguments] { return ImportKey(session, arguments.get()); });
}

void AddImportVersion(CLI::App* group, Session* session) {
  auto request = std::make_shared<v1::ImportKeyVersionRequest>();
  auto source = std::make_shared<KeySource>();
  CLI::App* const command = AddKeyCommand(
      group, "import-version",
      "Rotate an imported key to 32 bytes of your own; old values stay readable", request.get());
  AddSource(command, source.get());
  AddEtagOption(command, request->mutable_etag());
  AddRequestIdOption(command, request->mutable_request_id());
  session->Bind(command, [session, request, source]() -> absl::StatusOr<ExitCode> {
    FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
    FIELDKMS_RETURN_IF_ERROR(PutKey(*source, client, request.get()));
    return ShowKey(session, client->ImportKeyVersion(*request));
  });
}

struct ParametersArguments {
  v1::GetImportParametersRequest request;
  std::string public_key;
  std::string token;
  bool force = false;
};

absl::StatusOr<ExitCode> GetParameters(Session* session, const ParametersArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(Output public_key, Output::Open(arguments.public_key, arguments.force));
  FIELDKMS_ASSIGN_OR_RETURN(Output token, Output::Open(arguments.token, arguments.force));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::GetImportParametersResponse response,
                            client->GetImportParameters(arguments.request));
  FIELDKMS_RETURN_IF_ERROR(public_key.Write(response.public_key()));
  FIELDKMS_RETURN_IF_ERROR(token.Write(response.import_token()));
  FIELDKMS_RETURN_IF_ERROR(public_key.Commit());
  FIELDKMS_RETURN_IF_ERROR(token.Commit());
  return session->Show({{"public_key_file", arguments.public_key},
                        {"token_file", arguments.token},
                        {"expire_time", TimeForJson(response.expire_time())}},
                       Properties({{"public key", arguments.public_key},
                                   {"token", arguments.token},
                                   {"good until", TimeForPeople(response.expire_time())}}));
}

void AddImportParameters(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<ParametersArguments>();
  CLI::App* const command = group->add_subcommand(
      "import-parameters", "Make a key pair to wrap keys under that are to be imported");
  AddTenantOption(command, arguments->request.mutable_tenant());
  command
      ->add_option("--public-key", arguments->public_key, "Write the RSA key to this file, in PEM")
      ->type_name("FILE")
      ->required();
  command->add_option("--token", arguments->token, "Write the import token to this file")
      ->type_name("FILE")
      ->required();
  command->add_flag("--force", arguments->force, "Replace files that exist");
  session->Bind(command, [session, arguments] { return GetParameters(session, *arguments); });
}

struct ExportArguments {
  v1::ExportKeyVersionRequest request;
  uint32_t version = 0;
  std::string recipient;
  std::string out;
  bool force = false;
};

absl::StatusOr<ExitCode> ExportKey(Session* session, ExportArguments* arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(Output out, Output::Open(arguments->out, arguments->force));
  v1::ExportKeyVersionRequest& request = arguments->request;
  request.set_version(arguments->version);
  FIELDKMS_ASSIGN_OR_RETURN(*request.mutable_recipient_public_key(),
                            ReadPublic(arguments->recipient));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::ExportKeyVersionResponse response,
                            client->ExportKeyVersion(request));
  FIELDKMS_RETURN_IF_ERROR(out.Write(response.wrapped_key()));
  FIELDKMS_RETURN_IF_ERROR(out.Commit());
  return session->Show({{"version", response.version()}, {"file", arguments->out}},
                       Properties({{"version", std::to_string(response.version())},
                                   {"wrapped key", arguments->out}}));
}

void AddExport(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<ExportArguments>();
  CLI::App* const command =
      AddKeyCommand(group, "export", "Wrap a version of an exportable key for somebody else",
                    &arguments->request);
  command->add_option("--version", arguments->version, "The version; the primary one by default")
      ->type_name("VERSION");
  command
      ->add_option("--recipient", arguments->recipient,
                   "The RSA key of 4,096 bits of who is to have it, public, in PEM")
      ->type_name("FILE")
      ->required();
  command->add_option("--out", arguments->out, "Write the wrapped key, 552 bytes, to this file")
      ->type_name("FILE")
      ->required();
  command->add_flag("--force", arguments->force, "Replace the file of --out if it exists");
  session->Bind(command, [session, arguments] { return ExportKey(session, arguments.get()); });
}

}  // namespace

void AddKeyTransferCommands(CLI::App* group, Session* session) {
  AddImportParameters(group, session);
  AddImport(group, session);
  AddImportVersion(group, session);
  AddExport(group, session);
}

}  // namespace fieldkms
