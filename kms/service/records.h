// Our records as messages, and pages of them.
#ifndef FIELDKMS_KMS_SERVICE_RECORDS_H_
#define FIELDKMS_KMS_SERVICE_RECORDS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "fieldkms/v1/key_service.pb.h"
#include "fieldkms/v1/tenant_service.pb.h"
#include "kms/store/store.h"

namespace fieldkms {

void ToProto(const TenantRecord& record, v1::Tenant* out);
void ToProto(const KeyRecord& record, v1::Key* out);
void ToProto(const KeyVersionRecord& record, uint32_t primary_version, v1::KeyVersion* out);

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
