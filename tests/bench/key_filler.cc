#include "tests/bench/key_filler.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "crypto/random.h"
#include "crypto/status.h"
#include "crypto/xaes_gcm.h"
#include "kms/keyring/wrap.h"
#include "kms/root/local_root.h"
#include "kms/store/sqlite_changes.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/sqlite_keys.h"
#include "kms/store/sqlite_store.h"
#include "tests/bench/daemon_config.h"

namespace fieldkms::bench {
namespace {

constexpr uint32_t kKekVersion = 1;

absl::StatusOr<XaesKey> OpenKek(const std::string& store_path, const std::string& root_path) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto root, OpenLocalRoot(root_path));
  FIELDKMS_ASSIGN_OR_RETURN(const auto store, OpenSqliteStore(store_path, SystemClock()));
  FIELDKMS_ASSIGN_OR_RETURN(const KekRecord record,
                            store->GetKek(kBenchTenant, kKekVersion, kNoDeadline));
  FIELDKMS_ASSIGN_OR_RETURN(
      SecretBytes kek,
      root->Unwrap(record.wrapped, KekContext(kBenchTenant, kKekVersion), kNoDeadline));
  return XaesKey::Create(std::move(kek));
}

// Ids as random as the keyring draws them, for the keys by index; and the order in which
// they follow each other in the file, in which it is filled fast.
struct Ids {
  std::vector<uint64_t> by_index;
  std::vector<size_t> in_file;  // indices
};

absl::StatusOr<Ids> DrawIds(size_t count) {
  Ids ids;
  ids.by_index.resize(count);
  ids.in_file.resize(count);
  for (size_t i = 0; i < count; ++i) {
    FIELDKMS_RETURN_IF_ERROR(
        RandomBytes({reinterpret_cast<uint8_t*>(&ids.by_index[i]), sizeof(uint64_t)}));
    ids.in_file[i] = i;
  }
  std::sort(ids.in_file.begin(), ids.in_file.end(), [&ids](size_t a, size_t b) {
    return static_cast<int64_t>(ids.by_index[a]) < static_cast<int64_t>(ids.by_index[b]);
  });
  return ids;
}

absl::Status AddKey(SqliteConnection& db, const XaesKey& kek, uint64_t key_id, std::string name) {
  const WallTime now = SystemClock().Now();
  KeyRecord key;
  key.tenant = kBenchTenant;
  key.name = std::move(name);
  key.key_id = key_id;
  key.create_time = now;
  KeyVersionRecord first;
  first.version = 1;
  first.kek_version = kKekVersion;
  first.create_time = now;
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes dek, SecretBytes::Random(kDekSize));
  const DekPlace place{key.tenant, key.key_id, first.version, key.purpose};
  FIELDKMS_ASSIGN_OR_RETURN(first.wrapped, WrapDek(kek, dek, place));
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, NextChangeNumber(db));
  return MakeKey(db, key, first, number).status();
}

}  // namespace

std::string FilledKeyName(size_t index) { return fmt::format("filled.{:07}", index); }

absl::StatusOr<std::vector<uint64_t>> FillStore(const std::string& store_path,
                                                const std::string& root_path, size_t count) {
  FIELDKMS_ASSIGN_OR_RETURN(const XaesKey kek, OpenKek(store_path, root_path));
  FIELDKMS_ASSIGN_OR_RETURN(Ids ids, DrawIds(count));
  FIELDKMS_ASSIGN_OR_RETURN(const auto db, SqliteConnection::Open(store_path));
  FIELDKMS_RETURN_IF_ERROR(
      db->Execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-1000000"));
  SqliteTransaction transaction(*db);
  FIELDKMS_RETURN_IF_ERROR(transaction.Begin());
  for (const size_t index : ids.in_file) {
    FIELDKMS_RETURN_IF_ERROR(AddKey(*db, kek, ids.by_index[index], FilledKeyName(index)));
  }
  FIELDKMS_RETURN_IF_ERROR(transaction.Commit());
  return std::move(ids.by_index);
}

}  // namespace fieldkms::bench
