// Data subjects on the command line: values protected for a person, exported, held and erased.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "tests/integration/cli/cli_fixture.h"

namespace fieldkms::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr char kHandle[] = "[0-9a-f]{32}";

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class CliSubjectsTest : public CliTest {
 protected:
  using Arguments = std::vector<std::string>;

  static void SetUpTestSuite() {
    CliTest::SetUpTestSuite();
    OfAcme({"key", "create", "data"});
    OfAcme({"key", "create", "index", "--purpose", "BLIND_INDEX"});
    OfAcme({"key", "create", "token", "--purpose", "TOKEN"});
    Make("customers.name", "person_name", {"--key", "data"});
    Make("customers.email", "email", {"--key", "data", "--index-key", "index"});
    Make("customers.card", "pan",
         {"--key", "data", "--index-key", "index", "--token-key", "token", "--token-lookup-key",
          "index"});
    Make("orders.phone", "phone", {"--token-key", "token"});
    Make("orders.once", "pan", {"--token-key", "token", "--token-single-use"});
  }
  static Run Try(Arguments arguments, std::string_view input = {}) {
    arguments.insert(arguments.end(), {"--tenant", "acme", "--json"});
    return Cli(arguments, input);
  }
  static Run Plain(Arguments arguments, std::string_view input = {}) {
    arguments.insert(arguments.end(), {"--tenant", "acme"});
    return Cli(arguments, input);
  }
  static nlohmann::json OfAcme(Arguments arguments, std::string_view input = {}) {
    const Run run = Try(std::move(arguments), input);
    EXPECT_EQ(run.code, 0) << run.err;
    return run.code == 0 ? Parsed(run.out) : nlohmann::json();
  }
  static void Make(const std::string& name, const std::string& format, const Arguments& more) {
    Arguments arguments = {"field", "create", name, "--format", format};
    arguments.insert(arguments.end(), more.begin(), more.end());
    OfAcme(arguments);
  }
  // The ciphertext of a value of a subject.
  static std::string Protected(const std::string& subject, const std::string& field,
                               const std::string& value) {
    return OfAcme({"protect", "--field", field, "--subject", subject}, value)["ciphertext"];
  }
  static std::string Token(const std::string& subject, const std::string& field,
                           const std::string& value) {
    return OfAcme({"tokenize", "--field", field, "--subject", subject}, value)["token"];
  }
  // Whose a ciphertext says that it is.
  static nlohmann::json HandleIn(const std::string& ciphertext) {
    return Parsed(Cli({"inspect", ciphertext, "--json"}).out)["subject"];
  }
  // The value, or the reason why not.
  static std::string Revealed(const std::string& field, const std::string& ciphertext) {
    const Run run = Try({"reveal", ciphertext, "--field", field});
    return run.code == 0 ? std::string(Parsed(run.out)["value"]) : ReasonIn(run);
  }
  static std::string Detokenized(const std::string& field, const std::string& token) {
    const Run run = Try({"detokenize", token, "--field", field});
    return run.code == 0 ? std::string(Parsed(run.out)["value"]) : ReasonIn(run);
  }
};

struct Customer {
  const char* id;
  const char* name;
  const char* email;
  const char* card;  // test numbers of the schemes'
  const char* phone;
};
constexpr Customer kZoe = {"customer-1047", "Zoë Müller-Lüdenscheidt", "zoe@example.com",
                           "4111 1111 1111 1111", "+49 30 901820"};
constexpr Customer kSean = {"customer-1048", "Seán O’Brien", "sean.obrien@example.ie",
                            "5555-5555-5555-4444", "+353 1 679 6900"};

