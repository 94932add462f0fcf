// fieldkms column: the registry of an application's database.
#include <sys/stat.h>

#include "tests/integration/cli/rotation_fixture.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr char kBindingId[] = "000102030405060708090a0b0c0d0e0f";

class CliColumns : public CliRotation {
 protected:
  CliColumns() {
    bed_.Sql(
        "CREATE TABLE public.customers (id bigint PRIMARY KEY, region text NOT NULL, card bytea, "
        "card_index bytea, notes jsonb, \"Kind\" text, born date)");
  }
  nlohmann::json Add(const Arguments& more) const {
    Arguments arguments = {"column", "add"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Json(arguments);
  }
  std::pair<std::string, std::string> AddError(const Arguments& more) const {
    Arguments arguments = {"column", "add"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return ErrorOf(arguments);
  }
  // Adds public.customers.card with more options, which should be refused.
  std::pair<std::string, std::string> CardError(Arguments more) const {
    more.insert(more.begin(), {"public.customers", "card"});
    return AddError(more);
  }
};

TEST_F(CliColumns, AColumnComesAndGoes) {
  const auto added =
      Add({"public.customers", "card", "--key", "cards", "--row-key", "region,id", "--context",
           "kind=\"Kind\"", "--index-column", "card_index", "--binding-id", kBindingId});
  EXPECT_EQ(added["shape"], "bytea");
  EXPECT_EQ(added["row_key"], nlohmann::json({"region", "id"}));
  EXPECT_EQ(added["context"], nlohmann::json({{"kind", "Kind"}}));
  EXPECT_EQ(added["index_column"], "card_index");
  EXPECT_EQ(added["binding_id"], kBindingId);
  EXPECT_EQ(added["field"], nullptr);
  EXPECT_EQ(Add({"public.customers", "notes", "--key", "cards", "--no-row-key"})["shape"], "jsonb");

  const auto list = Json({"column", "list"});
  ASSERT_THAT(list["columns"], SizeIs(2));
  EXPECT_EQ(list["columns"][0], added);
  EXPECT_THAT(list["orphans"], SizeIs(0));
  EXPECT_THAT(Json({"column", "list", "--tenant", "other"})["columns"], SizeIs(0));
  EXPECT_THAT(Cli({"column", "list"}).out, HasSubstr("public.customers  card "));

  const auto removed = Json({"column", "remove", "public.customers", "card"});
  EXPECT_EQ(removed["binding_id"], kBindingId);  // whoever needs it again has it
  EXPECT_EQ(removed["removed"], true);
  EXPECT_THAT(Json({"column", "list"})["columns"], SizeIs(1));
  EXPECT_EQ(Cli({"column", "remove", "public.customers", "card"}).status.code, 3);
}

TEST_F(CliColumns, AFieldSaysTheKeyAndItsOwnId) {
  const auto field =
      Json({"field", "create", "customers.card", "--format", "pan", "--key", "cards"});
  const CommandResult added = Cli({"column", "add", "public.customers", "card", "--field",
                                   "customers.card", "--row-key", "id"});
  EXPECT_EQ(added.status.code, 0) << added.err;
  EXPECT_THAT(added.out, HasSubstr("key         cards\n"));
  EXPECT_THAT(added.out, HasSubstr(std::string("  f   ") + std::string(field["field_id"])));
  EXPECT_THAT(added.out, HasSubstr("  pk  of id: "));
  EXPECT_EQ(Json({"column", "list"})["columns"][0]["field_id"], field["field_id"]);
}

// Jobs look for a key by its own name, whatever it was called when it was registered.
TEST_F(CliColumns, AnAliasIsRegisteredAsTheKey) {
  Json({"alias", "set", "current", "cards"});
  EXPECT_EQ(Add({"public.customers", "card", "--key", "current", "--no-row-key"})["key"], "cards");
}

TEST_F(CliColumns, RefusesWhatDoesNotFit) {
  const Arguments key = {"--key", "cards", "--no-row-key"};
  const auto with_key = [&](Arguments more) {
    more.insert(more.end(), key.begin(), key.end());
    return more;
  };
  const auto invalid = [](const std::string& field) { return Pair("INVALID_FIELD", field); };
  EXPECT_THAT(AddError(with_key({"public.missing", "card"})), invalid("table"));
  EXPECT_THAT(AddError(with_key({"customers", "card"})), invalid("table"));
  EXPECT_THAT(AddError(with_key({"public.customers", "missing"})), invalid("column"));
  EXPECT_THAT(AddError(with_key({"public.customers", "born"})), invalid("column"));
  EXPECT_THAT(CardError(with_key({"--shape", "jsonb"})), invalid("shape"));
  EXPECT_THAT(CardError(with_key({"--shape", "blob"})), invalid("shape"));
  EXPECT_THAT(CardError(with_key({"--context", "kind"})), invalid("context"));
  EXPECT_THAT(CardError(with_key({"--context", "pk=region"})), invalid("context"));
  EXPECT_THAT(CardError(with_key({"--context", "kind=missing"})), invalid("context"));
  EXPECT_THAT(CardError(with_key({"--index-column", "missing"})), invalid("index-column"));
  EXPECT_THAT(CardError(with_key({"--binding-id", "0001"})), invalid("binding-id"));
  EXPECT_THAT(CardError({"--key", "cards", "--row-key", "missing"}), invalid("row-key"));
  EXPECT_THAT(CardError({"--key", "cards"}), invalid("row-key"));
  EXPECT_THAT(CardError({"--no-row-key"}), invalid("key"));
  EXPECT_THAT(CardError({"--key", "missing", "--no-row-key"}), Pair("KEY_NOT_FOUND", "key"));
  EXPECT_THAT(CardError({"--field", "missing", "--no-row-key"}), Pair("FIELD_NOT_FOUND", "field"));
  Json({"key", "create", "macs", "--purpose", "MAC"});
  EXPECT_THAT(CardError({"--key", "macs", "--no-row-key"}), Pair("KEY_PURPOSE", "key"));
  EXPECT_EQ(Cli({"column", "add", "public.customers", "card", "--key", "cards", "--field", "f",
                 "--no-row-key"})
                .status.code,
            2);
  EXPECT_THAT(Json({"column", "list"})["columns"], SizeIs(0));
  Add({"public.customers", "card", "--key", "cards", "--no-row-key"});
  EXPECT_THAT(CardError(key), Pair("DATABASE_REFUSED", "column"));
}

TEST_F(CliColumns, IsAddedWithoutAServiceIfThatIsWanted) {
  bed_.daemon().Kill();
  EXPECT_EQ(Cli({"column", "add", "public.customers", "card", "--key", "cards", "--no-row-key"})
                .status.code,
            6);
  EXPECT_EQ(
      Add({"public.customers", "card", "--key", "cards", "--no-row-key", "--unchecked"})["key"],
      "cards");
}

TEST_F(CliColumns, WhatIsGoneIsNamedAndCanBeTakenOff) {
  Add({"public.customers", "card", "--key", "cards", "--no-row-key"});
  Add({"public.customers", "notes", "--key", "cards", "--no-row-key"});
  bed_.Sql("ALTER TABLE public.customers DROP COLUMN card");
  EXPECT_EQ(Json({"column", "list"})["orphans"], nlohmann::json({"public.customers.card"}));
  EXPECT_THAT(Cli({"column", "list"}).out, HasSubstr("gone: public.customers.card"));
  EXPECT_EQ(Json({"column", "remove", "public.customers", "card"})["removed"], true);
  bed_.Sql("DROP TABLE public.customers");
  const std::string orphan = Json({"column", "list"})["orphans"][0];
  const std::string number = orphan.substr(0, orphan.find('.'));
  EXPECT_EQ(Json({"column", "remove", number, "notes"})["removed"], true);
  EXPECT_THAT(Json({"column", "list"})["orphans"], SizeIs(0));
}

// A database that has no schema kms yet.
class CliColumnInit : public CliRotation {
 protected:
  CliColumnInit() { WriteFile(conninfo_file_, Conninfo("postgres")); }
  std::string Conninfo(const std::string& user) const {
    return bed_.server().Conninfo(database_, user) + " password='s3cret'";
  }
  const std::string database_ = bed_.server().MakeDatabase();
};

TEST_F(CliColumnInit, MakesTheSchemaOnceAndPrintsItForOthers) {
  const CommandResult without = Cli({"column", "list"});
  EXPECT_EQ(without.status.code, 8);
  EXPECT_THAT(without.err, HasSubstr("column init"));
  EXPECT_EQ(Json({"column", "init"})["installed"], true);
  EXPECT_EQ(Json({"column", "init"})["installed"], true);
  EXPECT_THAT(Json({"column", "list"})["columns"], SizeIs(0));

  const std::string sql = Json({"column", "init", "--print"})["sql"];
  EXPECT_THAT(sql, HasSubstr("protected_columns"));
  const std::string other = bed_.server().MakeDatabase();
  bed_.server().Sql(other, PostgresServer::kSuperuser, sql);
  WriteFile(conninfo_file_, bed_.server().Conninfo(other, PostgresServer::kSuperuser));
  EXPECT_THAT(Json({"column", "list"})["columns"], SizeIs(0));
}

TEST_F(CliColumnInit, TellsNoPassword) {
  for (const std::string& conninfo :
       {std::string("host=/nowhere password='s3cret'"), std::string("password s3cret host"),
        std::string("postgresql://u:s3cret@:x/d"), std::string("s3cret=1"),
        Conninfo("no_such_role")}) {
    WriteFile(conninfo_file_, conninfo);
    for (const Arguments& command : {Arguments{"column", "init"}, Arguments{"column", "list"},
                                     Arguments{"column", "remove", "public.t", "c"},
                                     Arguments{"rotation", "plan", "--key", "cards"}}) {
      const CommandResult result = Cli(command);
      EXPECT_NE(result.status.code, 0);
      EXPECT_THAT(result.err + result.out, Not(HasSubstr("s3cret"))) << conninfo;
    }
  }
  ASSERT_EQ(::chmod(conninfo_file_.c_str(), 0640), 0);
  EXPECT_THAT(Cli({"column", "init"}).err, HasSubstr("chmod 600"));
}

}  // namespace
}  // namespace fieldkms::testing
