// Records as JSON text: how stores remember the outcome of a mutation, whatever
// columns a later release adds.
//
// An object with a member for each field, in any order and spacing. Ids are 16
// lower-case hex digits; times are whole microseconds since 1970, UTC; spans of time
// whole seconds; wrapped bytes and policies base64 (RFC 4648 §4); enumerations their numbers;
// labels an object of strings; a time that a record has not is left out. Names and
// labels are UTF-8, which the caller sees to.
#ifndef FIELDKMS_KMS_STORE_RECORD_JSON_H_
#define FIELDKMS_KMS_STORE_RECORD_JSON_H_

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "kms/store/records.h"

namespace fieldkms {

// On one line; the same record gives the same text.
std::string ToJson(const TenantRecord& record);
std::string ToJson(const KekRecord& record);
std::string ToJson(const KeyRecord& record);
std::string ToJson(const KeyVersionRecord& record);
std::string ToJson(const AliasRecord& record);
std::string ToJson(const FieldRecord& record);
std::string LabelsToJson(const std::map<std::string, std::string>& labels);

// The inverse, for labels and the six records above. Strict: kDataLoss, kStoreCorrupt, for
// what is not JSON, a member that is missing, unknown, there twice or of another
// type, a number out of the field's range, an enumeration's number that is not known.
absl::StatusOr<std::map<std::string, std::string>> LabelsFromJson(std::string_view text);
template <class Record>
absl::StatusOr<Record> FromJson(std::string_view text) = delete;
template <>
absl::StatusOr<TenantRecord> FromJson<TenantRecord>(std::string_view text);
template <>
absl::StatusOr<KekRecord> FromJson<KekRecord>(std::string_view text);
template <>
absl::StatusOr<KeyRecord> FromJson<KeyRecord>(std::string_view text);
template <>
absl::StatusOr<KeyVersionRecord> FromJson<KeyVersionRecord>(std::string_view text);
template <>
absl::StatusOr<AliasRecord> FromJson<AliasRecord>(std::string_view text);
template <>
absl::StatusOr<FieldRecord> FromJson<FieldRecord>(std::string_view text);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_RECORD_JSON_H_