// From the first value to the last.
TEST_F(CliSubjectsTest, ACustomerComesAndGoes) {
  std::vector<std::string> names, emails, cards, tokens;
  for (const Customer& customer : {kZoe, kSean}) {
    names.push_back(Protected(customer.id, "customers.name", customer.name));
    emails.push_back(Protected(customer.id, "customers.email", customer.email));
    const auto card =
        OfAcme({"protect", "--field", "customers.card", "--subject", customer.id}, customer.card);
    cards.push_back(card["ciphertext"]);
    tokens.push_back(card["token"]["token"]);
    Token(customer.id, "orders.phone", customer.phone);
  }
  const auto zoe = OfAcme({"subject", "get", kZoe.id});
  EXPECT_THAT(zoe["handle"].get<std::string>(), MatchesRegex(kHandle));
  EXPECT_EQ(zoe["fields"].size(), 4u);
  EXPECT_EQ(zoe["hold"], nullptr);
  EXPECT_EQ(HandleIn(names[0]), zoe["handle"]);
  EXPECT_THAT(Plain({"subject", "list"}).out, HasSubstr(kSean.id));

  const TempDir dir;
  const std::string file = dir.File("export.json");
  EXPECT_EQ(OfAcme({"subject", "export", kZoe.id, "--out", file})["values"], 2);
  EXPECT_THAT(ReadFile(file), HasSubstr(kZoe.card));
  EXPECT_THAT(ReadFile(file), Not(HasSubstr("5555")));

  const auto held = OfAcme({"subject", "hold", kZoe.id, "--reason", "case 2026/17"});
  EXPECT_EQ(held["hold"]["reason"], "case 2026/17");
  EXPECT_TRUE(held["hold"]["time"].is_string());
  EXPECT_THAT(Plain({"subject", "get", kZoe.id}).out, HasSubstr("held for    case 2026/17\n"));
  const Run refused = Try({"subject", "erase", kZoe.id, "--yes"});
  EXPECT_EQ(refused.code, 8);
  EXPECT_EQ(ReasonIn(refused), "LEGAL_HOLD");
  EXPECT_EQ(ReasonIn(Try({"erase", tokens[0], "--field", "customers.card", "--yes"})),
            "LEGAL_HOLD");
  EXPECT_EQ(Revealed("customers.name", names[0]), kZoe.name);
  EXPECT_EQ(OfAcme({"subject", "release", kZoe.id})["hold"], nullptr);

  const auto proof = OfAcme({"subject", "erase", kZoe.id, "--yes"});
  EXPECT_EQ(proof["subject"], kZoe.id);
  EXPECT_EQ(proof["handle"], zoe["handle"]);
  EXPECT_EQ(proof["fields"], zoe["fields"]);
  EXPECT_EQ(proof["erased_token_count"], 2);
  EXPECT_GE(proof["erasure_number"], 1);
  EXPECT_GT(proof["effective_at_latest"].get<std::string>().substr(0, 19),
            proof["erase_time"].get<std::string>().substr(0, 19));
  std::vector<std::string> indexed = proof["indexed_fields"];
  std::sort(indexed.begin(), indexed.end());
  EXPECT_THAT(indexed, ElementsAre("customers.card", "customers.email"));

  EXPECT_EQ(Revealed("customers.name", names[0]), "DECRYPT_FAILED");
  EXPECT_EQ(Revealed("customers.email", emails[0]), "DECRYPT_FAILED");
  EXPECT_EQ(Revealed("customers.card", cards[0]), "DECRYPT_FAILED");
  EXPECT_EQ(Detokenized("customers.card", tokens[0]), "TOKEN_NOT_FOUND");
  const Run again = Try({"subject", "export", kZoe.id, "--out", dir.File("again.json")});
  EXPECT_EQ(again.code, 3);
  EXPECT_EQ(ReasonIn(again), "SUBJECT_NOT_FOUND");
  EXPECT_NE(access(dir.File("again.json").c_str(), F_OK), 0);
  for (const Arguments& command :
       {Arguments{"subject", "get", kZoe.id}, Arguments{"subject", "erase", kZoe.id, "--yes"},
        Arguments{"subject", "release", kZoe.id},
        Arguments{"subject", "hold", kZoe.id, "--reason", "late"}}) {
    EXPECT_EQ(ReasonIn(Try(command)), "SUBJECT_NOT_FOUND") << command[1];
  }

  // Another customer has what was theirs, and another subject may have the name.
  EXPECT_EQ(Revealed("customers.name", names[1]), kSean.name);
  EXPECT_EQ(Detokenized("customers.card", tokens[1]), kSean.card);
  Protected(kZoe.id, "customers.name", "Zoe Miller");
  EXPECT_NE(OfAcme({"subject", "get", kZoe.id})["handle"], zoe["handle"]);
  EXPECT_EQ(Revealed("customers.name", names[0]), "DECRYPT_FAILED");
}

