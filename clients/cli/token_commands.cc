// fieldkms tokenize|detokenize|erase
#include <string>
#include <utility>

#include "clients/cli/base64_text.h"
#include "clients/cli/commands.h"
#include "clients/cli/durations.h"
#include "clients/cli/field_arguments.h"
#include "clients/cli/field_report.h"
#include "clients/cli/input.h"
#include "clients/cli/output.h"
#include "clients/cli/token_lines.h"
#include "clients/cli/token_report.h"
#include "clients/cpp/field_client.h"
#include "clients/cpp/wipe.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::StatusOr<v1::TokenSettings> SettingsOf(const FieldArguments& arguments) {
  v1::TokenSettings settings;
  if (!arguments.ttl.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(const int64_t seconds, ParseSeconds(arguments.ttl, "ttl"));
    settings.mutable_ttl()->set_seconds(seconds);
  }
  for (const std::string& entry : arguments.metadata) {
    const size_t equals = entry.find('=');
    if (equals == std::string::npos) return InvalidField("metadata", "must be NAME=TEXT");
    const bool is_new = settings.mutable_metadata()
                            ->insert({entry.substr(0, equals), entry.substr(equals + 1)})
                            .second;
    if (!is_new) return InvalidField("metadata", "has a name twice");
  }
  settings.set_subject(arguments.subject);
  return settings;
}

absl::StatusOr<ExitCode> Tokenize(Session* session, const FieldArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(v1::TokenSettings settings, SettingsOf(arguments));
  if (arguments.io.lines) {
    FIELDKMS_ASSIGN_OR_RETURN(auto shared, SharedRequest<v1::BatchTokenizeRequest>(arguments));
    TokenizeLines codec(std::move(shared), std::move(settings));
    return RunLines(session, arguments.io, &codec);
  }
  // Before there is a token that nobody would get to know.
  FIELDKMS_ASSIGN_OR_RETURN(Output output, Output::Open(arguments.io.out, arguments.io.force));
  v1::TokenizeRequest request;
  const WipeGuard wipe(&request);
  FIELDKMS_RETURN_IF_ERROR(FillValue(arguments, &request));
  *request.mutable_settings() = std::move(settings);
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::TokenValue made, FieldClient(*client).Tokenize(request));
  FIELDKMS_RETURN_IF_ERROR(
      output.Write(session->options.json ? JsonLine(TokenJson(made)) : made.token() + "\n"));
  FIELDKMS_RETURN_IF_ERROR(output.Commit());
  return ExitCode::kOk;
}

absl::Status RefuseTokenWithLines(const FieldArguments& arguments) {
  if (arguments.source.empty()) return absl::OkStatus();
  return InvalidField("token", "does not go with --lines");
}

absl::StatusOr<ExitCode> DetokenizeEachLine(Session* session, const FieldArguments& arguments,
                                            v1::View view) {
  FIELDKMS_RETURN_IF_ERROR(RefuseTokenWithLines(arguments));
  FIELDKMS_ASSIGN_OR_RETURN(auto shared, SharedRequest<v1::BatchDetokenizeRequest>(arguments));
  shared.set_view(view);
  DetokenizeLines codec(std::move(shared));
  return RunLines(session, arguments.io, &codec);
}

absl::StatusOr<ExitCode> Detokenize(Session* session, const FieldArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const v1::View view, ParseView(arguments.view));
  if (arguments.io.lines) return DetokenizeEachLine(session, arguments, view);
  // Before a token for single use is taken.
  FIELDKMS_ASSIGN_OR_RETURN(Output output, Output::Open(arguments.io.out, arguments.io.force));
  v1::DetokenizeRequest request;
  FIELDKMS_ASSIGN_OR_RETURN(*request.mutable_token(), ReadSource(arguments));
  request.set_tenant(arguments.tenant);
  request.set_field(arguments.field);
  request.set_view(view);
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(v1::DetokenizeResponse response,
                            FieldClient(*client).Detokenize(request));
  const WipeGuard wipe(&response);
  WipedBuffer shown;
  if (session->options.json) {
    AppendText("{", &shown);
    AppendDetokenizedJson(response, &shown);
    AppendText("}\n", &shown);
  } else {
    AppendText(response.value(), &shown);
    if (output.is_terminal()) shown.push_back('\n');
  }
  FIELDKMS_RETURN_IF_ERROR(output.Write(ByteView(shown)));
  FIELDKMS_RETURN_IF_ERROR(output.Commit());
  return ExitCode::kOk;
}

