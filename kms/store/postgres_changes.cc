#include "kms/store/postgres_changes.h"

#include <algorithm>
#include <exception>
#include <pqxx/nontransaction>
#include <utility>

#include "kms/store/postgres_mutation.h"

namespace fieldkms {
namespace {

// A server that does not answer by then hangs.
constexpr std::chrono::seconds kPatience{2};
constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{1000};

}  // namespace

PostgresChanges::PostgresChanges(std::string conninfo, const Clock& clock)
    : conninfo_(std::move(conninfo)), clock_(clock), thread_([this] { Run(); }) {}

PostgresChanges::~PostgresChanges() {
  std::shared_ptr<SocketCutter> socket;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    socket = socket_;
  }
  changed_.notify_all();
  if (socket) socket->Cut();
  thread_.join();
}

std::optional<uint64_t> PostgresChanges::Wait(uint64_t after, Deadline until) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, WakeTime(clock_, until), [&] { return newest_ && *newest_ > after; });
  if (newest_ && *newest_ > after) return newest_;
  if (std::chrono::steady_clock::now() - heard_ > 3 * kPoll) return std::nullopt;
  return newest_;
}

bool PostgresChanges::Stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void PostgresChanges::Publish(uint64_t number) {
  {
    const std::lock_guard lock(mutex_);
    // Not the larger of the two: a store that was restored, or failed over to, may be behind.
    newest_ = number;
    heard_ = std::chrono::steady_clock::now();
  }
  changed_.notify_all();
}

void PostgresChanges::Run() {
  std::chrono::milliseconds pause = kFirstPause;
  while (!Stopping()) {
    const auto began = std::chrono::steady_clock::now();
    try {
      Listen();
    } catch (const std::exception&) {
      // Connect anew: whatever it was, the next connection tells.
    }
    const bool lasted = std::chrono::steady_clock::now() - began > kLongestPause;
    pause = lasted ? kFirstPause : std::min(2 * pause, kLongestPause);
    std::unique_lock lock(mutex_);
    socket_.reset();
    changed_.wait_for(lock, pause, [this] { return stopping_; });
  }
}

void PostgresChanges::Listen() {
  const auto opened = PostgresConnection::Open(conninfo_);
  if (!opened.ok()) return;
  PostgresConnection& connection = **opened;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    socket_ = connection.socket();
  }
  const auto patience = [&] {
    return watchdog_.CutAt(std::chrono::steady_clock::now() + kPatience, connection.socket());
  };
  {
    // Without a receiver of libpqxx's: that a notification came is all that it says, and
    // it would ask once more (UNLISTEN) of a connection that is cut. Each question whose
    // answer is cut off costs one PGresult (2 KiB), which libpqxx 6.4 forgets.
    const auto guard = patience();
    pqxx::nontransaction listen(connection.pqxx());
    listen.exec0("LISTEN " + listen.quote_name(kPostgresChannel));
  }
  while (!connection.broken() && !Stopping()) {
    {
      const auto guard = patience();
      pqxx::nontransaction ask(connection.pqxx());
      Publish(ask.exec1("SELECT change_number FROM fieldkms_store.store_state")[0].as<uint64_t>());
    }
    connection.pqxx().await_notification(kPoll.count(), 0);
  }
}

}  // namespace fieldkms