TEST_F(CliSubjectsTest, TheProofIsForPeopleToo) {
  Protected("proof", "customers.email", "proof@example.com");
  EXPECT_THAT(Plain({"subject", "erase", "proof", "--yes"}).out,
              MatchesRegex("tenant +acme\n"
                           "subject +proof\n"
                           "handle +[0-9a-f]{32}\n"
                           "created +20.*Z\n"
                           "fields +customers.email\n"
                           "erased +20.*Z\n"
                           "effective at latest +20.*Z\n"
                           "erasure number +[0-9]+\n"
                           "erased tokens +0\n"
                           "\nClear the index columns (.|\n)*\n  customers.email\n"));
  Protected("proof", "customers.name", "Ana Silva");
  EXPECT_THAT(Plain({"subject", "erase", "proof", "--yes"}).out,
              HasSubstr("No index columns are to be cleared."));
}

TEST_F(CliSubjectsTest, TheExportHasWhatTheServiceHolds) {
  const std::string subject = "exported \"1\" ü";
  const auto made = OfAcme({"tokenize", "--field", "orders.phone", "--subject", subject, "--ttl",
                            "1h", "--metadata", "order=7", "--metadata", "a=\"b\""},
                           kZoe.phone);
  Token(subject, "customers.card", kZoe.card);
  const std::string once = Token(subject, "orders.once", kZoe.card);
  Protected(subject, "customers.name", kZoe.name);
  const Run run = Plain({"subject", "export", subject, "--out", "-"});
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  const auto document = Parsed(run.out);
  EXPECT_EQ(document["tenant"], "acme");
  EXPECT_EQ(document["subject"], subject);
  EXPECT_EQ(document["hold"], nullptr);
  EXPECT_EQ(document["fields"].size(), 4u);
  EXPECT_TRUE(document["export_time"].is_string());
  EXPECT_THAT(document["notes"][0].get<std::string>(), HasSubstr("the application's to export"));
  ASSERT_EQ(document["tokens"].size(), 3u);
  std::map<std::string, nlohmann::json> tokens;
  for (const auto& token : document["tokens"]) tokens[token["field"]] = token;
  const auto& phone = tokens["orders.phone"];
  EXPECT_EQ(phone["token"], made["token"]);
  EXPECT_EQ(phone["value"], kZoe.phone);
  EXPECT_EQ(phone["view"], "full");
  EXPECT_EQ(phone["metadata"], nlohmann::json({{"order", "7"}, {"a", "\"b\""}}));
  EXPECT_EQ(phone["expire_time"], made["expire_time"]);
  EXPECT_TRUE(phone["create_time"].is_string());
  EXPECT_EQ(phone["single_use"], false);
  EXPECT_EQ(phone["error"], nullptr);
  EXPECT_EQ(tokens["customers.card"]["expire_time"], nullptr);
  // Listed, not read.
  EXPECT_EQ(tokens["orders.once"]["single_use"], true);
  EXPECT_EQ(tokens["orders.once"]["value"], nullptr);
  EXPECT_EQ(tokens["orders.once"]["view"], nullptr);
  EXPECT_EQ(tokens["orders.once"]["error"], nullptr);
  EXPECT_EQ(Detokenized("orders.once", once), kZoe.card);

  OfAcme({"subject", "hold", subject, "--reason", "case 7"});
  const auto masked =
      Parsed(Plain({"subject", "export", subject, "--out", "-", "--view", "masked"}).out);
  EXPECT_EQ(masked["hold"]["reason"], "case 7");
  ASSERT_EQ(masked["tokens"].size(), 2u);
  for (const auto& token : masked["tokens"]) {
    EXPECT_EQ(token["view"], "masked");
    EXPECT_THAT(token["value"].get<std::string>(), HasSubstr("**"));
  }
}