// Whoever types the name has read it.
absl::Status AskToErase(const FieldArguments& arguments) {
  if (arguments.yes) return absl::OkStatus();
  const std::string what = arguments.by_value ? "All tokens of what is given" : "What is given";
  FIELDKMS_ASSIGN_OR_RETURN(
      const std::string typed,
      PromptLine(what + " will be erased: nobody can then have the value from here any more.\n"
                        "Type the field's name to go on: "));
  if (typed == arguments.field) return absl::OkStatus();
  return InvalidField("field", "what was typed is not the field's name, so nothing was done");
}

absl::StatusOr<ExitCode> EraseEachLine(Session* session, const FieldArguments& arguments) {
  FIELDKMS_RETURN_IF_ERROR(RefuseTokenWithLines(arguments));
  FIELDKMS_RETURN_IF_ERROR(AskToErase(arguments));
  FIELDKMS_ASSIGN_OR_RETURN(auto shared, SharedRequest<v1::BatchEraseRequest>(arguments));
  EraseLines codec(std::move(shared), arguments.by_value);
  return RunLines(session, arguments.io, &codec);
}

absl::StatusOr<ExitCode> Erase(Session* session, const FieldArguments& arguments) {
  if (arguments.by_value && !arguments.source.empty()) {
    return InvalidField("token", "does not go with --value, which reads a value");
  }
  if (arguments.io.lines) return EraseEachLine(session, arguments);
  v1::EraseRequest request;
  const WipeGuard wipe(&request);
  if (arguments.by_value) {
    FIELDKMS_RETURN_IF_ERROR(FillValue(arguments, &request));
  } else {
    FIELDKMS_ASSIGN_OR_RETURN(*request.mutable_token(), ReadSource(arguments));
    request.set_tenant(arguments.tenant);
    request.set_field(arguments.field);
  }
  FIELDKMS_RETURN_IF_ERROR(AskToErase(arguments));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::EraseResponse erased, FieldClient(*client).Erase(request));
  const std::string count = std::to_string(erased.erased_count());
  FIELDKMS_RETURN_IF_ERROR(WriteMade(
      arguments, session->options.json ? JsonLine({{"erased_count", erased.erased_count()}})
                                       : Properties({{"erased", count}})));
  return ExitCode::kOk;
}

void AddTokenArgument(CLI::App* command, FieldArguments* arguments) {
  command->add_option("token", arguments->source, "The token (default: standard input)")
      ->type_name("TOKEN");
}

}  // namespace

void AddTokenCommands(CLI::App* app, Session* session) {
  const auto [tokenize, to_tokenize] = AddFieldValueCommand(
      app, session, "tokenize", "Exchange a value for a token, or many", Tokenize);
  tokenize
      ->add_option("--ttl", to_tokenize->ttl,
                   "How long it is to live, such as 30m or 90d (default: as the field says)")
      ->type_name("DURATION");
  tokenize
      ->add_option("--metadata", to_tokenize->metadata,
                   "What to keep beside it, in the clear: NAME=TEXT; repeatable")
      ->type_name("NAME=TEXT")
      ->allow_extra_args(false);

  AddSubjectOption(tokenize, &to_tokenize->subject);

  const auto [detokenize, to_detokenize] =
      AddFieldValueCommand(app, session, "detokenize",
                           "Show the value of a token, as far as you may see it", Detokenize);
  AddTokenArgument(detokenize, to_detokenize.get());
  AddViewOption(detokenize, &to_detokenize->view);

  const auto [erase, to_erase] = AddFieldValueCommand(
      app, session, "erase", "Take a token, or all tokens of a value, away for ever", Erase);
  AddTokenArgument(erase, to_erase.get());
  erase->add_flag("--value", to_erase->by_value, "Read a value, and erase all its tokens");
  erase->add_flag("--yes", to_erase->yes, "Do not ask on the terminal");
}

}  // namespace fieldkms
