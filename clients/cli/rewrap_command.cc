// fieldkms rewrap
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/ciphertext.h"
#include "clients/cli/commands.h"
#include "clients/cli/context_args.h"
#include "clients/cli/line_mode.h"
#include "clients/cli/output.h"
#include "crypto/envelope.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

struct RewrapArguments {
  std::string tenant;
  std::string to_key;
  std::vector<std::string> context;
  std::vector<std::string> to_context;
  bool to_empty_context = false;
  std::string ciphertext;
  ValueIo io;
  bool binary = false;
};

struct Contexts {
  ContextEntries source;
  std::optional<v1::DestinationContext> destination;  // absent: the source's
};

std::string RewrappedJson(const std::string& ciphertext, uint32_t source_key_version,
                          uint32_t key_version) {
  return fmt::format("\"ciphertext\":\"{}\",\"source_key_version\":{},\"key_version\":{}",
                     EncodeText(AsBytes(ciphertext)), source_key_version, key_version);
}

class RewrapLines : public BatchCodec<v1::BatchRewrapRequest, v1::BatchRewrapResponse> {
 public:
  RewrapLines(v1::BatchRewrapRequest shared, std::optional<v1::DestinationContext> destination)
      : BatchCodec(std::move(shared), &Client::BatchRewrap), destination_(std::move(destination)) {}

  absl::Status Add(ByteView line) override {
    FIELDKMS_ASSIGN_OR_RETURN(std::string envelope, EnvelopeFromLine(AsText(line)));
    auto* item = request_.add_items();
    item->set_ciphertext(std::move(envelope));
    if (destination_) *item->mutable_destination_context() = *destination_;
    return absl::OkStatus();
  }
  absl::Status AppendText(int index, WipedBuffer* out) const override {
    const std::string text = EncodeText(AsBytes(response_.results(index).ciphertext()));
    out->insert(out->end(), text.begin(), text.end());
    return absl::OkStatus();
  }
  void AppendJson(int index, WipedBuffer* out) const override {
    const auto& result = response_.results(index);
    const std::string json =
        RewrappedJson(result.ciphertext(), result.source_key_version(), result.key_version());
    out->insert(out->end(), json.begin(), json.end());
  }

 private:
  const std::optional<v1::DestinationContext> destination_;
};

absl::StatusOr<Contexts> ParseContexts(const RewrapArguments& arguments) {
  Contexts contexts;
  FIELDKMS_ASSIGN_OR_RETURN(contexts.source, ParseContextArgs(arguments.context, "context"));
  if (arguments.to_context.empty() && !arguments.to_empty_context) return contexts;
  contexts.destination.emplace();
  FIELDKMS_ASSIGN_OR_RETURN(*contexts.destination->mutable_entries(),
                            ParseContextArgs(arguments.to_context, "to-context"));
  return contexts;
}

absl::StatusOr<ExitCode> RewrapEachLine(Session* session, const RewrapArguments& arguments,
                                        Contexts contexts) {
  if (!arguments.ciphertext.empty()) {
    return InvalidField("ciphertext", "does not go with --lines");
  }
  if (arguments.binary) return InvalidField("binary", "does not go with --lines");
  v1::BatchRewrapRequest shared;
  shared.set_tenant(arguments.tenant);
  shared.set_destination_key(arguments.to_key);
  *shared.mutable_shared_context() = std::move(contexts.source);
  RewrapLines codec(std::move(shared), std::move(contexts.destination));
  return RunLines(session, arguments.io, &codec);
}

absl::StatusOr<ExitCode> RewrapOne(Session* session, const RewrapArguments& arguments,
                                   Contexts contexts) {
  FIELDKMS_ASSIGN_OR_RETURN(Output output, Output::Open(arguments.io.out, arguments.io.force));
  v1::RewrapRequest request;
  FIELDKMS_ASSIGN_OR_RETURN(*request.mutable_ciphertext(),
                            ReadEnvelope(arguments.ciphertext, arguments.io.in));
  request.set_tenant(arguments.tenant);
  request.set_destination_key(arguments.to_key);
  *request.mutable_context() = std::move(contexts.source);
  if (contexts.destination) *request.mutable_destination_context() = *contexts.destination;
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::RewrapResponse response, client->Rewrap(request));
  const std::string result =
      session->options.json
          ? "{" +
                RewrappedJson(response.ciphertext(), response.source_key_version(),
                              response.key_version()) +
                "}\n"
          : Rendered(response.ciphertext(),
                     arguments.binary ? CiphertextForm::kBinary : CiphertextForm::kText);
  FIELDKMS_RETURN_IF_ERROR(output.Write(result));
  FIELDKMS_RETURN_IF_ERROR(output.Commit());
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Rewrap(Session* session, const RewrapArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(Contexts contexts, ParseContexts(arguments));
  return arguments.io.lines ? RewrapEachLine(session, arguments, std::move(contexts))
                            : RewrapOne(session, arguments, std::move(contexts));
}

}  // namespace

void AddRewrapCommand(CLI::App* app, Session* session) {
  CLI::App* const command = app->add_subcommand(
      "rewrap", "Seal a ciphertext's value again, under a primary version, unseen");
  auto arguments = std::make_shared<RewrapArguments>();
  AddCiphertextArgument(command, &arguments->ciphertext);
  AddTenantOption(command, &arguments->tenant);
  command
      ->add_option("--to-key", arguments->to_key, "Key to seal under; by default the one that did")
      ->type_name("NAME");
  AddContextOption(command, &arguments->context);
  CLI::Option* const to_context =
      command
          ->add_option("--to-context", arguments->to_context,
                       "An entry of the context to seal under; by default --context. Repeatable")
          ->type_name("ENTRY")
          ->allow_extra_args(false);
  command->add_flag("--to-empty-context", arguments->to_empty_context, "Seal under no context")
      ->excludes(to_context);
  AddValueIoOptions(command, &arguments->io);
  AddFormOptions(command, &arguments->binary);
  session->Bind(command, [session, arguments] { return Rewrap(session, *arguments); });
}

}  // namespace fieldkms
