#include "rotation/column_keys.h"

#include "clients/cpp/field_client.h"
#include "clients/cpp/key_lookup.h"
#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/status.h"

namespace fieldkms::rotation {
namespace {

// "ENCRYPT"
std::string PurposeName(v1::KeyPurpose purpose) {
  constexpr std::string_view kPrefix = "KEY_PURPOSE_";
  const std::string name = v1::KeyPurpose_Name(purpose);
  return name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : name;
}

absl::StatusOr<v1::Field> FindField(Client& client, const KeyChoice& choice) {
  v1::GetFieldRequest request;
  request.set_tenant(choice.tenant);
  request.set_name(choice.field);
  absl::StatusOr<v1::Field> field = FieldClient(client).GetField(request);
  if (field.ok() || FieldOf(field.status()) != "name") return field;
  return Error(field.status().code(), ReasonOf(field.status()), MessageOf(field.status()), "field");
}

absl::StatusOr<std::string> OwnName(Client& client, const std::string& tenant,
                                    const std::string& name, v1::KeyPurpose purpose,
                                    const std::string& option) {
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Key key, FindKey(&client, tenant, name, option));
  if (key.purpose() == purpose) return key.name();
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kKeyPurpose,
               "the key's purpose is not " + PurposeName(purpose), option);
}

absl::Status PutField(const v1::Field& field, ProtectedColumn* column) {
  column->key = column->shape == Shape::kFpe ? field.fpe().key() : field.key();
  if (column->key.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kFieldPolicy,
                 column->shape == Shape::kFpe
                     ? "the field makes no texts of its own format: it has no FPE key"
                     : "the field makes no ciphertexts: it has no ENCRYPT key",
                 "field");
  }
  column->field = field.name();
  if (column->index_column && field.has_blind_index()) {
    column->index_key = field.blind_index().key();
  }
  column->field_id.assign(kFieldIdSize, '\0');
  if (DecodeHex(field.field_id(), AsMutableBytes(column->field_id))) return absl::OkStatus();
  return Bug("the service's id of a field is none");
}

}  // namespace

absl::Status PutKeys(Client& client, const KeyChoice& choice, ProtectedColumn* column) {
  if (choice.key.empty() == choice.field.empty()) {
    return InvalidField("key", "or field is needed, and not both");
  }
  if (choice.field.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(
        column->key, OwnName(client, choice.tenant, choice.key, v1::KEY_PURPOSE_ENCRYPT, "key"));
  } else {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::Field field, FindField(client, choice));
    FIELDKMS_RETURN_IF_ERROR(PutField(field, column));
  }
  if (choice.index_key.empty()) return absl::OkStatus();
  FIELDKMS_ASSIGN_OR_RETURN(column->index_key, OwnName(client, choice.tenant, choice.index_key,
                                                       v1::KEY_PURPOSE_BLIND_INDEX, "index_key"));
  return absl::OkStatus();
}

}  // namespace fieldkms::rotation
