// Which root of trust and which store a service stands on, and how they are opened: the
// one place that knows all implementations. Each may be left out of a build; opening it
// then says so.
#ifndef FIELDKMS_KMS_BACKENDS_BACKENDS_H_
#define FIELDKMS_KMS_BACKENDS_BACKENDS_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/root/aws_root.h"
#include "kms/root/guarded_root.h"
#include "kms/root/local_root.h"
#include "kms/root/pkcs11_root.h"
#include "kms/root/root_key.h"
#include "kms/root/vault_options.h"
#include "kms/store/postgres_store.h"
#include "kms/store/store.h"

namespace fieldkms {

struct LocalRootConfig {
  LocalRootOptions options;  // a path; "": DATA_DIR/root.key
  bool create_if_missing = false;
};
using RootConfig = std::variant<LocalRootConfig, Pkcs11RootOptions, VaultOptions, AwsRootOptions>;

struct SqliteStoreConfig {
  std::string path;  // "": DATA_DIR/store.db
};
struct PostgresStoreConfig {
  PostgresStoreOptions options;  // without a conninfo where there is a file
  std::string conninfo_file;
};
using StoreConfig = std::variant<SqliteStoreConfig, PostgresStoreConfig>;

// "local", "pkcs11", "vault", "aws"; "sqlite", "postgres".
std::string_view KindOf(const RootConfig& config);
std::string_view KindOf(const StoreConfig& config);

// OpenStore: errors of OpenSqliteStore and OpenPostgresStore; kFailedPrecondition,
// kConfigInvalid, for a backend that this build does not have.
absl::StatusOr<std::unique_ptr<Store>> OpenStore(const StoreConfig& config,
                                                 const std::string& data_dir, const Clock& clock);

// What surrounds the opening of a root.
struct RootOpening {
  std::string data_dir;
  // Whether a store has keys under it: then no new root key is made, whatever the
  // configuration says, for it could open nothing.
  bool has_keys = false;
  Deadline deadline = kNoDeadline;
  // Of roots that are guarded; see GuardOptions::on_change.
  std::function<void(const RootHealth&)> on_change;
  // A new root key was made here.
  std::function<void(std::string_view where)> on_created;
};

struct OpenedRoot {
  std::unique_ptr<RootKey> root;
  // The guard of the root that wraps, for its health; null for a local one, which needs
  // none. Part of `root`.
  const GuardedRoot* guard = nullptr;
};

// OpenRoot opens the root that wraps and, where there is one, the other that opens as
// well (DualRoot). Errors: those of the roots; kFailedPrecondition, kRootUnavailable, for
// a local root key that is missing, saying what to do; kConfigInvalid as OpenStore.
absl::StatusOr<OpenedRoot> OpenRoot(const RootConfig& config, const std::optional<RootConfig>& also,
                                    const RootOpening& opening);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_BACKENDS_BACKENDS_H_
