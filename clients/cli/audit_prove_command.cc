// fieldkms audit prove|check: proofs that stand by themselves.
#include <CLI/Option.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/audit_args.h"
#include "clients/cli/audit_calls.h"
#include "clients/cli/audit_commands.h"
#include "crypto/base64.h"
#include "crypto/status.h"
#include "kms/audit/checkpoint_export.h"
#include "kms/audit/trail_files.h"
#include "kms/audit/trail_proofs.h"

namespace fieldkms {
namespace {

constexpr size_t kMaxProofFile = size_t{1} << 20;

struct ProveArguments {
  TrailArguments trail;
  std::optional<uint64_t> record;
  std::string since;  // a file of a checkpoint
  std::string proof;  // a file, for check
  std::string tenant;
};

std::string ToBase64(const MerkleHash& hash) {
  std::string text(Base64Size(Base64::kPadded, hash.size()), '\0');
  EncodeBase64(Base64::kPadded, hash, AsMutableBytes(text));
  return text;
}

Json ProofJson(const MerkleProof& proof) {
  Json json = Json::array();
  for (const MerkleHash& hash : proof) json.push_back(ToBase64(hash));
  return json;
}

absl::StatusOr<SignedCheckpoint> LastCheckpoint(const std::string& trail,
                                                const NoteVerifier& verifier) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto checkpoints,
                            ReadCheckpoints(CheckpointsPath(trail), verifier));
  if (checkpoints.empty()) return TrailDamaged("the trail has no checkpoint");
  return checkpoints.back();
}

absl::StatusOr<SignedCheckpoint> FirstOf(const ProveArguments& arguments,
                                         const NoteVerifier& verifier) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto anchors, ReadAnchors(arguments.since, verifier));
  if (anchors.empty()) return InvalidField("since", "there is no checkpoint of this log in it");
  return anchors.back();
}

absl::StatusOr<Json> ProveByFiles(const ProveArguments& arguments) {
  const std::string& trail = arguments.trail.trail;
  FIELDKMS_ASSIGN_OR_RETURN(const NoteVerifier verifier, VerifierOf(arguments.trail));
  FIELDKMS_ASSIGN_OR_RETURN(const SignedCheckpoint last, LastCheckpoint(trail, verifier));
  if (arguments.record) {
    FIELDKMS_ASSIGN_OR_RETURN(const RecordProof proof,
                              ProveRecord(trail, verifier, *arguments.record, last));
    return Json{{"record", proof.index},
                {"line", proof.line},
                {"proof", ProofJson(proof.proof)},
                {"checkpoint", last.note}};
  }
  FIELDKMS_ASSIGN_OR_RETURN(const SignedCheckpoint first, FirstOf(arguments, verifier));
  FIELDKMS_ASSIGN_OR_RETURN(const MerkleProof proof,
                            ProveContinuation(trail, verifier, first.checkpoint.size, last));
  return Json{{"since", first.note}, {"proof", ProofJson(proof)}, {"checkpoint", last.note}};
}

// The older checkpoint is one that the key has signed, or it would not be asked for.
absl::StatusOr<Json> ProveContinuationByService(Session* session, const ProveArguments& arguments) {
  if (arguments.trail.key.empty()) {
    return InvalidField("key", "the verifier key is needed where the service is asked");
  }
  FIELDKMS_ASSIGN_OR_RETURN(const NoteVerifier verifier, VerifierOf(arguments.trail));
  FIELDKMS_ASSIGN_OR_RETURN(const SignedCheckpoint first, FirstOf(arguments, verifier));
  return ContinueByService(session, arguments.tenant, first.checkpoint.size, first.note);
}

absl::StatusOr<ExitCode> Prove(Session* session, const ProveArguments& arguments) {
  const auto proof = !arguments.trail.trail.empty() ? ProveByFiles(arguments)
                     : arguments.record
                         ? ProveByService(session, arguments.tenant, *arguments.record)
                         : ProveContinuationByService(session, arguments);
  FIELDKMS_RETURN_IF_ERROR(proof.status());
  return session->Show(*proof, JsonLine(*proof));
}

absl::Status NoProof() { return InvalidField("proof", "it is not what `audit prove` writes"); }

