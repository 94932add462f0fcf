// fieldkms protect|reveal|mask|index|validate
#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/base64_text.h"
#include "clients/cli/commands.h"
#include "clients/cli/context_args.h"
#include "clients/cli/field_lines.h"
#include "clients/cli/field_report.h"
#include "clients/cli/input.h"
#include "clients/cli/output.h"
#include "clients/cpp/field_client.h"
#include "clients/cpp/limits.h"
#include "clients/cpp/wipe.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

struct FieldArguments {
  std::string tenant;
  std::string field;
  std::vector<std::string> context;
  std::string source;  // of reveal
  std::string view;
  uint32_t fpe_version = 0;
  ValueIo io;
};

// A request about one value, with the value.
template <class Request>
absl::Status FillValue(const FieldArguments& arguments, Request* request) {
  FIELDKMS_ASSIGN_OR_RETURN(const WipedBuffer value,
                            ReadValue(arguments.io.in, kMaxRequestSize, "Value (not shown): "));
  // A line break that an editor or `echo` put behind the value is not part of it.
  const size_t size = value.size() - (!value.empty() && value.back() == '\n' ? 1 : 0);
  request->set_value(value.data(), size);
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

absl::Status Write(const FieldArguments& arguments, std::string_view text) {
  FIELDKMS_ASSIGN_OR_RETURN(Output output, Output::Open(arguments.io.out, arguments.io.force));
  FIELDKMS_RETURN_IF_ERROR(output.Write(text));
  return output.Commit();
}

absl::StatusOr<ExitCode> Protect(Session* session, const FieldArguments& arguments) {
  if (arguments.io.lines) {
    FIELDKMS_ASSIGN_OR_RETURN(auto shared, SharedRequest<v1::BatchProtectRequest>(arguments));
    ProtectLines codec(std::move(shared));
    return RunLines(session, arguments.io, &codec);
  }
  v1::ProtectRequest request;
  const WipeGuard wipe(&request);
  FIELDKMS_RETURN_IF_ERROR(FillValue(arguments, &request));
  FIELDKMS_ASSIGN_OR_RETURN(*request.mutable_context(),
                            ParseContextArgs(arguments.context, "context"));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::ProtectedValue made, FieldClient(*client).Protect(request));
  FIELDKMS_RETURN_IF_ERROR(Write(
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

// What is to be revealed is no secret: it may be an argument.
absl::StatusOr<std::string> ReadSource(const FieldArguments& arguments) {
  if (!arguments.source.empty()) return arguments.source;
  FIELDKMS_ASSIGN_OR_RETURN(InputFile file, InputFile::Open(arguments.io.in));
  FIELDKMS_ASSIGN_OR_RETURN(const WipedBuffer read, ReadAll(file.fd(), kMaxRequestSize));
  std::string source(AsText(ByteView(read)));
  if (source.ends_with('\n')) source.pop_back();
  return source;
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
  FIELDKMS_RETURN_IF_ERROR(Write(arguments, session->options.json
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
  FIELDKMS_RETURN_IF_ERROR(Write(arguments, session->options.json
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
  FIELDKMS_RETURN_IF_ERROR(Write(arguments, session->options.json
                                                ? "{" + VerdictJson(verdict) + "}\n"
                                                : VerdictText(verdict)));
  return verdict.valid() ? ExitCode::kOk : ExitCode::kFailure;
}

using Body = absl::StatusOr<ExitCode> (*)(Session*, const FieldArguments&);

// Adds a command on values of a field, and returns it with where its arguments go.
std::pair<CLI::App*, std::shared_ptr<FieldArguments>> AddValueCommand(
    CLI::App* app, Session* session, const char* name, const char* description, Body body) {
  auto arguments = std::make_shared<FieldArguments>();
  CLI::App* const command = app->add_subcommand(name, description);
  AddTenantOption(command, &arguments->tenant);
  command->add_option("--field", arguments->field, "Name of the field")
      ->type_name("NAME")
      ->required();
  AddValueIoOptions(command, &arguments->io);
  session->Bind(command, [session, arguments, body] { return body(session, *arguments); });
  return {command, arguments};
}

}  // namespace

void AddFieldValueCommands(CLI::App* app, Session* session) {
  const auto [protect, to_protect] = AddValueCommand(
      app, session, "protect", "Protect a value as its field says, or many", Protect);
  AddContextOption(protect, &to_protect->context);

  const auto [reveal, to_reveal] = AddValueCommand(
      app, session, "reveal", "Show what was protected, as far as you may see it", Reveal);
  AddContextOption(reveal, &to_reveal->context);
  reveal
      ->add_option("value", to_reveal->source,
                   "What protect made: a ciphertext, a document or, with --fpe-version, FPE text "
                   "(default: standard input)")
      ->type_name("VALUE");
  reveal
      ->add_option("--view", to_reveal->view,
                   "masked, bin_last4 or full (default: as much as you may see)")
      ->type_name("VIEW");
  reveal->add_option("--fpe-version", to_reveal->fpe_version, "It is FPE text of this key version")
      ->type_name("N");

  AddValueCommand(app, session, "mask", "Mask a value as its field says, or many", Mask);
  AddValueCommand(app, session, "index", "Compute blind indexes to search a value by", Index);
  AddValueCommand(app, session, "validate", "Say whether a value is legal in its field", Validate);
}

}  // namespace fieldkms