TEST_F(CliSubjectsTest, AnExportOfManyTokensIsComplete) {
  std::string phones;
  for (int i = 100; i < 170; ++i) phones += "+49 30 9018" + std::to_string(i) + "\n";
  for (const char* field : {"orders.phone", "orders.once"}) {
    std::string values = phones;
    if (std::string(field) == "orders.once") {
      values.clear();
      for (int i = 0; i < 30; ++i) values += std::string(kSean.card) + "\n";
    }
    ASSERT_EQ(
        Plain({"tokenize", "--lines", "--quiet", "--field", field, "--subject", "many"}, values)
            .code,
        0);
  }
  const TempDir dir;
  const std::string file = dir.File("many.json");
  EXPECT_THAT(Plain({"subject", "export", "many", "--out", file}).out,
              MatchesRegex("file +/.*/many.json\ntokens +100\nvalues +70\n"));
  struct stat info = {};
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  std::vector<std::string> values;
  const auto document = Parsed(ReadFile(file));
  for (const auto& token : document["tokens"]) {
    if (!token["single_use"]) values.push_back(token["value"]);
  }
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values, LinesOf(phones));
  // A file that is there stays, unless it may go.
  EXPECT_EQ(Plain({"subject", "export", "many", "--out", file}).code, 8);
  EXPECT_EQ(OfAcme({"subject", "export", "many", "--out", file, "--force"}),
            nlohmann::json({{"file", file}, {"tokens", 100}, {"values", 70}, {"failed", 0}}));
  EXPECT_EQ(OfAcme({"subject", "erase", "many", "--yes"})["erased_token_count"], 100);
}

TEST_F(CliSubjectsTest, AllLinesAreOfOneSubject) {
  const std::string values = std::string(kZoe.name) + "\n\n" + kSean.name + "\n";
  const Run made = Plain(
      {"protect", "--lines", "--quiet", "--field", "customers.name", "--subject", "lines"}, values);
  EXPECT_EQ(made.code, 7);  // the empty one
  const std::vector<std::string> ciphertexts = LinesOf(made.out);
  ASSERT_EQ(ciphertexts.size(), 3u);
  const auto handle = OfAcme({"subject", "get", "lines"})["handle"];
  EXPECT_EQ(HandleIn(ciphertexts[0]), handle);
  EXPECT_EQ(HandleIn(ciphertexts[2]), handle);
  EXPECT_EQ(Revealed("customers.name", ciphertexts[2]), kSean.name);
  OfAcme({"subject", "erase", "lines", "--yes"});
  const Run read = Plain({"reveal", "--lines", "--quiet", "--field", "customers.name"}, made.out);
  EXPECT_EQ(read.code, 7);
  EXPECT_EQ(read.out, "\n\n\n");
}

TEST_F(CliSubjectsTest, TheListIsInOrderAndCommandsNoTerminal) {
  const std::string evil = "list-\x1b[2J";
  for (const std::string& id : {std::string("list-b"), std::string("list-a"), evil}) {
    Protected(id, "customers.name", kZoe.name);
  }
  OfAcme({"subject", "hold", "list-b", "--reason", "case\n7\x1b[1m"});
  std::vector<std::string> ids;
  const auto all = OfAcme({"subject", "list"});
  for (const auto& subject : all["subjects"]) {
    if (subject["subject"].get<std::string>().starts_with("list-"))
      ids.push_back(subject["subject"]);
  }
  EXPECT_THAT(ids, ElementsAre(evil, "list-a", "list-b"));
  const Run list = Plain({"subject", "list"});
  EXPECT_THAT(list.out, HasSubstr("SUBJECT "));
  EXPECT_THAT(list.out, HasSubstr("list-\\x1b[2J "));
  EXPECT_THAT(list.out, Not(HasSubstr("\x1b")));
  const Run get = Plain({"subject", "get", "list-b"});
  EXPECT_THAT(get.out, HasSubstr("case\\x0a7\\x1b[1m\n"));
  EXPECT_THAT(get.out, Not(HasSubstr("\x1b")));
}

