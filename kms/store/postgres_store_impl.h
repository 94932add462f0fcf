// The class behind OpenPostgresStore. Its methods are in postgres_store_*.cc, by what
// they are about.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_STORE_IMPL_H_
#define FIELDKMS_KMS_STORE_POSTGRES_STORE_IMPL_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/store/postgres_changes.h"
#include "kms/store/postgres_rotation_store.h"
#include "kms/store/postgres_subject_store.h"
#include "kms/store/postgres_token_store.h"
#include "kms/store/postgres_transaction.h"
#include "kms/store/store.h"

namespace fieldkms {

class PostgresStore final : public Store {
 public:
  // `conninfo` is a checked one (kms/postgres/conninfo.h).
  PostgresStore(const std::string& conninfo, size_t connections, const Clock& clock)
      : clock_(clock), transactions_(conninfo, connections, clock), changes_(conninfo, clock) {}

  // Whether the database has the schema of this release; see OpenPostgresStore.
  absl::Status Check(Deadline deadline);

  absl::StatusOr<std::optional<std::string>> GetRootBinding(Deadline deadline) override;
  absl::Status SetRootBinding(std::string_view expected, std::string_view binding,
                              Deadline deadline) override;
  absl::StatusOr<Applied<TenantRecord>> CreateTenant(std::string_view tenant, const KekRecord& kek,
                                                     const Mutation& mutation,
                                                     Deadline deadline) override;
  absl::StatusOr<TenantRecord> GetTenant(std::string_view tenant, Deadline deadline) override;
  absl::StatusOr<std::vector<TenantRecord>> ListTenants(std::string_view after, size_t limit,
                                                        Deadline deadline) override;
  absl::StatusOr<Applied<TenantRecord>> AddKek(std::string_view tenant, const KekRecord& kek,
                                               const Mutation& mutation,
                                               Deadline deadline) override;
  absl::StatusOr<KekRecord> GetKek(std::string_view tenant, uint32_t version,
                                   Deadline deadline) override;
  absl::StatusOr<std::vector<KekRecord>> ListKeks(std::string_view tenant,
                                                  Deadline deadline) override;
  absl::StatusOr<size_t> RewrapKeks(std::span<const RewrappedKek> keks, Deadline deadline) override;
  absl::StatusOr<size_t> RewrapKeyVersions(std::string_view tenant,
                                           std::span<const RewrappedVersion> versions,
                                           Deadline deadline) override;
  absl::StatusOr<std::vector<KeyAndVersion>> ListVersionsBelowKek(
      std::string_view tenant, uint32_t kek_version, uint64_t after_key_id, uint32_t after_version,
      size_t limit, Deadline deadline) override;
  absl::StatusOr<uint64_t> CountVersionsBelowKek(std::string_view tenant, uint32_t kek_version,
                                                 Deadline deadline) override;
  absl::StatusOr<Applied<KeyRecord>> CreateKey(const KeyRecord& key, const KeyVersionRecord& first,
                                               const Mutation& mutation,
                                               Deadline deadline) override;
  absl::StatusOr<Applied<KeyRecord>> ChangeKey(const KeyChange& change, const Mutation& mutation,
                                               Deadline deadline) override;
  absl::StatusOr<std::optional<KeyRecord>> FindKeyMutation(std::string_view tenant,
                                                           const Mutation& mutation,
                                                           Deadline deadline) override;
  absl::StatusOr<KeyRecord> GetKey(std::string_view tenant, std::string_view name,
                                   Deadline deadline) override;
  absl::StatusOr<KeyRecord> GetKeyById(std::string_view tenant, uint64_t key_id,
                                       Deadline deadline) override;
  absl::StatusOr<KeyAndVersion> GetKeyWithPrimary(std::string_view tenant, std::string_view name,
                                                  Deadline deadline) override;
  absl::StatusOr<KeyAndVersion> GetKeyWithVersion(std::string_view tenant, uint64_t key_id,
                                                  uint32_t version, Deadline deadline) override;
  absl::StatusOr<std::string> TenantOfKey(uint64_t key_id, Deadline deadline) override;
  absl::StatusOr<std::vector<KeyRecord>> ListKeys(std::string_view tenant,
                                                  std::string_view after_name, size_t limit,
                                                  Deadline deadline) override;
  absl::StatusOr<KeyVersionRecord> GetKeyVersion(std::string_view tenant, uint64_t key_id,
                                                 uint32_t version, Deadline deadline) override;
  absl::StatusOr<std::vector<KeyVersionRecord>> ListKeyVersions(std::string_view tenant,
                                                                uint64_t key_id, uint32_t before,
                                                                size_t limit,
                                                                Deadline deadline) override;
  absl::StatusOr<Applied<AliasRecord>> SetAlias(const AliasRecord& alias, const Mutation& mutation,
                                                Deadline deadline) override;
  absl::StatusOr<AliasRecord> GetAlias(std::string_view tenant, std::string_view alias,
                                       Deadline deadline) override;
  absl::StatusOr<std::vector<AliasRecord>> ListAliases(std::string_view tenant,
                                                       std::string_view after, size_t limit,
                                                       Deadline deadline) override;
  absl::StatusOr<Applied<FieldRecord>> PutField(const FieldRecord& field, const Mutation& mutation,
                                                Deadline deadline) override;
  absl::StatusOr<FieldRecord> GetField(std::string_view tenant, std::string_view name,
                                       Deadline deadline) override;
  absl::StatusOr<std::vector<FieldRecord>> ListFields(std::string_view tenant,
                                                      std::string_view after_name, size_t limit,
                                                      Deadline deadline) override;
  absl::StatusOr<std::vector<KeyRecord>> ListDueRotations(WallTime now, size_t limit,
                                                          Deadline deadline) override;
  absl::StatusOr<std::vector<KeyAndVersion>> ListDueDestructions(WallTime now, size_t limit,
                                                                 Deadline deadline) override;
  absl::StatusOr<uint64_t> WaitForChange(uint64_t after, Deadline until) override;
  absl::StatusOr<uint64_t> GetChangeNumber(Deadline deadline) override;
  absl::StatusOr<std::vector<Change>> ReadChanges(uint64_t after, size_t limit,
                                                  Deadline deadline) override;
  absl::Status PutLease(const LeaseRecord& lease, Deadline deadline) override;
  absl::StatusOr<LeaseRecord> GetLease(std::string_view tenant, std::string_view lease_id,
                                       Deadline deadline) override;
  absl::StatusOr<std::optional<WallTime>> LastLeaseEnd(std::string_view tenant, uint64_t key_id,
                                                       uint32_t version, bool encrypt_only,
                                                       WallTime now, Deadline deadline) override;
  absl::StatusOr<OperationRecord> PutOperation(const OperationRecord& operation,
                                               Deadline deadline) override;
  absl::StatusOr<OperationRecord> GetOperation(std::string_view operation_id,
                                               Deadline deadline) override;
  absl::StatusOr<std::vector<OperationRecord>> ListOperations(bool running_only, size_t limit,
                                                              Deadline deadline) override;
  absl::Status StageKeys(const ImportId& import, std::string_view tenant,
                         std::span<const WholeKey> keys, Deadline deadline) override;
  absl::Status StageAliases(const ImportId& import, std::string_view tenant,
                            std::span<const AliasRecord> aliases, Deadline deadline) override;
  absl::Status StageFields(const ImportId& import, std::string_view tenant,
                           std::span<const FieldRecord> fields, Deadline deadline) override;
  absl::StatusOr<uint64_t> ApplyStaged(const ImportId& import,
                                       std::span<const StagedTenant> tenants, ImportMode mode,
                                       uint64_t above, Deadline deadline) override;
  absl::Status DropStaged(const ImportId& import, std::string_view tenant,
                          Deadline deadline) override;
  absl::Status SetFrozen(bool frozen, Deadline deadline) override;
  absl::StatusOr<bool> IsFrozen(Deadline deadline) override;
  TokenStore& tokens() override { return tokens_; }
  SubjectStore& subjects() override { return subjects_; }
  RotationStore& rotations() override { return rotations_; }

 private:
  // Runs `body(db)`, an absl::StatusOr<T>, on behalf of a tenant ("": of none).
  template <class T, class Body>
  absl::StatusOr<T> Read(std::string_view tenant, Deadline deadline, const Body& body) {
    return ResultOf<T>(transactions_, &PostgresTransactions::Read, tenant, deadline, body);
  }
  template <class T, class Body>
  absl::StatusOr<T> Write(std::string_view tenant, Deadline deadline, const Body& body) {
    return ResultOf<T>(transactions_, &PostgresTransactions::Write, tenant, deadline, body);
  }
  template <class T, class Body>
  absl::StatusOr<T> WriteLong(std::string_view tenant, Deadline deadline, const Body& body) {
    return ResultOf<T>(transactions_, &PostgresTransactions::WriteLong, tenant, deadline, body);
  }

  const Clock& clock_;
  PostgresTransactions transactions_;
  PostgresTokenStore tokens_{&transactions_};
  PostgresSubjectStore subjects_{&transactions_};
  PostgresRotationStore rotations_{&transactions_};
  PostgresChanges changes_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_STORE_IMPL_H_
