// fieldkms rotation and fieldkms column, run for real: against a real fieldkmsd, and a table of
// sealed cards in a real PostgreSQL.
#ifndef FIELDKMS_TESTS_INTEGRATION_CLI_ROTATION_FIXTURE_H_
#define FIELDKMS_TESTS_INTEGRATION_CLI_ROTATION_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "clients/cpp/rotation_client.h"
#include "tests/support/rotation_bed.h"
#include "tests/support/status_matchers.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

// The tenant is acme, the key cards, the data source orders.
class CliRotation : public ::testing::Test {
 protected:
  using Arguments = std::vector<std::string>;

  CliRotation() : bed_(PostgresServer::Shared()) { WriteFile(conninfo_file_, bed_.conninfo()); }

  std::map<std::string, std::string> Environment() const {
    return {{"FIELDKMS_TARGET", bed_.daemon().target()},
            {"FIELDKMS_TENANT", RotationBed::kTenant},
            {"FIELDKMS_CONNINFO_FILE", conninfo_file_}};
  }
  CommandResult Cli(Arguments arguments) const {
    arguments.insert(arguments.begin(), BinaryPath("fieldkms"));
    return RunCommand({.argv = std::move(arguments), .env = Environment()});
  }
  // What a command that does its work prints under --json.
  nlohmann::json Json(Arguments arguments) const {
    arguments.push_back("--json");
    const CommandResult result = Cli(std::move(arguments));
    EXPECT_EQ(result.status.code, 0) << result.err;
    return Parsed(result.out);
  }
  // The error of one that does not: its reason and field.
  std::pair<std::string, std::string> ErrorOf(Arguments arguments) const {
    arguments.push_back("--json");
    const CommandResult result = Cli(std::move(arguments));
    EXPECT_NE(result.status.code, 0);
    const nlohmann::json error = Parsed(result.err)["error"];
    return {error["reason"], error["field"]};
  }
  static nlohmann::json Parsed(const std::string& text) {
    nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << text;
    return json;
  }

  // A job of the key, without limits: a database of a test is not one to be careful with.
  std::string CreateJob(const Arguments& more = {}) const {
    Arguments arguments = {"rotation",      "create", "--key",      RotationBed::kKey,
                           "--data-source", "orders", "--unlimited"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Json(arguments)["job_id"];
  }

  // The job as the service has it, once it is as it is wanted.
  v1::RotationJob AwaitJob(const std::string& job_id,
                           const std::function<bool(const v1::RotationJob&)>& wanted) {
    v1::WatchJobRequest request;
    request.set_tenant(RotationBed::kTenant);
    request.set_job_id(job_id);
    v1::RotationJob last;
    EXPECT_OK(RotationClient(bed_.client()).WatchJob(request, [&](const v1::RotationJob& job) {
      last = job;
      return !wanted(job);
    }));
    return last;
  }
  void AwaitWorkers(const std::string& job_id, int count) {
    AwaitJob(job_id, [count](const v1::RotationJob& job) {
      return job.progress().workers_size() == count;
    });
  }

  mutable RotationBed bed_;
  const TempDir dir_;
  const std::string conninfo_file_ = dir_.File("conninfo");
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_INTEGRATION_CLI_ROTATION_FIXTURE_H_
