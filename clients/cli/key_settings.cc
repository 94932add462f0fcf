#include "clients/cli/key_settings.h"

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
absl::Status PutAll(const KeySettings& settings, Request* request) {
  FIELDKMS_RETURN_IF_ERROR(PutLabels(settings.labels, request));
  if (!settings.rotation_period.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(const int64_t seconds,
                              ParseSeconds(settings.rotation_period, "rotation_period"));
    request->mutable_rotation_period()->set_seconds(seconds);
  }
  if (settings.lease_seconds != 0 || settings.lease_messages != 0) {
    request->mutable_lease()->mutable_longest()->set_seconds(settings.lease_seconds);
    request->mutable_lease()->set_most_messages(settings.lease_messages);
  }
  return absl::OkStatus();
}

}  // namespace

void AddKeySettings(CLI::App* command, KeySettings* settings) {
  command->add_option("--label", settings->labels, "A label, NAME=VALUE; repeatable")
      ->type_name("LABEL")
      ->allow_extra_args(false);
  command
      ->add_option("--rotation-period", settings->rotation_period,
                   "How often the service rotates the key by itself, such as 90d; 0: never")
      ->type_name("DURATION");
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

}  // namespace fieldkms