TEST_F(CliSubjectsTest, WrongInputIsNamed) {
  const TempDir dir;
  Protected("input", "customers.name", kZoe.name);
  // Empty variables of scripts.
  EXPECT_EQ(Plain({"protect", "--field", "customers.name", "--subject", ""}, kZoe.name).code, 2);
  EXPECT_EQ(Plain({"tokenize", "--field", "orders.phone", "--subject", ""}, kZoe.phone).code, 2);
  EXPECT_EQ(FieldIn(Try({"subject", "hold", "input", "--reason", ""})), "reason");
  EXPECT_EQ(FieldIn(Try({"subject", "export", "input", "--out", ""})), "out");
  EXPECT_EQ(Try({"subject", "get", ""}).code, 2);
  EXPECT_EQ(Plain({"subject", "export", "input"}).code, 2);
  EXPECT_EQ(Plain({"subject", "hold", "input"}).code, 2);
  EXPECT_EQ(Plain({"subject"}).code, 2);
  // What is too long, or means nothing.
  const std::string longest(256, 'x');
  EXPECT_EQ(Try({"protect", "--field", "customers.name", "--subject", longest}, kZoe.name).code, 0);
  const Run longer =
      Try({"protect", "--field", "customers.name", "--subject", longest + "x"}, kZoe.name);
  EXPECT_EQ(FieldIn(longer), "subject");
  EXPECT_THAT(longer.err, Not(HasSubstr("Zo")));
  EXPECT_EQ(FieldIn(Try({"subject", "get", longest + "x"})), "subject");
  EXPECT_EQ(FieldIn(Try({"subject", "hold", "input", "--reason", std::string(1'025, 'r')})),
            "reason");
  EXPECT_EQ(FieldIn(Try({"subject", "export", "input", "--out", dir.File("o"), "--view", "all"})),
            "view");
  EXPECT_EQ(ReasonIn(Try({"subject", "get", "nobody"})), "SUBJECT_NOT_FOUND");
  EXPECT_EQ(Cli({"subject", "get", "input", "--tenant", "nowhere"}).code, 3);
  EXPECT_EQ(OfAcme({"subject", "get", "input"})["hold"], nullptr);
  // Without a terminal nobody can be asked.
  const Run unasked = Try({"subject", "erase", "input"});
  EXPECT_EQ(unasked.code, 8);
  EXPECT_THAT(unasked.err, HasSubstr("--yes"));
  OfAcme({"subject", "get", "input"});
}

// What would outlive a subject is not made for one; nothing of values is told.
TEST_F(CliSubjectsTest, WhatCannotBeErasedIsRefused) {
  OfAcme({"key", "create", "fpe", "--purpose", "FPE"});
  OfAcme({"key", "create", "committing", "--suite", "KC_XAES_256_GCM"});
  Make("refused.fpe", "pan", {"--fpe-key", "fpe"});
  Make("refused.suite", "pan", {"--key", "committing"});
  OfAcme({"field", "create", "refused.cvv", "--format", "cvv", "--token-ttl", "10m"});
  const auto refused = [](const Run& run) {
    EXPECT_NE(run.code, 0);
    EXPECT_THAT(run.out + run.err, Not(HasSubstr("4111")));
    return ReasonIn(run);
  };
  const auto protect = [&](const char* field, const char* value) {
    return refused(Try({"protect", "--field", field, "--subject", "refused"}, value));
  };
  EXPECT_EQ(protect("refused.fpe", kZoe.card), "FIELD_POLICY");
  EXPECT_EQ(protect("refused.suite", kZoe.card), "FIELD_POLICY");
  EXPECT_EQ(protect("customers.card", "4111111111111112"), "VALUE_INVALID");
  const Run cvv = Try({"tokenize", "--field", "refused.cvv", "--subject", "refused"}, "411");
  EXPECT_EQ(FieldIn(cvv), "settings.subject");
  EXPECT_THAT(daemon().Log(), Not(HasSubstr("4111")));
}

// A daemon where the caller may see some, and not erase.
class CliSubjectRightsTest : public CliSubjectsTest {
 protected:
  CliSubjectRightsTest() {
    WriteFile(dir_.File("config.yaml"),
              "data_dir: " + data_dir_ + "\nlisten: {unix: " + data_dir_ +
                  "/fieldkmsd.sock}\nroot: {local: {create_if_missing: true}}\n"
                  "access:\n  roles:\n    clerk:\n"
                  "      - {actions: [tenant.create, tenant.read, subject.read], tenants: '*'}\n"
                  "      - {actions: [key.create, key.read], tenants: '*', keys: '*'}\n"
                  "      - {actions: [field.create, field.read, field.tokenize], tenants: '*', "
                  "fields: '*'}\n"
                  "      - {actions: [field.detokenize], tenants: acme, fields: shown, "
                  "mask_level: masked}\n"
                  "  principals:\n    me: {users: [" +
                  std::to_string(getuid()) + "], roles: [clerk]}\n");
    EXPECT_OK(daemon_.Start());
  }
  Run At(Arguments arguments, std::string_view input = {}) {
    return CliAt(daemon_.target(), arguments, input, {{"FIELDKMS_TENANT", "acme"}});
  }

  const TempDir dir_;
  const std::string data_dir_ = dir_.File("data");
  Daemon daemon_{{data_dir_, {"--config", dir_.File("config.yaml")}, {}, {}}};
};

TEST_F(CliSubjectRightsTest, TheExportShowsWhatTheCallerMaySee) {
  ASSERT_EQ(At({"tenant", "create", "acme"}).code, 0);
  ASSERT_EQ(At({"key", "create", "token", "--purpose", "TOKEN"}).code, 0);
  for (const char* field : {"shown", "hidden"}) {
    ASSERT_EQ(At({"field", "create", field, "--format", "pan", "--token-key", "token"}).code, 0);
    ASSERT_EQ(At({"tokenize", "--field", field, "--subject", "s"}, kZoe.card).code, 0);
  }
  const Run run = At({"subject", "export", "s", "--out", "-"});
  EXPECT_EQ(run.code, 7);
  EXPECT_THAT(run.err, HasSubstr("values that could not be read: 1"));
  EXPECT_THAT(run.err, HasSubstr("PERMISSION_DENIED"));
  EXPECT_THAT(run.out + run.err, Not(HasSubstr("4111")));
  std::map<std::string, nlohmann::json> tokens;
  const auto document = Parsed(run.out);
  for (const auto& token : document["tokens"]) tokens[token["field"]] = token;
  EXPECT_EQ(tokens["shown"]["value"], "************1111");
  EXPECT_EQ(tokens["shown"]["view"], "masked");
  EXPECT_EQ(tokens["shown"]["error"], nullptr);
  EXPECT_EQ(tokens["hidden"]["value"], nullptr);
  EXPECT_EQ(tokens["hidden"]["error"]["reason"], "PERMISSION_DENIED");
  // More than the caller may see is not asked for in vain and without a word.
  const std::string file = dir_.File("export.json");
  const Run full = At({"subject", "export", "s", "--out", file, "--view", "full", "--json"});
  EXPECT_EQ(full.code, 7);
  EXPECT_EQ(Parsed(full.out)["failed"], 2);
  EXPECT_EQ(ReasonIn(full), "PERMISSION_DENIED");
  EXPECT_THAT(ReadFile(file), Not(HasSubstr("1111")));
  EXPECT_EQ(At({"subject", "erase", "s", "--yes"}).code, 4);
  EXPECT_EQ(At({"subject", "hold", "s", "--reason", "case 7"}).code, 4);
  EXPECT_EQ(At({"subject", "get", "s"}).code, 0);
}

}  // namespace
}  // namespace fieldkms::testing
