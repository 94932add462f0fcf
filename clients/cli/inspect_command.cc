// fieldkms inspect: what an envelope says of itself, offline.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/ciphertext.h"
#include "clients/cli/commands.h"
#include "clients/cli/input.h"
#include "clients/cpp/limits.h"
#include "crypto/envelope.h"
#include "crypto/hex.h"
#include "crypto/names.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

struct InspectArguments {
  std::string ciphertext;
  std::string in;
};

std::string SuiteName(Suite suite) {
  switch (suite) {
    case Suite::kXaes256Gcm:
      return "XAES-256-GCM";
    case Suite::kKcXaes256Gcm:
      return "KC-XAES-256-GCM";
    case Suite::kSubjectXaes256Gcm:
      return "SUBJECT-XAES-256-GCM";
  }
  return "unknown";
}

// Here, offline, there is nobody to hide the reason from.
absl::Status WhyNot(const absl::Status& status) {
  const char* why = "this is no FieldKMS ciphertext: its text form is damaged";
  if (ReasonOf(status) == Reason::kSuiteUnknown) {
    why = "this is no FieldKMS ciphertext, or one of a suite that this version does not know";
  }
  return Error(absl::StatusCode::kInvalidArgument, Reason::kDecryptFailed, why, "ciphertext");
}

absl::Status WhyNotParsed(const absl::Status& status) {
  if (ReasonOf(status) != Reason::kEnvelopeMalformed) return WhyNot(status);
  return Error(absl::StatusCode::kInvalidArgument, Reason::kDecryptFailed,
               "this is no FieldKMS ciphertext: it is too short, or names no key or version",
               "ciphertext");
}

absl::StatusOr<std::string> ReadInput(const InspectArguments& arguments) {
  if (!arguments.ciphertext.empty()) return arguments.ciphertext;
  FIELDKMS_ASSIGN_OR_RETURN(const InputFile input, InputFile::Open(arguments.in));
  FIELDKMS_ASSIGN_OR_RETURN(const WipedBuffer bytes, ReadAll(input.fd(), 2 * kMaxRequestSize));
  return std::string(AsText(bytes));
}

absl::StatusOr<ExitCode> ShowParts(Session* session, const EnvelopeView& view, CiphertextForm form,
                                   size_t size) {
  const EnvelopeHeader& header = view.header;
  const std::string form_name = form == CiphertextForm::kText ? "text" : "binary";
  const std::string suite = std::to_string(static_cast<int>(header.suite));
  const size_t plaintext_size = size - EnvelopeOverhead(header.suite);
  Json json = {{"form", form_name},
               {"suite", static_cast<int>(header.suite)},
               {"suite_name", SuiteName(header.suite)},
               {"key_id", FormatKeyId(header.key_id)},
               {"key_version", header.version}};
  std::vector<std::pair<std::string, std::string>> properties = {
      {"form", form_name},
      {"suite", suite + " " + SuiteName(header.suite)},
      {"key id", FormatKeyId(header.key_id)},
      {"key version", std::to_string(header.version)}};
  if (!view.subject.empty()) {
    json["subject"] = EncodeHex(view.subject);
    properties.emplace_back("subject", EncodeHex(view.subject));
  }
  json["envelope_bytes"] = size;
  json["plaintext_bytes"] = plaintext_size;
  properties.emplace_back("envelope", std::to_string(size) + " bytes");
  properties.emplace_back("plaintext", std::to_string(plaintext_size) + " bytes");
  return session->Show(json, Properties(properties));
}

absl::StatusOr<ExitCode> Inspect(Session* session, const InspectArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string input, ReadInput(arguments));
  const absl::StatusOr<std::string> envelope = EnvelopeFrom(input);
  if (!envelope.ok()) return WhyNot(envelope.status());
  const absl::StatusOr<EnvelopeView> view = ParseEnvelope(AsBytes(*envelope));
  if (!view.ok()) return WhyNotParsed(view.status());

  return ShowParts(session, *view, FormOf(input), envelope->size());
}

}  // namespace

void AddInspectCommand(CLI::App* app, Session* session) {
  CLI::App* const command = app->add_subcommand(
      "inspect", "Show which key and version sealed a ciphertext; asks no service");
  auto arguments = std::make_shared<InspectArguments>();
  CLI::Option* const ciphertext = AddCiphertextArgument(command, &arguments->ciphertext);
  command->add_option("--in", arguments->in, "Read from this file instead of standard input")
      ->type_name("FILE")
      ->excludes(ciphertext);
  session->Bind(command, [session, arguments] { return Inspect(session, *arguments); });
}

}  // namespace fieldkms
