// A database with schema kms, and a table of a role that may make requests.
#ifndef FIELDKMS_TESTS_UNIT_ROTATION_REQUESTS_FIXTURE_H_
#define FIELDKMS_TESTS_UNIT_ROTATION_REQUESTS_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "rotation/registry.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/rotation/database_fixture.h"
#include "tests/unit/rotation/libpq_session.h"

namespace fieldkms::testing {

inline std::string Joined(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ",") + text;
  return joined;
}

class RequestsTest : public DatabaseTest {
 protected:
  void SetUp() override {
    ASSERT_OK(rotation::InstallTargetSchema(database()));
    owner_ = MakeRole();
    Sql("GRANT kms_admin TO " + owner_ + "; GRANT CREATE ON SCHEMA public TO " + owner_);
    Sql("CREATE TABLE public.customers (id bigint PRIMARY KEY, card text)", owner_);
  }

  // "SQLSTATE message" of a statement that fails; "" of one that does not.
  std::string ErrorOf(const std::string& sql, const std::string& user) {
    return LibpqSession(server().Conninfo(name(), user)).ErrorOf(sql);
  }
  // Makes a request, and returns its number.
  std::string Ask(const std::string& call = "close_column('customers', 'card', wait => NULL)") {
    Sql("CALL kms." + call, owner_);
    return Sql("SELECT max(request_id) FROM kms.requests");
  }
  std::string Of(const std::string& id, const std::string& columns) {
    return Sql("SELECT concat_ws('/', " + columns + ") FROM kms.requests WHERE request_id = " + id);
  }
  // As a worker that looks for requests does.
  void WorkerIsThere(const std::string& tenant = "acme") {
    Sql("INSERT INTO kms.request_workers (worker, tenant, data_source, allows) VALUES ('w-" +
        tenant + "', '" + tenant + "', 'orders', '{convert,rotate}')");
  }

  std::string owner_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_ROTATION_REQUESTS_FIXTURE_H_
