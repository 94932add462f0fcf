// fieldkms encrypt
#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/ciphertext.h"
#include "clients/cli/commands.h"
#include "clients/cli/context_args.h"
#include "clients/cli/input.h"
#include "clients/cli/line_mode.h"
#include "clients/cli/output.h"
#include "clients/cpp/limits.h"
#include "crypto/envelope.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

struct EncryptArguments {
  std::string tenant;
  std::string key;
  std::vector<std::string> context;
  ValueIo io;
  bool binary = false;
};

std::string SealedJson(const std::string& ciphertext, uint32_t key_version) {
  return fmt::format("\"ciphertext\":\"{}\",\"key_version\":{}", EncodeText(AsBytes(ciphertext)),
                     key_version);
}

class EncryptLines : public BatchCodec<v1::BatchEncryptRequest, v1::BatchEncryptResponse> {
 public:
  explicit EncryptLines(v1::BatchEncryptRequest shared)
      : BatchCodec(std::move(shared), &Client::BatchEncrypt) {}

  absl::Status Add(ByteView line) override {
    request_.add_items()->set_plaintext(line.data(), line.size());
    return absl::OkStatus();
  }
  absl::Status AppendText(int index, WipedBuffer* out) const override {
    const std::string text = EncodeText(AsBytes(response_.results(index).ciphertext()));
    out->insert(out->end(), text.begin(), text.end());
    return absl::OkStatus();
  }
  void AppendJson(int index, WipedBuffer* out) const override {
    const auto& result = response_.results(index);
    const std::string json = SealedJson(result.ciphertext(), result.key_version());
    out->insert(out->end(), json.begin(), json.end());
  }
};

absl::StatusOr<ExitCode> EncryptEachLine(Session* session, const EncryptArguments& arguments,
                                         ContextEntries context) {
  if (arguments.binary) return InvalidField("binary", "does not go with --lines");
  v1::BatchEncryptRequest shared;
  shared.set_tenant(arguments.tenant);
  shared.set_key(arguments.key);
  *shared.mutable_shared_context() = std::move(context);
  EncryptLines codec(std::move(shared));
  return RunLines(session, arguments.io, &codec);
}

absl::StatusOr<ExitCode> EncryptOne(Session* session, const EncryptArguments& arguments,
                                    ContextEntries context) {
  FIELDKMS_ASSIGN_OR_RETURN(Output output, Output::Open(arguments.io.out, arguments.io.force));
  if (arguments.binary && output.is_terminal()) {
    return InvalidField("binary", "is not for a terminal; use --out or a pipe");
  }
  v1::EncryptRequest request;
  const WipeGuard wipe(&request);
  {
    FIELDKMS_ASSIGN_OR_RETURN(const WipedBuffer value,
                              ReadValue(arguments.io.in, kMaxRequestSize, "Value (not shown): "));
    request.set_plaintext(value.data(), value.size());
  }
  request.set_tenant(arguments.tenant);
  request.set_key(arguments.key);
  *request.mutable_context() = std::move(context);
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::EncryptResponse response, client->Encrypt(request));
  const std::string result =
      session->options.json
          ? "{" + SealedJson(response.ciphertext(), response.key_version()) + "}\n"
          : Rendered(response.ciphertext(),
                     arguments.binary ? CiphertextForm::kBinary : CiphertextForm::kText);
  FIELDKMS_RETURN_IF_ERROR(output.Write(result));
  FIELDKMS_RETURN_IF_ERROR(output.Commit());
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Encrypt(Session* session, const EncryptArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(ContextEntries context, ParseContextArgs(arguments.context, "context"));
  return arguments.io.lines ? EncryptEachLine(session, arguments, std::move(context))
                            : EncryptOne(session, arguments, std::move(context));
}

}  // namespace

void AddEncryptCommand(CLI::App* app, Session* session) {
  CLI::App* const command = app->add_subcommand("encrypt", "Encrypt a value, or many");
  auto arguments = std::make_shared<EncryptArguments>();
  AddTenantOption(command, &arguments->tenant);
  AddKeyOption(command, &arguments->key, "Name or alias of the key to encrypt with")->required();
  AddContextOption(command, &arguments->context);
  AddValueIoOptions(command, &arguments->io);
  AddFormOptions(command, &arguments->binary);
  session->Bind(command, [session, arguments] { return Encrypt(session, *arguments); });
}

}  // namespace fieldkms
