// A table of protected cards in a real PostgreSQL, a real fieldkmsd that has their key, and a
// ledger of what the cards should read: what tests and benchmarks of rotations stand on.
#ifndef FIELDKMS_TESTS_SUPPORT_ROTATION_BED_H_
#define FIELDKMS_TESTS_SUPPORT_ROTATION_BED_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "rotation/database.h"
#include "rotation/table_plan.h"
#include "rotation/table_sql.h"
#include "tests/support/daemon.h"
#include "tests/support/postgres_server.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

// What stands in a table, as a checker found it by decrypting all of it.
struct CardCounts {
  uint64_t rows = 0;
  uint64_t nulls = 0;
  std::map<uint32_t, uint64_t> versions;  // how many under each
  uint64_t unreadable = 0;                // that do not open as card of their row
  uint64_t wrong = 0;                     // that open as another card than the ledger has
  uint64_t missing = 0;                   // in the ledger, and not in the table
  uint64_t unexpected = 0;                // the other way round
};

// Seal, Open and the ledger are safe for concurrent use.
class RotationBed {
 public:
  static constexpr char kTenant[] = "acme";
  static constexpr char kKey[] = "cards";

  // Starts a daemon in a directory of its own, makes tenant and key, and a database with schema kms
  // and no table. Throws std::runtime_error where anything fails.
  explicit RotationBed(PostgresServer& server, const std::string& daemon_yaml = "");

  PostgresServer& server() { return *server_; }
  // After a failover: the server that has the database now.
  void MoveTo(PostgresServer& server) { server_ = &server; }
  Daemon& daemon() { return *daemon_; }
  Client& client() { return *client_; }
  const std::string& database() const { return database_; }
  // As superuser.
  std::string conninfo() const { return server_->Conninfo(database_, PostgresServer::kSuperuser); }
  // Runs SQL as superuser.
  PostgresServer::Rows Sql(const std::string& sql) const {
    return server_->Sql(database_, PostgresServer::kSuperuser, sql);
  }

  // Makes public.cards (id bigint primary key, card bytea, note text) with ids 1 to `rows`, and
  // registers the column. `storage`: what follows the columns, such as "WITH (fillfactor = 50)".
  void MakeCards(uint64_t rows, const std::string& storage = "");
  // The same with plaintext: public.cards (id bigint primary key, card text, note text), whose card
  // begins to become card_protected (rotation::BeginProtect).
  void MakePlainCards(uint64_t rows);
  // Seals all cards of the ledger anew and writes them over those of the table.
  void Refill();
  // 16 bytes; of public.cards.
  const std::string& binding_id() const { return binding_id_; }

  // Seals cards as applications do: `cards` are ids and texts.
  absl::StatusOr<std::vector<std::string>> Seal(
      std::span<const std::pair<std::string, std::string>> cards);
  // Adds a version to the key, which is primary then; returns it.
  uint32_t Rotate();

  // The ledger: what row `id` should read. Forget: there is no such row any more.
  void Expect(int64_t id, std::string card);
  void Forget(int64_t id);
  static std::string FirstCard(int64_t id);

  // Reads the whole of public.cards and decrypts `column` of it.
  CardCounts Count(const std::string& column = "card");

  // The table as a plan, and the key's primary version as the target.
  rotation::TablePlan Plan();
  rotation::Target Target();

 private:
  PostgresServer* server_;
  TempDir dir_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<Client> client_;
  std::string database_;
  std::string binding_id_;
  // Seals those of the ledger and has `statement` write them: parameters are ids and envelopes.
  void WriteLedger(const std::string& statement);

  std::mutex mutex_;
  std::map<int64_t, std::string> ledger_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_ROTATION_BED_H_
