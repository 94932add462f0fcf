#include "clients/cli/key_settings.h"

#include <map>

#include "clients/cli/durations.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

template <class Request>
absl::Status PutLabels(const std::vector<std::string>& labels, Request* request) {
  for (const std::string& label : labels) {
    const size_t equals = label.find('=');
    if (equals == std::string::npos) return InvalidField("labels", "must be NAME=VALUE");
    const bool is_new = request->mutable_labels()
                            ->insert({label.substr(0, equals), label.substr(equals + 1)})
                            .second;
    if (!is_new) return InvalidField("labels", "has a name twice");
  }
  return absl::OkStatus();
}

template <class Request>
absl::Status PutLabelsAndLease(const KeySettings& settings, Request* request) {
  FIELDKMS_RETURN_IF_ERROR(PutLabels(settings.labels, request));
  if (settings.lease_seconds != 0 || settings.lease_messages != 0) {
    request->mutable_lease()->mutable_longest()->set_seconds(settings.lease_seconds);
    request->mutable_lease()->set_most_messages(settings.lease_messages);
  }
  return absl::OkStatus();
}

template <class Request>
absl::Status PutAll(const KeySettings& settings, Request* request) {
  FIELDKMS_RETURN_IF_ERROR(PutLabelsAndLease(settings, request));
  if (settings.rotation_period.empty()) return absl::OkStatus();
  FIELDKMS_ASSIGN_OR_RETURN(const int64_t seconds,
                            ParseSeconds(settings.rotation_period, "rotation_period"));
  request->mutable_rotation_period()->set_seconds(seconds);
  return absl::OkStatus();
}

template <class Request>
void PutKindInto(const KeyKind& kind, Request* request) {
  request->set_purpose(kind.purpose);
  request->set_suite(kind.suite);
  request->set_exportable(kind.exportable);
  request->set_audit_per_operation(kind.audit_per_operation);
}

const std::map<std::string, v1::KeyPurpose> kPurposes = {
    {"ENCRYPT", v1::KEY_PURPOSE_ENCRYPT},
    {"MAC", v1::KEY_PURPOSE_MAC},
    {"TOKEN", v1::KEY_PURPOSE_TOKEN},
    {"FPE", v1::KEY_PURPOSE_FPE},
    {"BLIND_INDEX", v1::KEY_PURPOSE_BLIND_INDEX},
    {"SIGN_AUDIT", v1::KEY_PURPOSE_SIGN_AUDIT}};
const std::map<std::string, v1::Suite> kSuites = {{"XAES_256_GCM", v1::SUITE_XAES_256_GCM},
                                                  {"KC_XAES_256_GCM", v1::SUITE_KC_XAES_256_GCM}};

}  // namespace

void AddKeySettings(CLI::App* command, KeySettings* settings) {
  AddImportedKeySettings(command, settings);
  command
      ->add_option("--rotation-period", settings->rotation_period,
                   "How often the service rotates the key by itself, such as 90d; 0: never")
      ->type_name("DURATION");
}

void AddImportedKeySettings(CLI::App* command, KeySettings* settings) {
  command->add_option("--label", settings->labels, "A label, NAME=VALUE; repeatable")
      ->type_name("LABEL")
      ->allow_extra_args(false);
  command
      ->add_option("--lease-seconds", settings->lease_seconds,
                   "How long a lease may last, to 3600; with --lease-messages")
      ->type_name("SECONDS");
  command
      ->add_option("--lease-messages", settings->lease_messages,
                   "How many messages may be sealed in a lease; with --lease-seconds")
      ->type_name("NUMBER");
}

absl::Status PutSettings(const KeySettings& settings, v1::CreateKeyRequest* request) {
  return PutAll(settings, request);
}

absl::Status PutSettings(const KeySettings& settings, v1::UpdateKeyRequest* request) {
  return PutAll(settings, request);
}

absl::Status PutSettings(const KeySettings& settings, v1::ImportKeyRequest* request) {
  return PutLabelsAndLease(settings, request);
}

void AddKeyKind(CLI::App* command, KeyKind* kind) {
  command->add_option("--purpose", kind->purpose, "What it is for; ENCRYPT by default")
      ->type_name("PURPOSE")
      ->transform(CLI::CheckedTransformer(kPurposes, CLI::ignore_case));
  command
      ->add_option("--suite", kind->suite,
                   "How it seals: XAES_256_GCM, or KC_XAES_256_GCM, which commits to the key")
      ->type_name("SUITE")
      ->transform(CLI::CheckedTransformer(kSuites, CLI::ignore_case));
  command->add_flag("--exportable", kind->exportable, "Its material may be exported");
  command->add_flag("--audit-per-operation", kind->audit_per_operation,
                    "Each use is to be in the service's own audit trail: no leases");
}

void PutKind(const KeyKind& kind, v1::CreateKeyRequest* request) { PutKindInto(kind, request); }

void PutKind(const KeyKind& kind, v1::ImportKeyRequest* request) { PutKindInto(kind, request); }

}  // namespace fieldkms
