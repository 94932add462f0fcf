#include "deploy/sample/registration.h"

#include <memory>
#include <string>

#include "clients/cpp/field_client.h"
#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/status.h"
#include "deploy/sample/customer.h"
#include "deploy/sample/protector.h"
#include "rotation/database.h"
#include "rotation/registry.h"

namespace fieldkms::sample {
namespace {

absl::StatusOr<v1::Field> FieldOf(const Stage& stage, Column column) {
  v1::GetFieldRequest request;
  request.set_tenant(stage.tenant);
  request.set_name(FieldName(column));
  return FieldClient(*stage.client).GetField(request);
}

absl::StatusOr<rotation::ProtectedColumn> Entry(const Stage& stage, Column column) {
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Field field, FieldOf(stage, column));
  rotation::ProtectedColumn entry;
  entry.table = {"public", "customers_protected"};
  entry.column = kColumnNames[column];
  entry.tenant = stage.tenant;
  entry.key = field.key();
  entry.field = field.name();
  entry.field_id.resize(field.field_id().size() / 2);
  if (!DecodeHex(field.field_id(), AsMutableBytes(entry.field_id))) {
    return absl::InternalError("the id of a field is not in hex");
  }
  entry.key_columns = {"id"};
  if (column == kCardNumber) entry.index_column = "card_index";
  return entry;
}

}  // namespace

absl::Status RegisterColumns(const Stage& stage) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::unique_ptr<rotation::Database> database,
                            rotation::Database::Connect(stage.dsn, "fieldkms-sample"));
  FIELDKMS_RETURN_IF_ERROR(rotation::InstallTargetSchema(*database));
  for (size_t column = 0; column < kColumnCount; ++column) {
    FIELDKMS_ASSIGN_OR_RETURN(rotation::ProtectedColumn entry,
                              Entry(stage, static_cast<Column>(column)));
    FIELDKMS_RETURN_IF_ERROR(rotation::AddProtectedColumn(*database, std::move(entry)).status());
  }
  return absl::OkStatus();
}

}  // namespace fieldkms::sample
