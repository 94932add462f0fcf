// Installations for tests of backups: a SQLite store under a local root, with keys whose
// versions open.
#ifndef FIELDKMS_TESTS_UNIT_KMS_BACKUP_BACKUP_FIXTURE_H_
#define FIELDKMS_TESTS_UNIT_KMS_BACKUP_BACKUP_FIXTURE_H_

#include <memory>
#include <string>
#include <vector>

#include "kms/backup/backup_file.h"
#include "kms/backup/restore.h"
#include "kms/backup/take_backup.h"
#include "kms/keyring/keyring.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

class Installation {
 public:
  Installation();

  Store& store() { return *store_; }
  const RootKey& root() const { return *root_; }
  Keyring& keyring() { return *keyring_; }

  // Fail the test where they cannot be made.
  void HaveTenant(const std::string& tenant);
  KeyRecord HaveKey(const std::string& tenant, const std::string& name);
  KeyRecord Rotate(const std::string& tenant, const std::string& name);
  void HaveAlias(const std::string& tenant, const std::string& alias, const std::string& key);
  // Makes it, or gives it another policy.
  void HaveField(const std::string& tenant, const std::string& name, const std::string& policy);
  // A subject that values of fields 7 and 9 were protected for, on hold or not.
  SubjectRecord HaveSubject(const std::string& tenant, const std::string& subject,
                            bool on_hold = false);
  void HaveToken(const std::string& tenant, uint64_t field_id, const TokenRecord& token);
  // Two subjects, of whom "held" is on hold, and tokens of all kinds: convergent, for single use,
  // that expire, that have expired, of subjects and of none.
  void HaveVault(const std::string& tenant);
  // Whether the version's material is there and opens.
  absl::Status Loads(const std::string& tenant, const std::string& name, uint32_t version = 0);
  // A tenant "acme" with all that there can be: two KEKs, a key in use and one of the past,
  // an alias, one that was taken away, a field.
  void HaveRichTenant();

 private:
  std::string RequestId();

  TempDir dir_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<RootKey> root_;
  std::unique_ptr<Keyring> keyring_;
  int requests_ = 0;
};

// Of other sealed bytes than any before.
TokenRecord Token(const std::string& name);

// A key pair of the test binary: it takes a second to make.
const std::string& RecoveryPublic();
BackupSecrets RecoverySecrets();

// A backup in memory.
ByteSource SourceOf(const std::string& bytes);
OpenBackup OpenerOf(const std::string& bytes);
absl::StatusOr<BackupSummary> TakeTo(Installation& from, std::string* bytes,
                                     std::optional<std::set<std::string>> tenants = {},
                                     bool without_vault = false);

// All that a store holds of a tenant, but numbers of changes and wrapped KEKs.
std::string TextOf(Store& store, const std::string& tenant);

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_KMS_BACKUP_BACKUP_FIXTURE_H_
