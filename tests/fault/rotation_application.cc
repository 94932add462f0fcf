#include "tests/fault/rotation_application.h"

#include <fmt/format.h>

#include <chrono>
#include <iterator>
#include <optional>
#include <pqxx/result>
#include <stdexcept>
#include <utility>

#include "crypto/status.h"
#include "kms/postgres/value.h"

namespace fieldkms::testing {
namespace {

using rotation::Database;
using rotation::Transaction;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{60};
constexpr milliseconds kPause{2};

// One transaction after the other, also where the server has not noticed yet that the connection
// of the one before is gone.
void Begin(Transaction& transaction) {
  transaction.RunOnce("SET LOCAL lock_timeout = 0");
  transaction.RunOnce("SELECT pg_advisory_xact_lock(1)");
}

// What ends by itself: servers that are away, or that others want more of.
bool IsPassing(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return true;
    default:
      return false;
  }
}

}  // namespace

Application::Application(RotationBed& bed, int64_t rows, uint64_t seed, const std::string& conninfo,
                         Writes writes)
    : bed_(bed), rows_(static_cast<size_t>(rows)), writes_(writes), random_(seed) {
  auto database = Database::Connect(conninfo.empty() ? bed.conninfo() : conninfo, "application");
  if (!database.ok()) throw std::runtime_error(std::string(database.status().message()));
  database_ = *std::move(database);
  for (int64_t id = 1; id <= rows; ++id) notes_[id] = "note";
}

Application::~Application() { Stop(); }

void Application::Start() {
  stopping_ = false;
  thread_ = std::thread([this] { Run(); });
}

void Application::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void Application::Run() {
  while (!stopping_) {
    const std::vector<Change> changes = Choose();
    if (Commit(changes)) {
      Book(changes);
      ++committed_;
    }
    std::this_thread::sleep_for(kPause);
  }
}

int64_t Application::AnyRow() {
  const auto found = notes_.lower_bound(static_cast<int64_t>(1 + random_.Below(rows_ * 4)));
  return found == notes_.end() ? notes_.begin()->first : found->first;
}

// One behind which workers are, or before which.
int64_t Application::NewId() {
  for (;;) {
    const auto id = static_cast<int64_t>(1 + random_.Below(rows_ * 4));
    if (!notes_.contains(id)) return id;
  }
}

std::vector<Application::Change> Application::Choose() {
  const auto change = [&](int64_t before, int64_t after) {
    const uint64_t number = ++changes_;
    return Change{before, after, fmt::format("card {} of {}", number, after),
                  fmt::format("note {}", number)};
  };
  const uint64_t choice = random_.Below(10);
  if (choice < 2 && notes_.size() < rows_ * 2) return {change(0, NewId())};
  if (choice < 4 && notes_.size() > rows_ / 2) return {change(AnyRow(), 0)};
  const int64_t row = AnyRow();
  if (choice < 6) return {change(row, NewId())};
  const int64_t other = AnyRow();
  if (choice < 8 || other == row) return {change(row, row)};
  // In any order, as no batch of a worker has them.
  return {change(row, row), change(other, other)};
}

bool Application::Commit(const std::vector<Change>& changes) {
  bool at_commit = false;
  const absl::Status status = database_->Write([&](Transaction& transaction) {
    Begin(transaction);
    for (const Change& change : changes) FIELDKMS_RETURN_IF_ERROR(Write(transaction, change));
    at_commit = true;
    return absl::OkStatus();
  });
  if (status.ok()) return true;
  if (ReasonOf(status) == Reason::kDatabaseUnavailable) {
    return at_commit && WasCommitted(changes.front());
  }
  if (!IsPassing(status)) Complain(std::string(status.message()));
  return false;
}

absl::Status Application::Write(Transaction& transaction, const Change& change) {
  std::string sealed;
  if (change.after != 0 && writes_ == Writes::kCiphertext) {
    const std::vector<std::pair<std::string, std::string>> card = {
        {std::to_string(change.after), change.card}};
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<std::string> all, bed_.Seal(card));
    sealed = all.front();
  }
  const PostgresValue card =
      writes_ == Writes::kCiphertext ? ByteaValue(sealed) : PostgresValue(change.card);
  pqxx::result result;
  if (change.before == 0) {
    result = transaction.Run("INSERT INTO public.cards (id, card, note) VALUES ($1, $2, $3)",
                             {change.after, card, change.note});
  } else if (change.after == 0) {
    result = transaction.Run("DELETE FROM public.cards WHERE id = $1", {change.before});
  } else {
    result = transaction.Run("UPDATE public.cards SET id = $2, card = $3, note = $4 WHERE id = $1",
                             {change.before, change.after, card, change.note});
  }
  if (result.affected_rows() == 1) return absl::OkStatus();
  return absl::DataLossError(fmt::format("row {} is not there", change.before));
}

bool Application::WasCommitted(const Change& change) {
  const auto give_up = steady_clock::now() + kPatience;
  std::optional<std::string> note;
  for (;;) {
    const absl::Status status = database_->Write([&](Transaction& transaction) {
      Begin(transaction);
      note.reset();
      const pqxx::result rows = transaction.Run("SELECT note FROM public.cards WHERE id = $1",
                                                {change.after != 0 ? change.after : change.before});
      if (!rows.empty()) note = TextOf(rows[0][0]);
      return absl::OkStatus();
    });
    if (status.ok()) break;
    if (steady_clock::now() > give_up) {
      Complain("what became of a transaction in doubt cannot be found out");
      return false;
    }
    std::this_thread::sleep_for(kPause);
  }
  const bool committed = change.after != 0 ? note == change.note : !note.has_value();
  if (committed) ++in_doubt_;
  return committed;
}

void Application::Book(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    if (change.before != 0 && change.before != change.after) {
      notes_.erase(change.before);
      bed_.Forget(change.before);
    }
    if (change.after != 0) {
      notes_[change.after] = change.note;
      bed_.Expect(change.after, change.card);
    }
  }
}

void Application::Complain(std::string what) { complaints_.push_back(std::move(what)); }

std::vector<std::string> Application::Complaints() {
  std::vector<std::string> all = complaints_;
  for (const auto& row : bed_.Sql("SELECT id, note FROM public.cards")) {
    const auto known = notes_.find(std::stoll(row[0]));
    // Rows too many or too few are the ledger's.
    if (known != notes_.end() && known->second != row[1]) {
      all.push_back(fmt::format("row {} has another note than was written last", row[0]));
    }
  }
  return all;
}

}  // namespace fieldkms::testing
