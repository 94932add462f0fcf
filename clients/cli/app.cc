// All of CLI11: App.hpp alone lacks the formatter.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "clients/cli/audit_commands.h"
#include "clients/cli/commands.h"
#include "clients/cli/usage_error.h"
#include "fieldkms/version.h"

namespace fieldkms {
namespace {

constexpr char kDescription[] =
    "Encrypts field values through a FieldKMS service, and manages its tenants and keys.";
constexpr char kFooter[] =
    "Values are read from standard input, from a file or at a prompt, never from arguments.\n"
    "Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 denied, 5 does not open,\n"
    "6 unavailable, 7 some lines failed, 8 conflict, 9 cancelled, 10 stopped before the end.";
constexpr double kLongestTimeout = 3'600;

// Of a service on another machine.
void AddTlsOptions(CLI::App* app, TlsOptions* tls) {
  const auto file = [app](const char* name, const char* variable, std::string* path,
                          const char* description) {
    app->add_option(name, *path, description)->envname(variable)->type_name("FILE");
  };
  file("--tls-ca", "FIELDKMS_TLS_CA", &tls->ca_file,
       "Authorities (PEM) of the certificate of a service on another machine");
  file("--tls-cert", "FIELDKMS_TLS_CERT", &tls->certificate, "The certificate shown to it (PEM)");
  file("--tls-key", "FIELDKMS_TLS_KEY", &tls->key, "The certificate's private key (PEM)");
  file("--token-file", "FIELDKMS_TOKEN_FILE", &tls->token_file, "A bearer token shown to it");
  app->add_option("--tls-server-name", tls->server_name,
                  "The name that its certificate must have, if not the target's")
      ->envname("FIELDKMS_TLS_SERVER_NAME")
      ->type_name("NAME");
}

void AddGlobalOptions(CLI::App* app, GlobalOptions* options) {
  app->add_option("--target", options->target, "The service: unix:/path/to/socket or HOST:PORT")
      ->envname("FIELDKMS_TARGET")
      ->type_name("TARGET")
      ->capture_default_str();
  AddTlsOptions(app, &options->tls);
  app->add_option("--timeout", options->timeout_seconds,
                  "Seconds that one call may take, its retries included")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, kLongestTimeout))
      ->capture_default_str();
  app->add_flag("--json", options->json, "Results and errors as JSON, for machines");
}

bool AsksForJson(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--json") return true;
  }
  return false;
}

}  // namespace

CLI::Option* AddTenantOption(CLI::App* command, std::string* tenant) {
  return command->add_option("--tenant", *tenant, "Tenant id")
      ->envname("FIELDKMS_TENANT")
      ->type_name("ID")
      ->required();
}

CLI::Option* AddContextOption(CLI::App* command, std::vector<std::string>* context) {
  return command
      ->add_option("--context", *context,
                   "An entry of the context, NAME=VALUE or NAME:b64=BASE64; repeatable")
      ->type_name("ENTRY")
      ->allow_extra_args(false);
}

CLI::Option* AddRequestIdOption(CLI::App* command, std::string* request_id) {
  return command
      ->add_option("--request-id", *request_id,
                   "Repeating the command with the same id acts once; a random one by default")
      ->type_name("ID");
}

CLI::Option* AddKeyOption(CLI::App* command, std::string* key, const char* description) {
  return command->add_option("--key", *key, description)->type_name("NAME");
}

CLI::Option* AddEtagOption(CLI::App* command, std::string* etag) {
  return command
      ->add_option("--etag", *etag, "Only if it is as it was when it was shown with this etag")
      ->type_name("ETAG");
}

void AddValueIoOptions(CLI::App* command, ValueIo* io) {
  command->add_option("--in", io->in, "Read from this file instead of standard input")
      ->type_name("FILE");
  command
      ->add_option("--out", io->out,
                   "Write to this file (mode 0600, whole or not at all) instead of standard output")
      ->type_name("FILE");
  command->add_flag("--force", io->force, "Replace the file of --out if it exists");
  command->add_flag("--lines", io->lines,
                    "Take each line as a value of its own, in batches of any length");
  command->add_flag("--quiet", io->quiet, "With --lines: no progress");
}

CLI::Option* AddCiphertextArgument(CLI::App* command, std::string* ciphertext) {
  return command
      ->add_option("ciphertext", *ciphertext,
                   "The ciphertext in text form; standard input where it is absent")
      ->type_name("CIPHERTEXT");
}

void AddFormOptions(CLI::App* command, bool* binary) {
  const std::string text_help = "Write the text form, fk1.… (the default)";
  CLI::Option* const text = command->add_flag("--text", text_help);
  command->add_flag("--binary", *binary, "Write the envelope's bytes")->excludes(text);
}

std::unique_ptr<CLI::App> MakeApp(Session* session) {
  auto app = std::make_unique<CLI::App>(kDescription, "fieldkms");
  app->footer(kFooter);
  app->fallthrough();  // global options are known after a command, too
  app->require_subcommand(1, 1);
  app->set_version_flag("--version", std::string("fieldkms ") + kVersion);
  AddGlobalOptions(app.get(), &session->options);
  AddTenantCommands(app.get(), session);
  AddKeyCommands(app.get(), session);
  AddAliasCommands(app.get(), session);
  AddFieldCommands(app.get(), session);
  AddFieldValueCommands(app.get(), session);
  AddTokenCommands(app.get(), session);
  AddSubjectCommands(app.get(), session);
  AddEncryptCommand(app.get(), session);
  AddDecryptCommand(app.get(), session);
  AddRewrapCommand(app.get(), session);
  AddInspectCommand(app.get(), session);
  AddMacCommands(app.get(), session);
  AddDataKeyCommands(app.get(), session);
  AddRandomCommand(app.get(), session);
  AddOperationCommands(app.get(), session);
  AddRootCommands(app.get(), session);
  AddBackupCommands(app.get(), session);
  AddAuditCommands(app.get(), session);
  AddStatusCommand(app.get(), session);
  AddDoctorCommand(app.get(), session);
#ifdef FIELDKMS_STORE_POSTGRES
  AddRotationCommands(app.get(), session);
  AddColumnCommands(app.get(), session);
  AddStoreCommands(app.get(), session);
#endif
  AddPkiCommands(app.get(), session);
  AddCompletionCommands(app.get(), session);
  AddVersionCommand(app.get(), session);
  return app;
}

int RunApp(int argc, const char* const* argv) {
  Session session;
  const std::unique_ptr<CLI::App> app = MakeApp(&session);
  try {
    app->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app->exit(error);  // --help, --version
    session.options.json = AsksForJson(argc, argv);
    session.ReportError(UsageStatus(*app, error));
    return static_cast<int>(ExitCode::kUsage);
  }
  return static_cast<int>(session.exit_code());
}

}  // namespace fieldkms
