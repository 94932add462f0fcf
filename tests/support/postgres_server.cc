#include "tests/support/postgres_server.h"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <pqxx/pqxx>
#include <stdexcept>
#include <thread>
#include <utility>

#include "kms/store/postgres_migrations.h"

namespace fieldkms::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPatience{60};

// The kernel forgets whom to die with when a process changes its user: setpriv asks anew.
std::vector<std::string> AsPostgres(std::vector<std::string> command) {
  if (::geteuid() != 0) return command;
  std::vector<std::string> whole = {"setpriv",        "--reuid=postgres", "--regid=postgres",
                                    "--clear-groups", "--pdeathsig=KILL", "--"};
  whole.insert(whole.end(), command.begin(), command.end());
  return whole;
}

void Require(bool ok, const std::string& what) {
  if (!ok) throw std::runtime_error(what);
}

void GiveToPostgres(const std::string& path) {
  if (::geteuid() != 0) return;
  const passwd* user = ::getpwnam("postgres");
  Require(user != nullptr && ::chown(path.c_str(), user->pw_uid, user->pw_gid) == 0,
          "no user postgres");
}

}  // namespace

std::string PostgresServer::Program(const std::string& name) {
  for (const char* version : {"17", "16", "15", "14", "13"}) {
    const std::string path = std::string("/usr/lib/postgresql/") + version + "/bin/" + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  throw std::runtime_error("PostgreSQL is not installed: deploy/dependencies");
}

std::string PostgresServer::ProgramOfServer(const std::string& name) const {
  return installation_.programs.empty() ? Program(name) : installation_.programs + "/" + name;
}

PostgresServer::PostgresServer(std::vector<std::string> settings)
    : PostgresServer(Installation(), std::move(settings)) {}

PostgresServer::PostgresServer(Installation installation, std::vector<std::string> settings)
    : installation_(std::move(installation)), settings_(std::move(settings)) {
  GiveToPostgres(dir_.path());
  const CommandResult made = RunCommand(
      {.argv = AsPostgres({ProgramOfServer("initdb"), "-D", dir_.File("data"), "-U", kSuperuser,
                           "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"}),
       .working_dir = "/"});
  Require(made.status == ExitStatus{0, 0}, "initdb: " + made.err);
  Start();
}

PostgresServer::PostgresServer(const StandbyOf& standby) {
  GiveToPostgres(dir_.path());
  const CommandResult copied = RunCommand(
      {.argv = AsPostgres(
           {Program("pg_basebackup"), "-d", standby.primary.Conninfo("postgres", kSuperuser), "-D",
            dir_.File("data"), "--write-recovery-conf", "--checkpoint=fast", "--no-sync"}),
       .working_dir = "/"});
  Require(copied.status == ExitStatus{0, 0}, "pg_basebackup: " + copied.err);
  Start();
}

PostgresServer::~PostgresServer() {
  Thaw();
  Kill();
}

PostgresServer& PostgresServer::Shared() {
  static PostgresServer server;
  return server;
}

void PostgresServer::Start() {
  std::vector<std::string> command = {ProgramOfServer("postgres"), "-D", dir_.File("data"), "-k",
                                      dir_.path()};
  std::vector<std::string> settings = {"listen_addresses=",     "fsync=off",
                                       "autovacuum_naptime=1s", "shared_buffers=16MB",
                                       "max_connections=40",    "max_prepared_transactions=10"};
  settings.insert(settings.end(), settings_.begin(), settings_.end());  // the last one counts
  for (const std::string& setting : settings) {
    command.insert(command.end(), {"-c", setting});
  }
  process_ = std::make_unique<Subprocess>(SubprocessOptions{
      .argv = AsPostgres(command), .stderr_path = dir_.File("log"), .working_dir = "/"});
  AwaitAnswer();
}

void PostgresServer::AwaitAnswer() {
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    try {
      Sql("postgres", kSuperuser, "SELECT 1");
      return;
    } catch (const std::exception&) {
      const bool ended = process_->WaitFor(milliseconds(10)).has_value();
      Require(!ended && std::chrono::steady_clock::now() < give_up,
              "PostgreSQL does not start: " + ReadFile(dir_.File("log")));
    }
  }
}

void PostgresServer::Stop() {
  if (!process_) return;
  process_->Signal(SIGINT);  // "fast": ends sessions
  process_->Wait();
  process_.reset();
}

std::vector<pid_t> PostgresServer::Processes() const {
  std::vector<pid_t> all;
  if (!process_) return all;
  const std::string pid = std::to_string(process_->pid());
  std::ifstream children("/proc/" + pid + "/task/" + pid + "/children");
  // The postmaster first: it starts no more then.
  all.push_back(process_->pid());
  for (pid_t child = 0; children >> child;) all.push_back(child);
  return all;
}

void PostgresServer::Kill() {
  if (!process_) return;
  const std::vector<pid_t> all = Processes();
  for (const pid_t process : all) ::kill(process, SIGKILL);
  process_->Wait();
  process_.reset();
  // A child that is not gone yet keeps the shared memory that the next start wants.
  for (const pid_t process : all) {
    while (::kill(process, 0) == 0) std::this_thread::sleep_for(milliseconds(1));
  }
}

void PostgresServer::Promote() {
  const Rows promoted = Sql("postgres", kSuperuser, "SELECT pg_promote()");
  Require(promoted[0][0] == "t", "the standby was not promoted");
}

void PostgresServer::Freeze() {
  for (const pid_t process : Processes()) ::kill(process, SIGSTOP);
}

void PostgresServer::Thaw() {
  for (const pid_t process : Processes()) ::kill(process, SIGCONT);
}

std::string PostgresServer::MakeDirectory(const std::string& name) const {
  const std::string path = dir_.File(name);
  std::filesystem::create_directories(path);
  GiveToPostgres(path);
  return path;
}

std::string PostgresServer::Conninfo(std::string_view database, std::string_view user) const {
  return "host=" + dir_.path() + " port=5432 dbname=" + std::string(database) +
         " user=" + std::string(user);
}

std::string PostgresServer::MakeDatabase() {
  const std::string name = "test_" + std::to_string(++databases_);
  Sql("postgres", kSuperuser, "CREATE DATABASE " + name);
  return name;
}

std::string PostgresServer::MakeStore(const std::string& options) {
  if (template_.empty()) {
    Sql("postgres", kSuperuser, std::string("CREATE ROLE ") + kServiceLogin + " LOGIN");
    const std::string made = MakeDatabase();
    const auto report =
        MigratePostgresStore({.conninfo = Conninfo(made, kSuperuser), .grant_to = {kServiceLogin}});
    Require(report.ok(), std::string(report.status().message()));
    template_ = made;
  }
  const std::string name = "store_" + std::to_string(++databases_);
  Sql("postgres", kSuperuser, "CREATE DATABASE " + name + " TEMPLATE " + template_ + " " + options);
  return name;
}

PostgresServer::Rows PostgresServer::Sql(std::string_view database, std::string_view user,
                                         const std::string& sql) const {
  pqxx::connection connection(Conninfo(database, user));
  const pqxx::quiet_errorhandler quiet(connection);
  pqxx::nontransaction work(connection);
  Rows rows;
  for (const auto& row : work.exec(sql)) {
    rows.emplace_back();
    for (const auto& field : row) rows.back().emplace_back(field.is_null() ? "" : field.c_str());
  }
  return rows;
}

}  // namespace fieldkms::testing
