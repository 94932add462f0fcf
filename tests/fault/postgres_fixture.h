// What tests of faults under a PostgreSQL store have in common.
#ifndef FIELDKMS_TESTS_FAULT_POSTGRES_FIXTURE_H_
#define FIELDKMS_TESTS_FAULT_POSTGRES_FIXTURE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "kms/clock.h"
#include "kms/store/postgres_store.h"
#include "tests/support/cut_proxy.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {

// A store of its own for each test, with tenant "acme", on the shared server: straight,
// and through a proxy.
class PostgresFault : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(straight().CreateTenant("acme", Kek(1), Fresh(), kNoDeadline));
  }

  static PostgresServer& server() { return PostgresServer::Shared(); }
  CutProxy& proxy() { return proxy_; }
  // Opened when they are first asked for.
  Store& straight() { return Opened(straight_, server().socket_dir()); }
  Store& proxied() { return Opened(proxied_, proxy_.socket_dir()); }
  void CloseProxied() { proxied_.reset(); }
  const std::string& database() const { return database_; }

  std::string Superuser(const std::string& sql) const {
    const auto rows = server().Sql(database_, PostgresServer::kSuperuser, sql);
    return rows.empty() || rows[0].empty() ? std::string() : rows[0][0];
  }

  static WallTime Time() { return WallTime(std::chrono::microseconds(1'700'000'000'000'001)); }
  static Deadline In(std::chrono::milliseconds time) {
    return std::chrono::steady_clock::now() + time;
  }
  static KekRecord Kek(uint32_t version) {
    return {version, "kek " + std::to_string(version), Time()};
  }
  static KeyRecord Key(std::string_view name, uint64_t key_id) {
    KeyRecord key;
    key.tenant = "acme";
    key.name = name;
    key.key_id = key_id;
    key.create_time = Time();
    return key;
  }
  static KeyVersionRecord Version(uint32_t version) {
    KeyVersionRecord record;
    record.version = version;
    record.kek_version = 1;
    record.wrapped = "wrapped " + std::to_string(version);
    record.create_time = Time();
    return record;
  }
  Mutation Fresh() { return {"request-" + std::to_string(++requests_), std::string(32, 'f')}; }

 private:
  Store& Opened(std::unique_ptr<Store>& store, const std::string& dir) {
    if (!store) {
      auto opened =
          OpenPostgresStore({.conninfo = "host=" + dir + " port=5432 dbname=" + database_ +
                                         " user=" + PostgresServer::kServiceLogin},
                            SystemClock());
      EXPECT_OK(opened);
      store = std::move(opened).value();
    }
    return *store;
  }

  const std::string database_ = server().MakeStore();
  CutProxy proxy_{server().socket_dir()};
  std::unique_ptr<Store> straight_;
  std::unique_ptr<Store> proxied_;
  int requests_ = 0;
};

// With the connection cut at a COMMIT: before the server has it, and after it has done it.
class PostgresCommit : public PostgresFault, public ::testing::WithParamInterface<CutProxy::Cut> {
 protected:
  // Cuts the next COMMIT through proxied().
  void CutNextCommit() {
    proxied();
    proxy().CutNextCommit(GetParam());
  }
  // Checks that the connection was cut, once, since the last call.
  void ExpectCut() { EXPECT_EQ(proxy().cuts(), ++cuts_) << "no COMMIT passed by"; }
  uint64_t Newest() {
    return std::stoull(Superuser("SELECT change_number FROM fieldkms_store.store_state"));
  }
  KeyRecord HaveKey() {
    auto made = straight().CreateKey(Key("k", 7), Version(1), Fresh(), kNoDeadline);
    EXPECT_OK(made);
    return made.ok() ? made->value : KeyRecord();
  }

 private:
  int cuts_ = 0;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_FAULT_POSTGRES_FIXTURE_H_
