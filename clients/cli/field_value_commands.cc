// fieldkms protect|reveal|mask|index|validate
#include <fmt/format.h>

#include <string>
#include <utility>

#include "clients/cli/base64_text.h"
#include "clients/cli/commands.h"
#include "clients/cli/context_args.h"
#include "clients/cli/field_arguments.h"
#include "clients/cli/field_lines.h"
#include "clients/cli/field_report.h"
#include "clients/cli/output.h"
#include "clients/cpp/field_client.h"
#include "clients/cpp/wipe.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::StatusOr<ExitCode> Protect(Session* session, const FieldArguments& arguments) {
  if (arguments.io.lines) {
    FIELDKMS_ASSIGN_OR_RETURN(auto shared, SharedRequest<v1::BatchProtectRequest>(arguments));
    ProtectLines codec(std::move(shared), arguments.subject);
    return RunLines(session, arguments.io, &codec);
  }
  v1::ProtectRequest request;
  const WipeGuard wipe(&request);
  FIELDKMS_RETURN_IF_ERROR(FillValue(arguments, &request));
  FIELDKMS_ASSIGN_OR_RETURN(*request.mutable_context(),
                            ParseContextArgs(arguments.context, "context"));
  request.set_subject(arguments.subject);
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::ProtectedValue made, FieldClient(*client).Protect(request));
  FIELDKMS_RETURN_IF_ERROR(WriteMade(
      arguments, session->options.json ? JsonLine(ProtectedJson(made)) : ProtectedText(made)));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> RevealEachLine(Session* session, const FieldArguments& arguments,
                                        v1::View view) {
  if (!arguments.source.empty()) return InvalidField("value", "does not go with --lines");
  FIELDKMS_ASSIGN_OR_RETURN(auto shared, SharedRequest<v1::BatchRevealRequest>(arguments));
  shared.set_view(view);
  RevealLines codec(std::move(shared), arguments.fpe_version);
  return RunLines(session, arguments.io, &codec);
}

absl::StatusOr<ExitCode> Reveal(Session* session, const FieldArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const v1::View view, ParseView(arguments.view));
  if (arguments.io.lines) return RevealEachLine(session, arguments, view);
  FIELDKMS_ASSIGN_OR_RETURN(Output output, Output::Open(arguments.io.out, arguments.io.force));
  v1::RevealRequest request;
  FIELDKMS_ASSIGN_OR_RETURN(const std::string source, ReadSource(arguments));
  FIELDKMS_RETURN_IF_ERROR(SetSource(source, arguments.fpe_version, &request));
  FIELDKMS_ASSIGN_OR_RETURN(*request.mutable_context(),
                            ParseContextArgs(arguments.context, "context"));
  request.set_tenant(arguments.tenant);
  request.set_field(arguments.field);
  request.set_view(view);
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(v1::RevealResponse response, FieldClient(*client).Reveal(request));
  const WipeGuard wipe(&response);
  WipedBuffer shown;
  if (session->options.json) {
    AppendText("{", &shown);
    AppendRevealedJson(response.value(), response.view(), response.key_version(), &shown);
    AppendText("}\n", &shown);
  } else {
    AppendText(response.value(), &shown);
    if (output.is_terminal()) shown.push_back('\n');
  }
  FIELDKMS_RETURN_IF_ERROR(output.Write(ByteView(shown)));
  FIELDKMS_RETURN_IF_ERROR(output.Commit());
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Mask(Session* session, const FieldArguments& arguments) {
  if (arguments.io.lines) {
    FIELDKMS_ASSIGN_OR_RETURN(auto shared, SharedRequest<v1::BatchMaskRequest>(arguments));
    MaskLines codec(std::move(shared));
    return RunLines(session, arguments.io, &codec);
  }
  v1::MaskRequest request;
  const WipeGuard wipe(&request);
  FIELDKMS_RETURN_IF_ERROR(FillValue(arguments, &request));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::MaskResponse response, FieldClient(*client).Mask(request));
  FIELDKMS_RETURN_IF_ERROR(WriteMade(arguments, session->options.json
                                                    ? JsonLine({{"mask", response.mask()}})
                                                    : response.mask() + "\n"));
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Index(Session* session, const FieldArguments& arguments) {
  if (arguments.io.lines) {
    FIELDKMS_ASSIGN_OR_RETURN(auto shared, SharedRequest<v1::BatchBlindIndexRequest>(arguments));
    IndexLines codec(std::move(shared));
    return RunLines(session, arguments.io, &codec);
  }
  v1::BlindIndexRequest request;
  const WipeGuard wipe(&request);
  FIELDKMS_RETURN_IF_ERROR(FillValue(arguments, &request));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::BlindIndexValue indexes,
                            FieldClient(*client).BlindIndex(request));
  FIELDKMS_RETURN_IF_ERROR(WriteMade(arguments, session->options.json
                                                    ? "{" + IndexesJson(indexes) + "}\n"
                                                    : IndexesText(indexes) + "\n"));
  return ExitCode::kOk;
}

// For people: the rule and its source, too.
std::string VerdictText(const v1::Verdict& verdict) {
  if (verdict.valid()) return "valid\n";
  return fmt::format("not valid: {}: {} ({})\n", verdict.rule(), verdict.says(), verdict.source());
}

absl::StatusOr<ExitCode> Validate(Session* session, const FieldArguments& arguments) {
  if (arguments.io.lines) {
    FIELDKMS_ASSIGN_OR_RETURN(auto shared, SharedRequest<v1::BatchValidateRequest>(arguments));
    ValidateLines codec(std::move(shared));
    FIELDKMS_ASSIGN_OR_RETURN(const ExitCode code, RunLines(session, arguments.io, &codec));
    return codec.all_valid() || code != ExitCode::kOk ? code : ExitCode::kFailure;
  }
  v1::ValidateRequest request;
  const WipeGuard wipe(&request);
  FIELDKMS_RETURN_IF_ERROR(FillValue(arguments, &request));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Verdict verdict, FieldClient(*client).Validate(request));
  FIELDKMS_RETURN_IF_ERROR(WriteMade(arguments, session->options.json
                                                    ? "{" + VerdictJson(verdict) + "}\n"
                                                    : VerdictText(verdict)));
  return verdict.valid() ? ExitCode::kOk : ExitCode::kFailure;
}

}  // namespace

void AddFieldValueCommands(CLI::App* app, Session* session) {
  const auto [protect, to_protect] = AddFieldValueCommand(
      app, session, "protect", "Protect a value as its field says, or many", Protect);
  AddContextOption(protect, &to_protect->context);
  AddSubjectOption(protect, &to_protect->subject);

  const auto [reveal, to_reveal] = AddFieldValueCommand(
      app, session, "reveal", "Show what was protected, as far as you may see it", Reveal);
  AddContextOption(reveal, &to_reveal->context);
  reveal
      ->add_option("value", to_reveal->source,
                   "What protect made: a ciphertext, a document or, with --fpe-version, FPE text "
                   "(default: standard input)")
      ->type_name("VALUE");
  AddViewOption(reveal, &to_reveal->view);
  reveal->add_option("--fpe-version", to_reveal->fpe_version, "It is FPE text of this key version")
      ->type_name("N");

  AddFieldValueCommand(app, session, "mask", "Mask a value as its field says, or many", Mask);
  AddFieldValueCommand(app, session, "index", "Compute blind indexes to search a value by", Index);
  AddFieldValueCommand(app, session, "validate", "Say whether a value is legal in its field",
                       Validate);
}

}  // namespace fieldkms
