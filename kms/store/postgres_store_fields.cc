// Fields.
#include "kms/store/postgres_fields.h"
#include "kms/store/postgres_mutation.h"
#include "kms/store/postgres_records.h"
#include "kms/store/postgres_store_impl.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

absl::StatusOr<FieldRecord> MakeField(PostgresTransaction& db, const FieldRecord& field,
                                      uint64_t number) {
  if (!TenantWithField(db, field.field_id).empty()) return FieldIdTaken();
  FieldRecord made = field;
  made.change = number;
  InsertField(db, made);
  return made;
}

}  // namespace

absl::StatusOr<Applied<FieldRecord>> PostgresStore::PutField(const FieldRecord& field,
                                                             const Mutation& mutation,
                                                             Deadline deadline) {
  const auto apply = [&](PostgresTransaction& db, uint64_t number) -> absl::StatusOr<FieldRecord> {
    if (!ReadTenant(db, field.tenant)) return TenantNotFound();
    std::optional<FieldRecord> old = ReadField(db, field.tenant, field.name);
    if (field.change == 0) {
      if (old) return FieldExists();
      return MakeField(db, field, number);
    }
    if (!old) return FieldNotFound();
    if (old->change != field.change) return EtagMismatch();
    old->policy = field.policy;
    old->update_time = field.update_time;
    old->change = number;
    UpdateField(db, *old);
    return *std::move(old);
  };
  return Mutate<FieldRecord>(transactions_, clock_, field.tenant, mutation, deadline, apply);
}

absl::StatusOr<FieldRecord> PostgresStore::GetField(std::string_view tenant, std::string_view name,
                                                    Deadline deadline) {
  return Read<FieldRecord>(tenant, deadline,
                           [&](PostgresTransaction& db) -> absl::StatusOr<FieldRecord> {
                             auto found = ReadField(db, tenant, name);
                             if (found) return *std::move(found);
                             return ReadTenant(db, tenant) ? FieldNotFound() : TenantNotFound();
                           });
}

absl::StatusOr<std::vector<FieldRecord>> PostgresStore::ListFields(std::string_view tenant,
                                                                   std::string_view after_name,
                                                                   size_t limit,
                                                                   Deadline deadline) {
  using Fields = std::vector<FieldRecord>;
  return Read<Fields>(tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Fields> {
    if (!ReadTenant(db, tenant)) return TenantNotFound();
    return ReadFields(db, tenant, after_name, limit);
  });
}

}  // namespace fieldkms
