// Columns that another tool has encrypted become protected ones of ours, with psql alone and a real
// pgcrypto.
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "tests/integration/cli/serve_fixture.h"
#ifdef FIELDKMS_ROOT_VAULT
#include "crypto/base64.h"
#include "kms/root/http_client.h"
#include "tests/support/fake_vault/fake_vault.h"
#endif

namespace fieldkms::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPassphrase[] = "canary-horse-battery";

class MigrateTest : public ServeTest {
 protected:
  MigrateTest() {
    bed_.Sql("CREATE EXTENSION pgcrypto");
    Value("CREATE TABLE public.customers (id bigint PRIMARY KEY, kind text, card bytea)");
    Secret("old", kPassphrase);
    Secret("wrong", "another one");
    WriteFile(keys_file_,
              "source_keys:\n  old: {kind: pgcrypto_pgp, secret_file: " + dir_.File("old") +
                  "}\n  wrong: {kind: pgcrypto_pgp, secret_file: " + dir_.File("wrong") + "}\n");
  }

  void Secret(const std::string& name, const std::string& text) {
    WriteFile(dir_.File(name), text);
    ASSERT_EQ(chmod(dir_.File(name).c_str(), 0600), 0);
  }
  static std::string CardSql(const std::string& id) {
    return "pgp_sym_encrypt('canary-card-' || " + id + ", '" + kPassphrase + "', 's2k-mode=0')";
  }
  void Fill(int rows) {
    bed_.Sql("INSERT INTO public.customers SELECT i, 'k', CASE WHEN i % 5 > 0 THEN " +
             CardSql("i") + " END FROM generate_series(1, " + std::to_string(rows) + ") i");
  }
  std::unique_ptr<Subprocess> ServeMigrations(const Arguments& more = {}) const {
    Arguments argv = {"--allow", "convert", "--allow", "migrate", "--source-keys", keys_file_};
    argv.insert(argv.end(), more.begin(), more.end());
    return Serve(argv);
  }
  static std::string Protect(const std::string& source_key) {
    return "protect_column('customers', 'card', key => 'cards', source => 'pgcrypto_pgp', "
           "source_key => '" +
           source_key + "')";
  }
  std::string ReasonOfRow(int id) const {
    return One(
        "SELECT string_agg(DISTINCT reason, ';') FROM kms.rotation_quarantine WHERE "
        "row_key[1] = '" +
        std::to_string(id) + "'");
  }

  const std::string keys_file_ = dir_.File("source_keys.yaml");
};

TEST_F(MigrateTest, AColumnOfPgcryptoIsMigratedWhileAnApplicationWrites) {
  Fill(400);
  const auto serve = ServeMigrations({"--allow", "unprotect"});
  std::atomic<bool> stop = false;
  std::thread application([&] {
    for (int i = 1; !stop; i = i % 400 + 1) {
      const std::string id = std::to_string(i);
      bed_.Sql("UPDATE public.customers SET card = " + CardSql("1000 + " + id) +
               " WHERE id = " + id + " AND card IS NOT NULL");
    }
  });
  EXPECT_EQ(Call(Protect("old"))["source"], "pgcrypto_pgp");
  EXPECT_EQ(Value("SELECT source FROM kms.encryption_status"), "pgcrypto_pgp");
  AwaitSql("(SELECT count(*) > 0 FROM customers WHERE card_protected IS NOT NULL)");
  stop = true;
  application.join();
  Call("fill_column('customers', 'card', wait => '2 minutes')");
  Call("close_column('customers', 'card')");
  EXPECT_GT(Call("fill_column('customers', 'card', wait => '2 minutes')")["opened"], 0);
  Call("switch_column('customers', 'card')");
  Call("drop_plaintext('customers', 'card')");
  EXPECT_EQ(Value("SELECT count(source) FROM kms.encryption_status"), "0");
  EXPECT_EQ(Value("SELECT count(*) FROM customers WHERE card IS NULL"), "80");
  // Neither values nor what opens them are anywhere but in the rows.
  const CommandResult dump = RunCommand(
      {.argv = {PostgresServer::Program("pg_dump"), "-n", "kms", "-d", bed_.conninfo()}});
  EXPECT_EQ(dump.status.code, 0);
  for (const std::string& text :
       {dump.out, ReadFile(log_file_), ReadFile(bed_.server().socket_dir() + "/log")}) {
    EXPECT_THAT(text, AllOf(Not(HasSubstr("canary-horse")), Not(HasSubstr("canary-card"))));
  }
  // What they open to now is what they opened to before.
  Call("unprotect_column('customers', 'card', 'clear')");
  Call("fill_column('customers', 'card', wait => '2 minutes')");
  EXPECT_EQ(Value("SELECT count(*) FROM customers WHERE clear IN ('canary-card-' || id, "
                  "'canary-card-' || 1000 + id)"),
            "320");
}