absl::StatusOr<MerkleProof> ParseProof(const Json& json) {
  MerkleProof proof;
  if (!json.is_array() || json.size() > kMaxMerkleProof) return NoProof();
  for (const Json& item : json) {
    MerkleHash& hash = proof.emplace_back();
    if (!item.is_string()) return NoProof();
    const std::string text = item.get<std::string>();
    std::vector<uint8_t> bytes(MaxBase64Bytes(text.size()));
    const auto size = DecodeBase64(Base64::kPadded, AsBytes(text), bytes);
    if (size != hash.size()) return NoProof();
    std::copy_n(bytes.begin(), hash.size(), hash.begin());
  }
  return proof;
}

// What the proof says, for people.
absl::StatusOr<std::string> CheckProof(const Json& json, const NoteVerifier& verifier) {
  const auto text = [&json](const char* name) {
    const auto at = json.find(name);
    return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  FIELDKMS_ASSIGN_OR_RETURN(const MerkleProof proof, ParseProof(json.value("proof", Json())));
  FIELDKMS_ASSIGN_OR_RETURN(const Checkpoint last, OpenCheckpoint(text("checkpoint"), verifier));
  if (json.contains("since")) {
    FIELDKMS_ASSIGN_OR_RETURN(const Checkpoint first, OpenCheckpoint(text("since"), verifier));
    FIELDKMS_RETURN_IF_ERROR(
        VerifyConsistency(first.size, last.size, proof, first.root, last.root));
    return "the log of " + std::to_string(last.size) + " records continues that of " +
           std::to_string(first.size);
  }
  const auto record = json.find("record");
  if (record == json.end() || !record->is_number_unsigned()) return NoProof();
  RecordProof of_record{record->get<uint64_t>(), text("line"), proof, {last, text("checkpoint")}};
  FIELDKMS_RETURN_IF_ERROR(VerifyRecord(of_record, verifier));
  return "the line is record " + std::to_string(of_record.index) + " of the log of " +
         std::to_string(last.size) + " records";
}

absl::StatusOr<ExitCode> Check(Session* session, const ProveArguments& arguments) {
  FIELDKMS_ASSIGN_OR_RETURN(const NoteVerifier verifier, VerifierOf(arguments.trail));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string file, ReadSmallFile(arguments.proof, kMaxProofFile));
  const Json json = Json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return NoProof();
  const auto said = CheckProof(json, verifier);
  if (!said.ok()) {
    FIELDKMS_RETURN_IF_ERROR(
        session
            ->Show({{"ok", false}, {"error", ErrorJson(said.status())}},
                   "NOT proved: " + std::string(MessageOf(said.status())) + "\n")
            .status());
    return ExitCode::kDoesNotOpen;
  }
  return session->Show({{"ok", true}, {"says", *said}}, "Proved: " + *said + "\n");
}

}  // namespace

void AddAuditProveCommands(CLI::App* group, Session* session) {
  auto arguments = std::make_shared<ProveArguments>();
  CLI::App* const prove = group->add_subcommand(
      "prove", "Prove that a record is in the log, or that the log continues an older checkpoint");
  AddOptionalTrailOption(prove, &arguments->trail);
  AddVerifierKeyOption(prove, &arguments->trail);
  prove
      ->add_option("--tenant", arguments->tenant,
                   "Asking the service: the tenant that the record is of; by default any")
      ->type_name("ID");
  CLI::Option_group* const what = prove->add_option_group("what");
  what->add_option("--record", arguments->record, "The record's number in the log, from 0")
      ->type_name("N");
  what->add_option("--since", arguments->since, "A file with the older checkpoint")
      ->type_name("FILE");
  what->require_option(1);
  session->Bind(prove, [session, arguments] { return Prove(session, *arguments); });

  auto checked = std::make_shared<ProveArguments>();
  CLI::App* const check =
      group->add_subcommand("check", "Check a proof, without the trail: it takes its key only");
  check->add_option("proof", checked->proof, "The file with the proof")
      ->type_name("FILE")
      ->required();
  AddVerifierKeyOption(check, &checked->trail);
  check->get_option("--key")->required();
  session->Bind(check, [session, checked] { return Check(session, *checked); });
}

}  // namespace fieldkms
