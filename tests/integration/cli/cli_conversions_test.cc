// fieldkms column protect to drop-ciphertext: a column of plaintext becomes one of ciphertext, and
// back. Rows are filled by SQL.
#include "tests/integration/cli/on_terminal.h"
#include "tests/integration/cli/rotation_fixture.h"

namespace fieldkms::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

class CliConversions : public CliRotation {
 protected:
  CliConversions() {
    bed_.Sql(
        "CREATE TABLE public.customers (id bigint PRIMARY KEY, kind text, card text, doc jsonb); "
        "INSERT INTO public.customers VALUES (1, 'a', '4111', '{}')");
  }
  static Arguments ProtectArguments(const Arguments& more = {}) {
    Arguments arguments = {"column", "protect", "public.customers", "card",
                           "--key",  "cards",   "--row-key",        "id"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  static Arguments Of(const std::string& command, const Arguments& more = {}) {
    Arguments arguments = {"column", command, "public.customers", "card"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  void Fill() const {
    bed_.Sql("UPDATE customers SET card_protected = '\\x11' WHERE card_protected IS NULL");
  }
  std::string Columns() const {
    return bed_.Sql(
        "SELECT string_agg(attname, ',' ORDER BY attname) FROM pg_attribute WHERE "
        "attrelid = 'customers'::regclass AND attnum > 0 AND NOT attisdropped")[0][0];
  }
};

TEST_F(CliConversions, PlaintextBecomesCiphertextAndComesBack) {
  const CommandResult begun = Cli(ProtectArguments());
  EXPECT_EQ(begun.status.code, 0) << begun.err;
  EXPECT_THAT(begun.out,
              AllOf(HasSubstr("column      card_protected\n"), HasSubstr("plaintext   card\n"),
                    HasSubstr("stage       protect\n"), HasSubstr("Values must be sealed in"),
                    HasSubstr("fieldkms column close public.customers card")));
  const auto again = Json(ProtectArguments());  // as often as it is asked
  EXPECT_EQ(again["conversion"], "protect");
  EXPECT_EQ(again["plain_column"], "card");
  EXPECT_EQ(again["job_id"], nullptr);

  EXPECT_EQ(Json(Of("close"))["conversion"], "protect_closed");
  EXPECT_EQ(Json({"column", "list"})["columns"][0].contains("unfilled_rows"), false);
  EXPECT_EQ(Json({"column", "list", "--count"})["columns"][0]["unfilled_rows"], 1);
  EXPECT_THAT(Cli({"column", "list", "--count"}).out, HasSubstr("UNFILLED"));
  EXPECT_THAT(ErrorOf(Of("switch")), Pair("DATABASE_REFUSED", ""));
  EXPECT_EQ(Json(Of("reopen"))["conversion"], "protect");
  Fill();
  Json(Of("close"));
  const auto switched = Json(Of("switch"));
  EXPECT_EQ(switched["column"], "card");
  EXPECT_EQ(switched["plain_column"], "card_plain");
  EXPECT_THAT(Cli({"column", "list"}).out, AllOf(HasSubstr("card_plain"), HasSubstr("protected")));

  const CommandResult dropped = Cli(Of("drop-plaintext", {"--yes"}));
  EXPECT_EQ(dropped.status.code, 0) << dropped.err;
  EXPECT_THAT(dropped.out,
              AllOf(HasSubstr("rewritten  public.customers"), HasSubstr("Write-ahead log up to "),
                    HasSubstr("materialized views, dumps"), Not(HasSubstr("NOT rewritten"))));
  EXPECT_EQ(Columns(), "card,doc,id,kind");
  EXPECT_EQ(Json({"column", "list"})["columns"][0]["conversion"], nullptr);

  const auto back = Json(Of("unprotect", {"--into", "clear", "--type", "character varying(19)"}));
  EXPECT_EQ(back["conversion"], "unprotect");
  bed_.Sql("UPDATE customers SET clear = '4111'");
  Json(Of("close"));
  EXPECT_EQ(Json(Of("switch", {"--as", "old"}))["column"], "old");
  const auto gone = Json(Of("drop-ciphertext", {"--yes"}));
  EXPECT_EQ(gone["removed"], true);
  EXPECT_EQ(gone["binding_id"], again["binding_id"]);
  EXPECT_EQ(Columns(), "card,doc,id,kind");
  EXPECT_THAT(Json({"column", "list"})["columns"], SizeIs(0));
  EXPECT_EQ(Cli(Of("drop-ciphertext", {"--yes"})).status.code, 3);
}

TEST_F(CliConversions, NamesCanStayAndAFirstHalfCanWait) {
  Json(ProtectArguments({"--into", "sealed", "--text"}));
  bed_.Sql("UPDATE customers SET sealed = 'fk1.x'");
  Json(Of("close"));
  EXPECT_EQ(Json(Of("switch", {"--keep-names"}))["column"], "sealed");
  const auto left = Json(Of("drop-plaintext", {"--no-rewrite", "--yes"}));
  EXPECT_EQ(left["pending"][0]["table"], "customers");
  EXPECT_EQ(left["column"]["conversion"], "rewriting");
  EXPECT_THAT(
      Cli({"column", "drop-plaintext", "public.customers", "sealed", "--no-rewrite", "--yes"}).out,
      HasSubstr("NOT rewritten  public.customers"));
  const auto done = Json({"column", "drop-plaintext", "public.customers", "sealed", "--yes"});
  EXPECT_EQ(done["rewritten"][0]["table"], "customers");
  EXPECT_EQ(done["column"]["conversion"], nullptr);
  EXPECT_THAT(std::string(done["wal_position"]), HasSubstr("/"));
}

TEST_F(CliConversions, IsTakenBack) {
  Json(ProtectArguments());
  EXPECT_THAT(ErrorOf({"column", "remove", "public.customers", "card_protected"}),
              Pair("DATABASE_REFUSED", ""));
  EXPECT_EQ(Json(Of("abandon"))["abandoned"], true);
  EXPECT_EQ(Columns(), "card,doc,id,kind");
  EXPECT_EQ(Cli(Of("abandon")).status.code, 3);
}

// Whoever types the name has read what is lost.
TEST_F(CliConversions, AsksBeforeItDropsAnything) {
  Json(ProtectArguments());
  Fill();
  Json(Of("close"));
  Json(Of("switch"));
  const auto asked = [&](const std::string& answer) {
    OnTerminal terminal(Environment(), Of("drop-plaintext"));
    EXPECT_THAT(terminal.ReadUntil("go on: "), HasSubstr("neither read nor written"));
    terminal.Type(answer + "\n");
    terminal.ReadAll();
    return WEXITSTATUS(terminal.Wait());
  };
  EXPECT_EQ(asked("yes"), 2);
  EXPECT_THAT(Columns(), HasSubstr("card_plain"));
  EXPECT_EQ(asked("card"), 0);
  EXPECT_EQ(Columns(), "card,doc,id,kind");
}

TEST_F(CliConversions, AFieldSaysShapeAndKeys) {
  Json({"key", "create", "indexes", "--purpose", "BLIND_INDEX"});
  Json({"field", "create", "customers.card", "--format", "pan", "--key", "cards", "--index-key",
        "indexes"});
  const auto card = Json({"column", "protect", "public.customers", "card", "--field",
                          "customers.card", "--row-key", "id", "--index-column", "card_index"});
  EXPECT_EQ(card["key"], "cards");
  EXPECT_EQ(card["index_key"], "indexes");
  EXPECT_EQ(card["shape"], "bytea");
  Json({"field", "create", "customers.doc", "--format", "json", "--key", "cards", "--json-pointer",
        "/a"});
  const auto doc = Json(
      {"column", "protect", "public.customers", "doc", "--field", "customers.doc", "--no-row-key"});
  EXPECT_EQ(doc["shape"], "jsonb");
  EXPECT_THAT(Columns(), HasSubstr("card_index,card_protected,doc,doc_protected"));
}

TEST_F(CliConversions, RefusesWhatDoesNotFit) {
  const auto invalid = [](const std::string& field) { return Pair("INVALID_FIELD", field); };
  const auto error = [&](const std::string& column, const Arguments& more) {
    Arguments arguments = {"column", "protect", "public.customers", column, "--key", "cards"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return ErrorOf(arguments);
  };
  EXPECT_THAT(error("missing", {"--no-row-key"}), invalid("column"));
  EXPECT_THAT(error("id", {"--no-row-key"}), invalid("column"));
  EXPECT_THAT(error("card", {"--no-row-key", "--into", "kind"}), invalid("into"));
  EXPECT_THAT(error("card", {"--row-key", "card"}), invalid("row-key"));
  EXPECT_THAT(error("card", {"--row-key", "missing"}), invalid("row-key"));
  EXPECT_THAT(error("card", {"--no-row-key", "--index-column", "kind"}), invalid("index-column"));
  EXPECT_THAT(error("card", {"--no-row-key", "--index-key", "cards"}), invalid("index-key"));
  EXPECT_THAT(error("card", {"--no-row-key", "--start"}), invalid("start"));
  EXPECT_THAT(error("card", {"--no-row-key", "--index-column", "i", "--index-key", "cards"}),
              Pair("KEY_PURPOSE", "index-key"));
  EXPECT_EQ(Columns(), "card,doc,id,kind");
  Json(ProtectArguments());
  Fill();
  Json(Of("close"));
  EXPECT_THAT(ErrorOf(Of("switch", {"--as", "kind"})), invalid("as"));
  Json(Of("switch"));
  Json(Of("drop-plaintext", {"--yes"}));
  EXPECT_THAT(ErrorOf(Of("unprotect", {"--into", "kind2", "--type", "nothing"})), invalid("type"));
  EXPECT_THAT(ErrorOf(Of("unprotect", {"--into", "id"})), invalid("into"));
}

// With the job that fills it, all by the command line.
TEST_F(CliConversions, AJobFillsTheColumnUntilItIsSwitched) {
  bed_.Sql("INSERT INTO customers SELECT i, 'k', '4' || i FROM generate_series(2, 300) i");
  const auto begun = Json(ProtectArguments({"--data-source", "orders", "--start"}));
  const std::string job = begun["job_id"];
  Json({"rotation", "limits", job, "--unlimited"});
  EXPECT_EQ(Cli({"rotation", "run", job}).status.code, 0);
  const auto status = Json({"rotation", "status", job});
  EXPECT_EQ(status["state"], "DONE");
  EXPECT_EQ(status["spec"]["transform"], "ENCRYPT");
  EXPECT_EQ(status["outcome"]["counts"]["opened"], 300);
  Json(Of("close"));
  Json(Of("switch"));
  EXPECT_EQ(bed_.Sql("SELECT count(*) FROM customers WHERE substr(card, 1, 1) = '\\x11'")[0][0],
            "300");
}

// Also by the field that makes them.
TEST_F(CliConversions, TextsOfAFormatAreRegisteredWithTheirVersions) {
  bed_.Sql("ALTER TABLE customers ADD v smallint");
  Json({"key", "create", "texts", "--purpose", "FPE"});
  Json({"field", "create", "customers.pin", "--format", "pan", "--fpe-key", "texts"});
  const auto added = Json({"column", "add", "public.customers", "card", "--field", "customers.pin",
                           "--no-row-key", "--version-column", "v"});
  EXPECT_EQ(added["shape"], "fpe");
  EXPECT_EQ(added["key"], "texts");
  EXPECT_EQ(added["version_column"], "v");
}

}  // namespace
}  // namespace fieldkms::testing