TEST_F(MigrateTest, AWrongKeyIsFoundBeforeAnythingIsChanged) {
  Fill(20);
  const auto serve = ServeMigrations();
  EXPECT_THAT(Error(Protect("wrong")),
              AllOf(HasSubstr("22023"), HasSubstr("option source_key"), HasSubstr("opens none"),
                    HasSubstr("does not open under its source key")));
  EXPECT_THAT(Error(Protect("missing")), HasSubstr("is no key that the worker was given"));
  EXPECT_THAT(Error("protect_column('customers', 'card', key => 'cards', source => 'rot13', "
                    "source_key => 'old')"),
              HasSubstr("option source"));
  EXPECT_EQ(One("SELECT count(*) FROM kms.protected_columns"), "0");
  EXPECT_EQ(One("SELECT count(*) FROM pg_attribute WHERE attrelid = 'customers'::regclass AND "
                "attname = 'card_protected'"),
            "0");
}

TEST_F(MigrateTest, WorkersMigrateOnlyWhereTheyWereToldTo) {
  Fill(5);
  const auto serve = Serve();
  EXPECT_THAT(Error(Protect("old")), AllOf(HasSubstr("42501"), HasSubstr("--allow migrate")));
}

TEST_F(MigrateTest, DamagedValuesAreListedAndStay) {
  Fill(60);
  bed_.Sql("UPDATE customers SET card = '\\x00' WHERE id = 1");
  bed_.Sql("UPDATE customers SET card = set_byte(card, 40, get_byte(card, 40) # 1) WHERE id = 2");
  bed_.Sql("UPDATE customers SET card = pgp_sym_encrypt('x', 'other') WHERE id = 3");
  const auto serve = ServeMigrations();
  Call(Protect("old"));
  EXPECT_EQ(Call("fill_column('customers', 'card', wait => '2 minutes')")["quarantined"], 3);
  EXPECT_EQ(ReasonOfRow(1), "is no value that its source makes");
  EXPECT_EQ(ReasonOfRow(2), "does not open under its source key");
  EXPECT_EQ(ReasonOfRow(3), "does not open under its source key");
  EXPECT_EQ(One("SELECT count(*) FROM customers WHERE card_protected IS NULL AND card IS NOT NULL"),
            "3");
  Call("close_column('customers', 'card')");
  EXPECT_THAT(Error("switch_column('customers', 'card')"), HasSubstr("quarantined 3 values"));
  bed_.Sql("UPDATE customers SET card = NULL WHERE id IN (1, 2, 3)");
  Call("fill_column('customers', 'card', wait => '2 minutes')");
  Call("switch_column('customers', 'card')");
}

TEST_F(MigrateTest, VerificationFindsValuesOfOtherRows) {
  Fill(30);
  const auto serve = ServeMigrations();
  Call(Protect("old"));
  Call("fill_column('customers', 'card', wait => '2 minutes')");
  // Behind the triggers' back.
  bed_.Sql("ALTER TABLE customers DISABLE TRIGGER ALL");
  bed_.Sql("UPDATE customers SET card = " + CardSql("2") + " WHERE id = 1");
  bed_.Sql("ALTER TABLE customers ENABLE TRIGGER ALL");
  EXPECT_EQ(Call("fill_column('customers', 'card', wait => '2 minutes')")["quarantined"], 1);
  EXPECT_EQ(ReasonOfRow(1), "does not open to what the value of its source beside it opens to");
}

