// Our records as messages, and pages of them.
#ifndef FIELDKMS_KMS_SERVICE_RECORDS_H_
#define FIELDKMS_KMS_SERVICE_RECORDS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "fieldkms/v1/key_service.pb.h"
#include "fieldkms/v1/lease_service.pb.h"
#include "fieldkms/v1/operation_service.pb.h"
#include "fieldkms/v1/tenant_service.pb.h"
#include "kms/keyring/lifecycle.h"
#include "kms/proto/times.h"
#include "kms/store/store.h"

namespace fieldkms {

void ToProto(const TenantRecord& record, v1::Tenant* out);
void ToProto(const KeyRecord& record, v1::Key* out);
void ToProto(const KeyVersionRecord& record, uint32_t primary_version, v1::KeyVersion* out);
// `key`: the own name of the key that it points to.
void ToProto(const AliasRecord& record, std::string_view key, v1::Alias* out);
void ToProto(const OperationRecord& record, v1::Operation* out);
// `key`: the key that it is of. `remaining` is left to the caller.
void ToProto(const LeaseRecord& record, const KeyRecord& key, v1::Lease* out);

// What a request asks for. Only what the domain cannot say itself is checked: that values
// are known, and times whole seconds. Error: InvalidField.
absl::StatusOr<KeySpec> FromProto(const v1::CreateKeyRequest& request);
absl::StatusOr<KeySpec> FromProto(const v1::ImportKeyRequest& request);
absl::StatusOr<KeyPatch> FromProto(const v1::UpdateKeyRequest& request);

// Etags: the number of the change that a record is of, in decimal. "" is 0: none given.
// Error: InvalidField for one that Etag does not make.
std::string Etag(uint64_t change);
absl::StatusOr<uint64_t> ParseEtag(const std::string& etag, std::string_view field = "etag");

// PageSize: what a request's page_size means. Error: InvalidField for a negative one.
absl::StatusOr<size_t> PageSize(int32_t requested);

// Page tokens: "1." and where the page before ended, which must be a record that the
// caller was shown, for a token can be read. They are opaque by contract and carry no
// authority: a forged one only starts elsewhere.
std::string PageToken(std::string_view last);
// The end of the page before; "" for the first page. Error: InvalidField for a token
// that PageToken does not make.
absl::StatusOr<std::string> ParsePageToken(const std::string& token);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_RECORDS_H_
