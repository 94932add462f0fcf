// Tokens on the command line: policies, tokenize, detokenize, erase, alone and by line.
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/integration/cli/cli_fixture.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr char kVisa[] = "4111111111111111";  // test numbers of the schemes'
constexpr char kMastercard[] = "5555555555554444";
constexpr char kText[] = "tok_[0-9A-Za-z]{22}";
constexpr char kNumeric[] = "9[0-9]{17}";

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class CliTokensTest : public CliTest {
 protected:
  using Arguments = std::vector<std::string>;

  static void SetUpTestSuite() {
    CliTest::SetUpTestSuite();
    OfAcme({"key", "create", "cards"});
    OfAcme({"key", "create", "cards.token", "--purpose", "TOKEN"});
    OfAcme({"key", "create", "cards.lookup", "--purpose", "BLIND_INDEX"});
  }
  static nlohmann::json OfAcme(Arguments arguments, std::string_view input = {}) {
    const Run run = Try(std::move(arguments), input);
    EXPECT_EQ(run.code, 0) << run.err;
    return run.code == 0 ? Parsed(run.out) : nlohmann::json();
  }
  static Run Try(Arguments arguments, std::string_view input = {}) {
    arguments.insert(arguments.end(), {"--tenant", "acme", "--json"});
    return Cli(arguments, input);
  }
  static Run Plain(Arguments arguments, std::string_view input = {}) {
    arguments.insert(arguments.end(), {"--tenant", "acme"});
    return Cli(arguments, input);
  }
  // A field that has tokens.
  static nlohmann::json Make(const std::string& name, const std::string& format,
                             const Arguments& more = {}) {
    Arguments arguments = {"field", "create",      name,         "--format",
                           format,  "--token-key", "cards.token"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return OfAcme(arguments);
  }
  // The token of a value.
  static std::string Token(const std::string& field, const std::string& value) {
    const Run run = Plain({"tokenize", "--field", field}, value);
    EXPECT_EQ(run.code, 0) << run.err;
    return run.out.substr(0, run.out.find('\n'));
  }
  static std::string Value(const std::string& field, const std::string& token) {
    const Run run = Plain({"detokenize", token, "--field", field});
    return run.code == 0 ? run.out : std::to_string(run.code);
  }
};

TEST_F(CliTokensTest, ThePolicyIsMadeShownListedAndChanged) {
  auto field = Make("shown", "pan",
                    {"--token-form", "numeric", "--token-same-length", "--token-keep-last", "4",
                     "--token-lookup-key", "cards.lookup", "--token-ttl", "90d"});
  EXPECT_EQ(field["token"], nlohmann::json({{"key", "cards.token"},
                                            {"form", "numeric"},
                                            {"same_length", true},
                                            {"keep_last", 4},
                                            {"lookup_key", "cards.lookup"},
                                            {"convergent", false},
                                            {"single_use", false},
                                            {"ttl_seconds", 7'776'000}}));
  EXPECT_EQ(OfAcme({"field", "get", "shown"}), field);
  const Run shown = Plain({"field", "get", "shown"});
  EXPECT_THAT(shown.out, HasSubstr("numeric, as long as the value, last 4 kept, for 90d"));
  EXPECT_THAT(shown.out, HasSubstr("lookup key"));
  EXPECT_THAT(Plain({"field", "list"}).out, HasSubstr("TOKEN KEY"));
  // What is not given stays.
  const auto changed =
      OfAcme({"field", "update", "shown", "--token-single-use", "--token-ttl", "0"});
  EXPECT_EQ(changed["token"]["single_use"], true);
  EXPECT_EQ(changed["token"]["ttl_seconds"], 0);
  EXPECT_EQ(changed["token"]["keep_last"], 4);
  EXPECT_EQ(OfAcme({"field", "update", "shown", "--token-single-use=false"})["token"]["single_use"],
            false);
  EXPECT_EQ(ReasonIn(Try({"field", "update", "shown", "--token-keep-last", "2"})), "FIELD_POLICY");
  EXPECT_EQ(
      ReasonIn(Try({"field", "update", "shown", "--token-ttl", "1h", "--etag", field["etag"]})),
      "ETAG_MISMATCH");
  // A field that had none gets tokens.
  OfAcme({"field", "create", "later", "--format", "pan", "--key", "cards"});
  EXPECT_EQ(OfAcme({"field", "get", "later"})["token"], nullptr);
  EXPECT_EQ(OfAcme({"field", "update", "later", "--token-key", "cards.token"})["token"]["form"],
            "text");
}

TEST_F(CliTokensTest, WrongSettingsAreNamed) {
  const auto refused = [](Arguments more) {
    Arguments arguments = {"field", "create", "x", "--format", "pan"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return FieldIn(Try(arguments));
  };
  EXPECT_EQ(refused({"--token-key", "cards.token", "--token-form", "digits"}), "token.form");
  EXPECT_EQ(refused({"--token-key", "cards.token", "--token-ttl", "soon"}), "token.ttl");
  EXPECT_EQ(refused({"--token-key", "cards.token", "--token-keep-last", "5"}), "token.keep_last");
  EXPECT_EQ(refused({"--token-key", "cards.token", "--token-convergent"}), "token.lookup_key");
  EXPECT_EQ(refused({"--token-form", "numeric"}), "token.key");
  Make("settings", "pan", {"--token-ttl", "1h"});
  const auto tokenize = [](Arguments more) {
    Arguments arguments = {"tokenize", "--field", "settings"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Run run = Try(arguments, kVisa);
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.err, Not(HasSubstr("4111")));
    return FieldIn(run);
  };
  EXPECT_EQ(tokenize({"--ttl", "2h"}), "settings.ttl");
  EXPECT_EQ(tokenize({"--ttl", "0"}), "settings.ttl");
  EXPECT_EQ(tokenize({"--ttl", "2 hours"}), "ttl");
  EXPECT_EQ(tokenize({"--metadata", "order"}), "metadata");
  EXPECT_EQ(tokenize({"--metadata", "a=1", "--metadata", "a=2"}), "metadata");
  EXPECT_EQ(tokenize({"--metadata", "=1"}), "settings.metadata");
}

TEST_F(CliTokensTest, ATokenStandsForItsValue) {
  Make("one", "pan");
  const auto made = OfAcme({"tokenize", "--field", "one", "--ttl", "30m", "--metadata", "shop=7",
                            "--metadata", "order=A=1"},
                           "4111 1111 1111 1111\n");
  EXPECT_THAT(made["token"].get<std::string>(), MatchesRegex(kText));
  EXPECT_EQ(made["existed"], false);
  EXPECT_THAT(made["expire_time"].get<std::string>(), MatchesRegex("20.*Z"));
  const std::string token = made["token"];
  auto read = OfAcme({"detokenize", token, "--field", "one"});
  EXPECT_EQ(read["value"], "4111 1111 1111 1111");
  EXPECT_EQ(read["view"], "full");
  EXPECT_EQ(read["metadata"], nlohmann::json({{"order", "A=1"}, {"shop", "7"}}));
  EXPECT_EQ(read["expire_time"], made["expire_time"]);
  EXPECT_TRUE(read["create_time"].is_string());
  read = OfAcme({"detokenize", token, "--field", "one", "--view", "masked"});
  EXPECT_EQ(read["value"], "************1111");
  EXPECT_EQ(read["view"], "masked");
  // The token may come from standard input, too; the value goes out to the last byte.
  EXPECT_EQ(Plain({"detokenize", "--field", "one"}, token + "\n").out, "4111 1111 1111 1111");
  EXPECT_EQ(FieldIn(Try({"detokenize", token, "--field", "one", "--view", "all"})), "view");
  EXPECT_EQ(OfAcme({"tokenize", "--field", "one"}, kVisa)["expire_time"], nullptr);
}

// What a shop would hand over: one field for each column.
TEST_F(CliTokensTest, CustomersAreTokenised) {
  struct Column {
    const char* format;
    std::vector<std::string> values;
  };
  const std::vector<Column> customers = {
      {"pan", {"4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005"}},
      {"person_name", {"Zoë Müller-Lüdenscheidt", "Seán O’Brien", "山田 太郎"}},
      {"email", {"zoe@example.com", "sean.obrien@example.ie", "taro@example.jp"}},
      {"phone", {"+49 30 901820", "+353 1 679 6900", "+81 3-3580-3311"}},
      {"iban", {"DE89 3704 0044 0532 0130 00", "IE29AIBK93115212345678", "GB82WEST12345698765432"}},
      {"ssn", {"536-22-1234", "219099998", "536 22 1235"}},
      {"date_of_birth", {"1984-02-29", "1990-12-31", "2001-07-04"}},
      {"postal_address",
       {"Lindenstr. 7, 10969 Berlin, DE", "1 Main Street, Dublin D02 AF30, IE",
        "2-1 Kasumigaseki, Chiyoda-ku, 100-8918 Tokyo, JP"}}};
  for (const Column& column : customers) {
    const std::string field = std::string("customers.") + column.format;
    Make(field, column.format);
    std::string values;
    for (const std::string& value : column.values) values += value + "\n";
    const Run made = Plain({"tokenize", "--lines", "--quiet", "--field", field}, values);
    ASSERT_EQ(made.code, 0) << column.format << ' ' << made.err;
    const std::vector<std::string> tokens = LinesOf(made.out);
    ASSERT_EQ(tokens.size(), column.values.size());
    for (const std::string& token : tokens) EXPECT_THAT(token, MatchesRegex(kText));
    const Run read = Plain({"detokenize", "--lines", "--quiet", "--field", field}, made.out);
    EXPECT_EQ(read.code, 0) << read.err;
    EXPECT_EQ(read.out, values);
  }
}

TEST_F(CliTokensTest, NumericTokensAreNoCardNumbers) {
  Make("numbers", "pan", {"--token-form", "numeric"});
  Make("short", "pan",
       {"--token-form", "numeric", "--token-same-length", "--token-keep-last", "4"});
  std::string cards;
  for (int i = 0; i < 200; ++i) cards += std::string(kVisa) + "\n";
  const Run made = Plain({"tokenize", "--lines", "--quiet", "--field", "numbers"}, cards);
  const std::vector<std::string> tokens = LinesOf(made.out);
  EXPECT_EQ(std::set<std::string>(tokens.begin(), tokens.end()).size(), 200u);
  for (const std::string& token : tokens) ASSERT_THAT(token, MatchesRegex(kNumeric));
  // 200 of them, of which a tenth would pass if they were random digits.
  const Run verdicts = Plain({"validate", "--lines", "--quiet", "--field", "numbers"}, made.out);
  EXPECT_EQ(verdicts.code, 1);
  for (const std::string& verdict : LinesOf(verdicts.out)) ASSERT_NE(verdict, "valid");
  const std::string token = Token("short", "4111-1111-1111-1111");
  EXPECT_THAT(token, MatchesRegex("9[0-9]{11}1111"));
  EXPECT_EQ(Value("short", token), "4111-1111-1111-1111");
}

TEST_F(CliTokensTest, ConvergentTokensAreTheSame) {
  Make("same", "pan", {"--token-lookup-key", "cards.lookup", "--token-convergent"});
  const std::string token = Token("same", kVisa);
  const auto again = OfAcme({"tokenize", "--field", "same"}, "4111-1111-1111-1111");
  EXPECT_EQ(again["token"], token);
  EXPECT_EQ(again["existed"], true);
  OfAcme({"key", "rotate", "cards.lookup"});
  OfAcme({"key", "rotate", "cards.token"});
  EXPECT_EQ(Token("same", kVisa), token);
  EXPECT_EQ(Value("same", token), kVisa);
  EXPECT_NE(Token("same", kMastercard), token);
}

TEST_F(CliTokensTest, ATokenForSingleUseIsReadOnce) {
  Make("once", "pan", {"--token-single-use"});
  const std::string token = Token("once", kVisa);
  // What cannot be written is not read.
  const TempDir dir;
  WriteFile(dir.File("out"), "there already");
  EXPECT_EQ(Plain({"detokenize", token, "--field", "once", "--out", dir.File("out")}).code, 8);
  EXPECT_EQ(Value("once", token), kVisa);
  const Run again = Try({"detokenize", token, "--field", "once"});
  EXPECT_EQ(again.code, 3);
  EXPECT_EQ(ReasonIn(again), "TOKEN_NOT_FOUND");
}

// Of a CVV: in memory, and without keys.
TEST_F(CliTokensTest, ACvvIsReadOnce) {
  const auto field = OfAcme({"field", "create", "cvv", "--format", "cvv", "--token-ttl", "10m"});
  EXPECT_EQ(field["token"]["key"], "");
  EXPECT_EQ(field["token"]["ttl_seconds"], 600);
  const auto made = OfAcme({"tokenize", "--field", "cvv"}, "123\n");
  const std::string token = made["token"];
  EXPECT_THAT(token, MatchesRegex("tok_[0-9A-Za-z]{38}"));
  EXPECT_TRUE(made["expire_time"].is_string());
  EXPECT_EQ(Value("cvv", token), "123");
  EXPECT_EQ(Value("cvv", token), "3");
  EXPECT_EQ(OfAcme({"erase", Token("cvv", "1234"), "--field", "cvv", "--yes"})["erased_count"], 1);
  EXPECT_EQ(FieldIn(Try({"tokenize", "--field", "cvv", "--metadata", "a=b"}, "123")),
            "settings.metadata");
  const Run kept =
      Try({"field", "create", "kept", "--format", "cvv", "--token-key", "cards.token"});
  EXPECT_EQ(FieldIn(kept), "token.key");
}

TEST_F(CliTokensTest, ErasedIsErased) {
  Make("erased", "pan", {"--token-lookup-key", "cards.lookup"});
  const std::string one = Token("erased", kVisa);
  const std::string two = Token("erased", "4111 1111 1111 1111");
  const std::string other = Token("erased", kMastercard);
  EXPECT_EQ(OfAcme({"erase", one, "--field", "erased", "--yes"})["erased_count"], 1);
  EXPECT_EQ(OfAcme({"erase", "--field", "erased", "--yes"}, one)["erased_count"], 0);
  EXPECT_EQ(Value("erased", one), "3");
  // Without a terminal nobody can be asked.
  const Run unasked = Try({"erase", two, "--field", "erased"});
  EXPECT_EQ(unasked.code, 8);
  EXPECT_THAT(unasked.err, HasSubstr("--yes"));
  EXPECT_EQ(Value("erased", two), "4111 1111 1111 1111");
  EXPECT_THAT(
      Plain({"erase", "--value", "--field", "erased", "--yes"}, "4111-1111-1111-1111\n").out,
      MatchesRegex("erased +1\n"));
  EXPECT_EQ(Value("erased", two), "3");
  EXPECT_EQ(Value("erased", other), kMastercard);
  EXPECT_EQ(FieldIn(Try({"erase", two, "--value", "--field", "erased", "--yes"})), "token");
  Make("unfound", "pan");
  const Run unfound = Try({"erase", "--value", "--field", "unfound", "--yes"}, kVisa);
  EXPECT_EQ(ReasonIn(unfound), "FIELD_POLICY");
}

// A card number where a token belongs, and the other way round. Nothing of it is repeated.
TEST_F(CliTokensTest, ValuesAndTokensAreToldApart) {
  Make("apart", "pan", {"--token-form", "numeric", "--token-lookup-key", "cards.lookup"});
  const std::string token = Token("apart", kVisa);
  const auto silent = [](const Run& run) {
    EXPECT_THAT(run.out + run.err, Not(HasSubstr("4111")));
    return run;
  };
  EXPECT_EQ(ReasonIn(silent(Try({"detokenize", "--field", "apart"}, kVisa))), "TOKEN_NOT_FOUND");
  EXPECT_EQ(silent(Plain({"detokenize", "--lines", "--field", "apart"}, kVisa)).code, 7);
  EXPECT_EQ(Parsed(silent(Try({"erase", "--field", "apart", "--yes"}, kVisa)).out)["erased_count"],
            0);
  EXPECT_EQ(Value("apart", token), kVisa);  // still there
  const Run value = Try({"tokenize", "--field", "apart"}, token);
  EXPECT_EQ(value.code, 2);
  EXPECT_EQ(ReasonIn(value), "VALUE_INVALID");
  EXPECT_THAT(value.err, Not(HasSubstr(token.substr(0, 6))));
  EXPECT_EQ(
      ReasonIn(silent(Try({"erase", "--value", "--field", "apart", "--yes"}, "4111111111111112"))),
      "VALUE_INVALID");
  EXPECT_EQ(ReasonIn(silent(Try({"tokenize", "--field", "apart"}, "4111111111111112"))),
            "VALUE_INVALID");
  OfAcme({"field", "create", "plain", "--format", "pan", "--key", "cards"});
  EXPECT_EQ(ReasonIn(silent(Try({"tokenize", "--field", "plain"}, kVisa))), "FIELD_POLICY");
  EXPECT_EQ(Try({"tokenize", "--field", "none"}, kVisa).code, 3);
  EXPECT_THAT(daemon().Log(), Not(HasSubstr("4111")));
}

TEST_F(CliTokensTest, LinesFailAlone) {
  Make("lines", "pan", {"--token-lookup-key", "cards.lookup", "--token-convergent"});
  const std::string values = std::string(kVisa) + "\n4111111111111112\n\n" + kMastercard + "\n";
  const Run made =
      Plain({"tokenize", "--lines", "--quiet", "--field", "lines", "--ttl", "1h"}, values);
  EXPECT_EQ(made.code, 7);
  EXPECT_THAT(made.err, HasSubstr("line 2: "));
  EXPECT_THAT(made.err, HasSubstr("line 3: "));
  EXPECT_THAT(made.err, Not(HasSubstr("4111")));
  const std::vector<std::string> tokens = LinesOf(made.out);
  ASSERT_EQ(tokens.size(), 4u);
  EXPECT_EQ(tokens[1] + tokens[2], "");
  const Run read = Try({"detokenize", "--lines", "--field", "lines", "--view", "masked"},
                       tokens[0] + "\r\n" + kVisa + "\n" + tokens[3] + "\n");
  EXPECT_EQ(read.code, 7);
  const std::vector<std::string> objects = LinesOf(read.out);
  ASSERT_EQ(objects.size(), 3u);
  const auto first = Parsed(objects[0]);
  EXPECT_EQ(first["line"], 1);
  EXPECT_EQ(first["value"], "************1111");
  EXPECT_TRUE(first["expire_time"].is_string());
  EXPECT_EQ(Parsed(objects[1])["error"]["reason"], "TOKEN_NOT_FOUND");
  EXPECT_EQ(Parsed(objects[2])["value"], "************4444");
  const Run erased =
      Try({"erase", "--lines", "--field", "lines", "--yes"}, tokens[0] + "\n" + tokens[0] + "x\n");
  EXPECT_EQ(erased.code, 0) << erased.err;
  EXPECT_EQ(erased.out, "{\"line\":1,\"erased_count\":1}\n{\"line\":2,\"erased_count\":0}\n");
  EXPECT_EQ(
      Plain({"erase", "--lines", "--quiet", "--value", "--field", "lines", "--yes"}, values).out,
      "0\n\n\n1\n");
  EXPECT_EQ(FieldIn(Try({"erase", tokens[0], "--lines", "--field", "lines", "--yes"})), "token");
  EXPECT_EQ(FieldIn(Try({"detokenize", tokens[0], "--lines", "--field", "lines"})), "token");
}

TEST_F(CliTokensTest, MoreLinesThanACallTakes) {
  Make("many", "pan", {"--token-form", "numeric"});
  std::string values;
  for (int i = 0; i < 25'000; ++i) values += std::string(i % 2 == 0 ? kVisa : kMastercard) + "\n";
  const Run made = Plain({"tokenize", "--lines", "--quiet", "--field", "many"}, values);
  ASSERT_EQ(made.code, 0) << made.err;
  const Run read = Plain({"detokenize", "--lines", "--quiet", "--field", "many"}, made.out);
  EXPECT_EQ(read.code, 0) << read.err;
  EXPECT_TRUE(read.out == values);
}

TEST_F(CliTokensTest, ProtectShowsTheToken) {
  Make("both", "pan", {"--key", "cards", "--token-form", "numeric", "--token-ttl", "1h"});
  const auto made = OfAcme({"protect", "--field", "both"}, kVisa);
  EXPECT_THAT(made["ciphertext"].get<std::string>(), HasSubstr("fk1."));
  const std::string token = made["token"]["token"];
  EXPECT_EQ(Value("both", token), kVisa);
  EXPECT_TRUE(made["token"]["expire_time"].is_string());
  EXPECT_THAT(Plain({"protect", "--field", "both"}, kVisa).out,
              MatchesRegex("(.|\n)*\ntoken +9[0-9]{17}\ntoken until +20.*Z\n"));
  // With --lines the ciphertext where there is one, else the token.
  EXPECT_THAT(Plain({"protect", "--lines", "--quiet", "--field", "both"}, kVisa).out,
              HasSubstr("fk1."));
  Make("alone", "pan");
  EXPECT_THAT(Plain({"protect", "--lines", "--quiet", "--field", "alone"}, kVisa).out,
              MatchesRegex(std::string(kText) + "\n"));
}

}  // namespace
}  // namespace fieldkms::testing