// Nothing proves such values, and a wrong key opens some of them by chance.
TEST_F(MigrateTest, AKeyThatOpensOnlySomeUnprovenValuesIsRefused) {
  Secret("raw", "sixteen bytes of");
  WriteFile(keys_file_, "source_keys:\n  raw: {kind: pgcrypto_raw, secret_file: " +
                            dir_.File("raw") + ", nonce: '00'}\n");
  Value("CREATE TABLE public.pins (id int PRIMARY KEY, pin bytea)");
  bed_.Sql(
      "INSERT INTO pins SELECT i, encrypt(('pin ' || i)::bytea, CASE WHEN i <= 4 THEN "
      "'sixteen bytes of' ELSE 'another key of it' END::bytea, 'aes') FROM generate_series(1, 20) "
      "i");
  const auto serve = ServeMigrations();
  const std::string protect =
      "protect_column('pins', 'pin', key => 'cards', source => 'pgcrypto_raw', source_key => "
      "'raw', "
      "fill => false)";
  EXPECT_THAT(Error(protect), AllOf(HasSubstr("option source_key"), HasSubstr("of the 20 values")));
  bed_.Sql("DELETE FROM pins WHERE id > 6");
  Call(protect);
}

// A vector in a column of its own; and one that the application changes with the value.
TEST_F(MigrateTest, ColumnsBesideAValueAreReadWithIt) {
  Secret("raw", "sixteen bytes of");
  WriteFile(keys_file_, "source_keys:\n  raw: {kind: pgcrypto_raw, secret_file: " +
                            dir_.File("raw") + ", columns: [nonce]}\n");
  Value("CREATE TABLE public.pins (id int PRIMARY KEY, iv bytea, pin bytea)");
  const std::string pin = "encrypt_iv(('pin ' || id)::bytea, 'sixteen bytes of', iv, 'aes')";
  bed_.Sql(
      "INSERT INTO pins SELECT i, gen_random_bytes(16) FROM generate_series(1, 20) i; "
      "UPDATE pins SET pin = " +
      pin);
  const auto serve = ServeMigrations({"--allow", "unprotect"});
  const std::string protect =
      "protect_column('pins', 'pin', key => 'cards', source => 'pgcrypto_raw', source_key => 'raw'";
  EXPECT_THAT(Error(protect + ")"), AllOf(HasSubstr("option source_columns"), HasSubstr("1")));
  EXPECT_THAT(Error(protect + ", source_columns => '{pin}')"), HasSubstr("22023"));
  EXPECT_THAT(Error(protect + ", source_columns => '{missing}')"),
              HasSubstr("option source_columns"));
  EXPECT_EQ(Call(protect + ", fill => false, source_columns => '{iv}')")["source_columns"][0],
            "iv");
  Value("ALTER TABLE pins RENAME COLUMN iv TO vector");
  EXPECT_EQ(Call("fill_column('pins', 'pin', wait => '2 minutes')")["opened"], 20);
  // Another vector is another value: what was made is cleared, and made again.
  bed_.Sql(
      "UPDATE pins SET vector = gen_random_bytes(16) WHERE id = 7; UPDATE pins SET pin = "
      "encrypt_iv('pin 7', 'sixteen bytes of', vector, 'aes') WHERE id = 7");
  EXPECT_EQ(Value("SELECT pin_protected IS NULL FROM pins WHERE id = 7"), "t");
  Call("close_column('pins', 'pin')");
  Call("fill_column('pins', 'pin', wait => '2 minutes')");
  Call("switch_column('pins', 'pin')");
  Call("drop_plaintext('pins', 'pin')");
  EXPECT_EQ(Value("SELECT cardinality(source_attributes) FROM kms.protected_columns"), "0");
  Call("unprotect_column('pins', 'pin', 'clear')");
  Call("fill_column('pins', 'pin', wait => '2 minutes')");
  EXPECT_EQ(Value("SELECT count(*) FROM pins WHERE clear = 'pin ' || id"), "20");
}

