// The whole life of a protected column, by psql alone.
#include "tests/integration/cli/serve_fixture.h"
#include "tests/support/customer_bed.h"

namespace fieldkms::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ServeLifeTest : public ServeTest {
 protected:
  static constexpr int kRows = 300;

  ServeLifeTest() {
    Json({"key", "create", "indexes", "--purpose", "BLIND_INDEX"});
    Json({"field", "create", "customers.card", "--format", "pan", "--key", "cards", "--index-key",
          "indexes"});
    Value("CREATE TABLE public.customers (id bigint PRIMARY KEY, kind text, card text NOT NULL)");
    std::string rows;
    for (int id = 1; id <= kRows; ++id) {
      rows += (rows.empty() ? "(" : ", (") + std::to_string(id) + ", 'k', '" +
              CustomerBed::CardOf(static_cast<uint64_t>(id)) + "')";
    }
    Value("INSERT INTO public.customers VALUES " + rows);
    digest_ = Digest("card");
  }
  std::string Digest(const std::string& column) const {
    return Value("SELECT md5(string_agg(" + column + ", ',' ORDER BY id)) FROM public.customers");
  }
  std::string Columns() const {
    return Value(
        "SELECT string_agg(attname, ',' ORDER BY attname) FROM pg_attribute WHERE attrelid "
        "= 'public.customers'::regclass AND attnum > 0 AND NOT attisdropped");
  }
  std::string Status(const std::string& columns) const {
    return Value("SELECT concat_ws('/', " + columns + ") FROM kms.encryption_status");
  }

  std::string digest_;
};

TEST_F(ServeLifeTest, PlaintextBecomesCiphertextIsRotatedAndComesBack) {
  const auto serve = Serve({"--allow", "convert", "--allow", "rotate", "--allow", "unprotect"});
  EXPECT_EQ(
      Value("SELECT relation || '.' || attribute || ' ' || kind FROM kms.plaintext_suspects()"),
      "customers.card pan");

  const std::string protect =
      "protect_column('public.customers', 'card', field => "
      "'customers.card', context => '{\"kind\": \"kind\"}', "
      "index_column => 'card_index'";
  const auto rehearsed = Call(protect + ", dry_run => true)");
  EXPECT_EQ(rehearsed["conversion"], "protect");
  EXPECT_FALSE(rehearsed.contains("binding_id"));
  EXPECT_EQ(Columns(), "card,id,kind");
  const auto begun = Call(protect + ")");
  EXPECT_EQ(begun["row_key"][0], "id");
  EXPECT_EQ(begun["key"], "cards");
  EXPECT_EQ(begun["index_key"], "indexes");
  const auto again = Call(protect + ")");
  EXPECT_EQ(again["binding_id"], begun["binding_id"]);

  // The job of the beginning is the one that is waited for, or one after it where that is done.
  const auto filled = Call("fill_column('customers', 'card', wait => '2 minutes')");
  EXPECT_EQ(filled["quarantined"], 0);
  EXPECT_EQ(
      Value("SELECT count(*) FROM customers WHERE card_protected IS NULL OR card_index IS NULL"),
      "0");
  EXPECT_EQ(Call("close_column('customers', 'card')")["conversion"], "protect_closed");
  EXPECT_EQ(Call("switch_column('customers', 'card', dry_run => true)")["plain_column"],
            "card_plain");
  EXPECT_EQ(Columns(), "card,card_index,card_protected,id,kind");
  Call("switch_column('customers', 'card')");
  EXPECT_EQ(Digest("card_plain"), digest_);
  const CommandResult dropped = Psql("CALL kms.drop_plaintext('customers', 'card')");
  EXPECT_EQ(dropped.status.code, 0);
  EXPECT_THAT(dropped.err,
              AllOf(HasSubstr("Rewritten: public.customers"), HasSubstr("Write-ahead log up to")));
  EXPECT_EQ(Columns(), "card,card_index,id,kind");
  EXPECT_EQ(Value("SELECT count(*) FROM kms.plaintext_suspects()"), "0");

  AwaitSql(
      "coalesce((SELECT coverage = 1 AND rotation_debt = 0 FROM kms.encryption_status), false)");
  const auto rotated = Call("ask_rotate_key('cards', with_job => true)");
  EXPECT_EQ(rotated["primary_version"], 2);
  EXPECT_EQ(Call("await_rotation_job('" + std::string(rotated["job_id"]) +
                 "', wait => '2 minutes')")["changed"],
            kRows);
  AwaitSql(
      "coalesce((SELECT rotation_debt = 0 AND primary_version = 2 FROM kms.encryption_status), "
      "false)");
  EXPECT_EQ(Status("stage, last_job_phase, last_job_quarantined"), "encrypted/complete/0");

  Call("unprotect_column('customers', 'card', 'card_clear', type => 'text')");
  Call("fill_column('customers', 'card', wait => '2 minutes')");
  Call("close_column('customers', 'card')");
  Call("switch_column('customers', 'card', old_name => 'sealed')");
  EXPECT_EQ(Call("drop_ciphertext('customers', 'card')")["binding_id"], begun["binding_id"]);
  EXPECT_EQ(Columns(), "card,id,kind");
  EXPECT_EQ(Digest("card"), digest_);
  serve->Signal(SIGTERM);
  EXPECT_EQ(serve->Wait().code, 0) << ReadFile(log_file_);
  EXPECT_EQ(One("SELECT count(*) FROM kms.request_workers"), "0");
  // What was asked and answered has no value.
  EXPECT_EQ(One("SELECT count(*) FROM kms.requests r WHERE r::text LIKE '%" +
                CustomerBed::CardOf(1) + "%'"),
            "0");
  EXPECT_THAT(ReadFile(log_file_), Not(HasSubstr(CustomerBed::CardOf(1))));
}

}  // namespace
}  // namespace fieldkms::testing
