#include "kms/keyring/fingerprint.h"

#include <cstdint>
#include <map>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/names.h"
#include "crypto/sha256.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

std::string TextOf(const std::map<std::string, std::string>& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    text.append(std::to_string(name.size())).append(":").append(name);
    text.append(std::to_string(value.size())).append(":").append(value);
  }
  return text;
}
std::string TextOf(const LeasePolicy& lease) {
  return std::to_string(lease.longest.count()) + '/' + std::to_string(lease.most_messages);
}

}  // namespace

absl::StatusOr<std::string> FingerprintOf(std::initializer_list<std::string_view> fields) {
  std::string joined;
  for (const std::string_view field : fields) {
    uint8_t length[4];
    PutU32(length, static_cast<uint32_t>(field.size()));
    joined.append(AsText(length)).append(field);
  }
  FIELDKMS_ASSIGN_OR_RETURN(const auto digest, Sha256(AsBytes(joined)));
  return std::string(AsText(digest));
}

absl::StatusOr<Mutation> MutationOf(std::string_view request_id,
                                    std::initializer_list<std::string_view> fields) {
  FIELDKMS_RETURN_IF_ERROR(CheckRequestId(request_id));
  FIELDKMS_ASSIGN_OR_RETURN(std::string fingerprint, FingerprintOf(fields));
  return Mutation{std::string(request_id), std::move(fingerprint)};
}

std::string TextOf(const KeySpec& spec) {
  std::string text;
  for (const int64_t number :
       {int64_t{static_cast<uint8_t>(spec.purpose)}, int64_t{static_cast<uint8_t>(spec.origin)},
        int64_t{spec.suite}, int64_t{spec.exportable}, int64_t{spec.audit_per_operation},
        int64_t{spec.rotation_period.count()}}) {
    text += std::to_string(number) + ' ';
  }
  return text + TextOf(spec.lease) + ' ' + TextOf(spec.labels);
}

std::string TextOf(const KeyPatch& patch) {
  std::string text;
  if (patch.rotation_period) text += "p" + std::to_string(patch.rotation_period->count());
  if (patch.min_decrypt_version) text += "m" + std::to_string(*patch.min_decrypt_version);
  if (patch.audit_per_operation) text += *patch.audit_per_operation ? "a1" : "a0";
  if (patch.lease) text += "l" + TextOf(*patch.lease);
  if (patch.labels) text += "L" + TextOf(*patch.labels);
  return text;
}

}  // namespace fieldkms