// The command line, and a column of text with armour.
TEST_F(MigrateTest, TheCommandLineMigratesText) {
  Value("CREATE TABLE public.notes (id int PRIMARY KEY, note text)");
  bed_.Sql(std::string("INSERT INTO notes SELECT i, armor(pgp_sym_encrypt('canary ' || i, '") +
           kPassphrase + "', 'compress-algo=1')) FROM generate_series(1, 10) i");
  Arguments protect = {"column",        "protect",      "public.notes",  "note",
                       "--key",         "cards",        "--row-key",     "id",
                       "--source",      "pgcrypto_pgp", "--source-keys", keys_file_,
                       "--data-source", "orders",       "--start",       "--source-key"};
  Arguments wrong = protect;
  wrong.emplace_back("wrong");
  EXPECT_EQ(ErrorOf(wrong).second, "source-key");
  protect.emplace_back("old");
  const std::string job = Json(protect)["job_id"];
  // A worker without the keys says so, and leaves the job as it is.
  EXPECT_EQ(ErrorOf({"rotation", "run", job}).first, "CONFIG_INVALID");
  EXPECT_EQ(Cli({"rotation", "run", job, "--source-keys", keys_file_}).status.code, 0);
  EXPECT_EQ(One("SELECT count(*) FROM notes WHERE note_protected IS NOT NULL"), "10");
}

#ifdef FIELDKMS_ROOT_VAULT

std::string Base64Of(const std::string& bytes) {
  std::string text(Base64Size(Base64::kPadded, bytes.size()), '\0');
  EncodeBase64(Base64::kPadded, AsBytes(bytes), AsMutableBytes(text));
  return text;
}

// As an application does that Vault encrypts for: bound to its row.
std::string EncryptedByVault(const FakeVault& vault, const std::string& plaintext,
                             const std::string& row) {
  const auto http = MakeHttpClient({}).value();
  const nlohmann::json body = {{"plaintext", Base64Of(plaintext)},
                               {"associated_data", Base64Of(row)}};
  const auto reply = http->Send({"POST",
                                 vault.url() + "/v1/transit/encrypt/cards",
                                 {{"X-Vault-Token", FakeVault::kRootToken}},
                                 body.dump()},
                                kNoDeadline);
  return nlohmann::json::parse(reply.value().body)["data"]["ciphertext"];
}

TEST_F(MigrateTest, AColumnOfVaultsTransitIsMigrated) {
  FakeVault vault;
  Secret("token", FakeVault::kRootToken);
  WriteFile(keys_file_,
            "source_keys:\n  transit:\n    kind: vault_transit\n    columns: "
            "[associated_data]\n    vault: {address: \"" +
                vault.url() + "\", key: cards, token_file: " + dir_.File("token") + "}\n");
  Value("CREATE TABLE public.guests (id bigint PRIMARY KEY, card text)");
  std::string rows;
  for (int i = 1; i <= 60; ++i) {
    const std::string id = std::to_string(i);
    rows += (i > 1 ? ", (" : "(") + id + ", '" +
            EncryptedByVault(vault, "canary-card-" + id, i == 7 ? "8" : id) + "')";
  }
  bed_.Sql("INSERT INTO public.guests VALUES " + rows);
  const auto serve = ServeMigrations({"--allow", "unprotect"});
  Call(
      "protect_column('guests', 'card', key => 'cards', source => 'vault_transit', source_key => "
      "'transit', source_columns => '{id}')");
  // What was sealed for another row does not open for this one: it stays as it is.
  EXPECT_EQ(Call("fill_column('guests', 'card', wait => '2 minutes')")["quarantined"], 1);
  EXPECT_EQ(ReasonOfRow(7), "does not open under its source key");
  bed_.Sql("UPDATE guests SET card = NULL WHERE id = 7");
  Call("close_column('guests', 'card')");
  Call("fill_column('guests', 'card', wait => '2 minutes')");
  Call("switch_column('guests', 'card')");
  Call("drop_plaintext('guests', 'card')");
  // Vault is not asked any more.
  const int asked = vault.Requests("transit/decrypt/cards");
  Call("unprotect_column('guests', 'card', 'clear')");
  Call("fill_column('guests', 'card', wait => '2 minutes')");
  EXPECT_EQ(Value("SELECT count(*) FROM guests WHERE clear = 'canary-card-' || id"), "59");
  EXPECT_EQ(vault.Requests("transit/decrypt/cards"), asked);
  EXPECT_THAT(ReadFile(log_file_),
              AllOf(Not(HasSubstr(FakeVault::kRootToken)), Not(HasSubstr("canary-card"))));
}

#endif  // FIELDKMS_ROOT_VAULT

}  // namespace
}  // namespace fieldkms::testing
