// fieldkms rotation serve, run for real, for a DBA who has psql and nothing else.
#ifndef FIELDKMS_TESTS_INTEGRATION_CLI_SERVE_FIXTURE_H_
#define FIELDKMS_TESTS_INTEGRATION_CLI_SERVE_FIXTURE_H_

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "tests/integration/cli/rotation_fixture.h"

namespace fieldkms::testing {

// The DBA is dba_N, who owns public.customers and may make requests; the worker has the rights that
// docs/dba-columns.md gives it, and no more.
class ServeTest : public CliRotation {
 protected:
  ServeTest() {
    static int number = 0;
    dba_ = "dba_" + std::to_string(++number);
    worker_ = "serve_" + std::to_string(number);
    bed_.Sql("CREATE ROLE " + dba_ + " LOGIN; GRANT kms_admin TO " + dba_ +
             "; GRANT CREATE ON SCHEMA public TO " + dba_);
    bed_.Sql("CREATE ROLE " + worker_ + " LOGIN; GRANT kms_admin, pg_monitor, " + dba_ + " TO " +
             worker_ + "; GRANT CREATE ON SCHEMA kms TO " + worker_ +
             "; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA kms TO " + worker_ +
             "; GRANT USAGE ON ALL SEQUENCES IN SCHEMA kms TO " + worker_);
    worker_file_ = dir_.File("worker");
    WriteFile(worker_file_, bed_.server().Conninfo(bed_.database(), worker_));
  }

  // One statement by psql, as the DBA.
  CommandResult Psql(const std::string& sql) const { return PsqlAs(dba_, sql); }
  CommandResult PsqlAs(const std::string& user, const std::string& sql) const {
    return RunCommand({.argv = {PostgresServer::Program("psql"), "-X", "-q", "-A", "-t", "-v",
                                "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-d",
                                bed_.server().Conninfo(bed_.database(), user), "-c", sql}});
  }
  // What one that succeeds prints, without the line's end.
  std::string Value(const std::string& sql) const {
    const CommandResult result = Psql(sql);
    EXPECT_EQ(result.status.code, 0) << sql << "\n" << result.err;
    return result.out.empty() ? "" : result.out.substr(0, result.out.size() - 1);
  }
  nlohmann::json Call(const std::string& call) const {
    const std::string value = Value("CALL kms." + call);
    return value.empty() ? nlohmann::json() : Parsed(value);
  }
  // What one that fails says.
  std::string Error(const std::string& call) const {
    const CommandResult result = Psql("CALL kms." + call);
    EXPECT_NE(result.status.code, 0) << call;
    return result.err;
  }
  // As superuser.
  std::string One(const std::string& sql) const { return bed_.Sql(sql)[0][0]; }
  void AwaitSql(const std::string& condition) const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (One("SELECT " + condition) != "t") {
      ASSERT_LT(std::chrono::steady_clock::now(), until) << condition;
      std::this_thread::yield();
    }
  }

  std::unique_ptr<Subprocess> Serve(const Arguments& more = {}) const {
    Arguments argv = {BinaryPath("fieldkms"), "rotation",  "serve", "--data-source", "orders",
                      "--conninfo-file",      worker_file_};
    argv.insert(argv.end(), more.begin(), more.end());
    return std::make_unique<Subprocess>(SubprocessOptions{.argv = std::move(argv),
                                                          .env = Environment(),
                                                          .stdout_path = log_file_,
                                                          .stderr_path = log_file_});
  }

  std::string dba_;
  std::string worker_;
  std::string worker_file_;
  const std::string log_file_ = dir_.File("serve.log");
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_INTEGRATION_CLI_SERVE_FIXTURE_H_
