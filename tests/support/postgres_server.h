// A real PostgreSQL for tests, private to the process that starts it.
#ifndef FIELDKMS_TESTS_SUPPORT_POSTGRES_SERVER_H_
#define FIELDKMS_TESTS_SUPPORT_POSTGRES_SERVER_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

// A cluster in a temporary directory, on a Unix socket in it, without passwords: the
// directory lets in nobody else. It runs as user postgres where the test runs as root,
// which PostgreSQL refuses to be. Killed with the thread that started it. Throws
// std::runtime_error where there is no PostgreSQL, or it does not start.
class PostgresServer {
 public:
  // `settings` are the server's, such as "fsync=on". Without them it syncs nothing, has little
  // memory and vacuums often.
  explicit PostgresServer(std::vector<std::string> settings = {});
  // Of an installation whose programs are in `programs`, such as one that private_postgres made;
  // user postgres must get there.
  struct Installation {
    std::string programs;
  };
  PostgresServer(Installation installation, std::vector<std::string> settings);
  // A standby that can be read, from a copy of the primary's data of now.
  struct StandbyOf {
    const PostgresServer& primary;
  };
  explicit PostgresServer(const StandbyOf& standby);
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // The path of a program of PostgreSQL's, such as "pgbench". Throws std::runtime_error where none
  // is installed.
  static std::string Program(const std::string& name);

  // The one of a test binary, started when it is first asked for, from the main thread.
  static PostgresServer& Shared();

  // Start after Stop or Kill returns when it answers. Stop waits for a clean end; Kill
  // is kill -9 of all its processes.
  void Start();
  void Stop();
  void Kill();
  // Promote makes a standby one to write to, and returns when it is.
  void Promote();
  // Freeze stops all its processes (SIGSTOP), Thaw lets them go on.
  void Freeze();
  void Thaw();

  // A directory of the given name that is the server's own.
  std::string MakeDirectory(const std::string& name) const;

  // The directory with its socket, at port 5432.
  const std::string& socket_dir() const { return dir_.path(); }
  std::string Conninfo(std::string_view database, std::string_view user) const;

  // MakeDatabase returns the name of a new, empty one. MakeStore makes one with the
  // schema of a store, for the login kServiceLogin.
  std::string MakeDatabase();
  // `options` are of CREATE DATABASE.
  std::string MakeStore(const std::string& options = "");
  static constexpr char kServiceLogin[] = "fieldkms_login";
  static constexpr char kSuperuser[] = "postgres";

  // Runs SQL on a connection of its own; rows as texts, "" for null. Throws what
  // libpqxx throws.
  using Rows = std::vector<std::vector<std::string>>;
  Rows Sql(std::string_view database, std::string_view user, const std::string& sql) const;

 private:
  std::string ProgramOfServer(const std::string& name) const;
  std::vector<pid_t> Processes() const;
  void AwaitAnswer();

  const Installation installation_;
  const std::vector<std::string> settings_;
  TempDir dir_;
  std::unique_ptr<Subprocess> process_;
  int databases_ = 0;
  std::string template_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_POSTGRES_SERVER_H_
