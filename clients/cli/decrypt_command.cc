// fieldkms decrypt
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/ciphertext.h"
#include "clients/cli/commands.h"
#include "clients/cli/context_args.h"
#include "clients/cli/line_mode.h"
#include "clients/cli/output.h"
#include "crypto/base64.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

struct DecryptArguments {
  std::string tenant;
  std::string key;
  std::vector<std::string> context;
  std::string ciphertext;
  ValueIo io;
};

void Append(std::string_view text, WipedBuffer* out) {
  out->insert(out->end(), text.begin(), text.end());
}

// A value may be any bytes, so JSON carries it in base64.
void AppendOpenedJson(std::string_view plaintext, uint32_t key_version, WipedBuffer* out) {
  Append("\"plaintext_base64\":\"", out);
  const size_t start = out->size();
  out->resize(start + Base64Size(Base64::kPadded, plaintext.size()));
  EncodeBase64(Base64::kPadded, AsBytes(plaintext), MutableBytes(*out).subspan(start));
  Append(fmt::format("\",\"key_version\":{}", key_version), out);
}

class DecryptLines : public BatchCodec<v1::BatchDecryptRequest, v1::BatchDecryptResponse> {
 public:
  explicit DecryptLines(v1::BatchDecryptRequest shared)
      : BatchCodec(std::move(shared), &Client::BatchDecrypt) {}

  absl::Status Add(ByteView line) override {
    FIELDKMS_ASSIGN_OR_RETURN(std::string envelope, EnvelopeFromLine(AsText(line)));
    request_.add_items()->set_ciphertext(std::move(envelope));
    return absl::OkStatus();
  }
  absl::Status AppendText(int index, WipedBuffer* out) const override {
    const std::string& plaintext = response_.results(index).plaintext();
    if (plaintext.find('\n') != std::string::npos) {
      return Error(absl::StatusCode::kOutOfRange, Reason::kUnspecified,
                   "the value has a line break in it; --json can show it");
    }
    Append(plaintext, out);
    return absl::OkStatus();
  }
  void AppendJson(int index, WipedBuffer* out) const override {
    const auto& result = response_.results(index);
    AppendOpenedJson(result.plaintext(), result.key_version(), out);
  }
};

absl::StatusOr<ExitCode> DecryptEachLine(Session* session, const DecryptArguments& arguments,
                                         ContextEntries context) {
  if (!arguments.ciphertext.empty()) {
    return InvalidField("ciphertext", "does not go with --lines");
  }
  v1::BatchDecryptRequest shared;
  shared.set_tenant(arguments.tenant);
  shared.set_key(arguments.key);
  *shared.mutable_shared_context() = std::move(context);
  DecryptLines codec(std::move(shared));
  return RunLines(session, arguments.io, &codec);
}

// The value as it is; a terminal gets a line break after it, if it has none.
WipedBuffer Presented(const Session& session, const Output& output,
                      const v1::DecryptResponse& response) {
  WipedBuffer result;
  if (session.options.json) {
    Append("{", &result);
    AppendOpenedJson(response.plaintext(), response.key_version(), &result);
    Append("}\n", &result);
    return result;
  }
  Append(response.plaintext(), &result);
  if (output.is_terminal() && (result.empty() || result.back() != '\n')) result.push_back('\n');
  return result;
}

absl::StatusOr<ExitCode> DecryptOne(Session* session, const DecryptArguments& arguments,
                                    ContextEntries context) {
  FIELDKMS_ASSIGN_OR_RETURN(Output output, Output::Open(arguments.io.out, arguments.io.force));
  v1::DecryptRequest request;
  FIELDKMS_ASSIGN_OR_RETURN(*request.mutable_ciphertext(),
                            ReadEnvelope(arguments.ciphertext, arguments.io.in));
  request.set_tenant(arguments.tenant);
  request.set_key(arguments.key);
  *request.mutable_context() = std::move(context);
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  FIELDKMS_ASSIGN_OR_RETURN(v1::DecryptResponse response, client->Decrypt(request));
  const WipeGuard wipe(&response);
  FIELDKMS_RETURN_IF_ERROR(output.Write(ByteView(Presented(*session, output, response))));
  FIELDKMS_RETURN_IF_ERROR(output.Commit());
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Decrypt(Session* session, const DecryptArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(ContextEntries context, ParseContextArgs(arguments.context, "context"));
  return arguments.io.lines ? DecryptEachLine(session, arguments, std::move(context))
                            : DecryptOne(session, arguments, std::move(context));
}

}  // namespace

void AddDecryptCommand(CLI::App* app, Session* session) {
  CLI::App* const command = app->add_subcommand("decrypt", "Decrypt a ciphertext, or many");
  auto arguments = std::make_shared<DecryptArguments>();
  AddCiphertextArgument(command, &arguments->ciphertext);
  AddTenantOption(command, &arguments->tenant);
  AddKeyOption(command, &arguments->key,
               "Open only what this key sealed; by default any key of the tenant");
  AddContextOption(command, &arguments->context);
  AddValueIoOptions(command, &arguments->io);
  session->Bind(command, [session, arguments] { return Decrypt(session, *arguments); });
}

}  // namespace fieldkms
