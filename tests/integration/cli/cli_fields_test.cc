// Fields on the command line: policies, protect, reveal, mask, index, validate.
#include <string>
#include <vector>

#include "tests/integration/cli/cli_fixture.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kVisa[] = "4111111111111111";  // a test number of the scheme's

class CliFieldsTest : public CliTest {
 protected:
  static void SetUpTestSuite() {
    CliTest::SetUpTestSuite();
    OfAcme({"key", "create", "cards"});
    OfAcme({"key", "create", "cards.index", "--purpose", "BLIND_INDEX"});
    OfAcme({"key", "create", "cards.fpe", "--purpose", "FPE"});
    OfAcme({"field", "create", "cards", "--format", "pan", "--key", "cards", "--index-key",
            "cards.index"});
  }
  static nlohmann::json OfAcme(std::vector<std::string> arguments, std::string_view input = {}) {
    const Run run = Try(std::move(arguments), input);
    EXPECT_EQ(run.code, 0) << run.err;
    return run.code == 0 ? Parsed(run.out) : nlohmann::json();
  }
  static Run Try(std::vector<std::string> arguments, std::string_view input = {}) {
    arguments.insert(arguments.end(), {"--tenant", "acme", "--json"});
    return Cli(arguments, input);
  }
  static Run Plain(std::vector<std::string> arguments, std::string_view input = {}) {
    arguments.insert(arguments.end(), {"--tenant", "acme"});
    return Cli(arguments, input);
  }
};

TEST_F(CliFieldsTest, AFieldIsMadeShownListedAndChanged) {
  auto field =
      OfAcme({"field", "create", "phones", "--format", "phone", "--key", "customers.phone",
              "--mask", "last=2,length=5", "--role-mask", "support=first=3,last=2,hides=digits"});
  EXPECT_EQ(field["format"], "phone");
  EXPECT_EQ(field["key"], "customers.phone");
  EXPECT_EQ(field["mask"], "first=0,last=2,hides=all,length=5");
  EXPECT_EQ(field["role_masks"]["support"], "first=3,last=2,hides=digits");
  EXPECT_EQ(OfAcme({"field", "get", "phones"}), field);
  const Run shown = Plain({"field", "get", "phones"});
  EXPECT_THAT(shown.out, HasSubstr("mask of support"));
  EXPECT_THAT(Plain({"field", "list"}).out, HasSubstr("cards.index"));
  field = OfAcme({"field", "update", "phones", "--clear", "role_masks", "--etag", field["etag"]});
  EXPECT_EQ(field["role_masks"], nlohmann::json::object());
  EXPECT_EQ(field["mask"], "first=0,last=2,hides=all,length=5");
  const Run stale = Try({"field", "update", "phones", "--clear", "mask", "--etag", "1"});
  EXPECT_EQ(stale.code, 8);
  EXPECT_EQ(ReasonIn(stale), "ETAG_MISMATCH");
}

TEST_F(CliFieldsTest, WrongInputIsNamed) {
  const Run format = Try({"field", "create", "x", "--format", "card", "--key", "cards"});
  EXPECT_EQ(FieldIn(format), "format");
  EXPECT_THAT(format.err, HasSubstr("eu_vat"));
  EXPECT_EQ(FieldIn(Try({"field", "create", "x", "--format", "pan"})), "key");
  EXPECT_EQ(FieldIn(Try({"field", "create", "x", "--format", "pan", "--key", "cards", "--mask",
                         "last=many"})),
            "mask");
  EXPECT_EQ(FieldIn(Try({"field", "create", "x", "--format", "cvv", "--key", "cards"})), "key");
  EXPECT_EQ(FieldIn(Try({"field", "update", "cards"})), "update_mask");
  EXPECT_EQ(Try({"field", "get", "nothing"}).code, 3);
  EXPECT_EQ(ReasonIn(Try({"field", "create", "cards", "--format", "pan", "--key", "cards"})),
            "FIELD_EXISTS");
}

TEST_F(CliFieldsTest, ProtectAndRevealKeepTheSpelling) {
  const auto made =
      OfAcme({"protect", "--field", "cards", "--context", "pk=1"}, "4111-1111-1111-1111\n");
  EXPECT_EQ(made["mask"], "************1111");
  EXPECT_EQ(made["key_version"], 1);
  EXPECT_EQ(made["blind_index"].get<std::string>().size(), 36u);
  const std::string ciphertext = made["ciphertext"];
  const Run shown = Plain({"reveal", ciphertext, "--field", "cards", "--context", "pk=1"});
  EXPECT_EQ(shown.out, "4111-1111-1111-1111");
  const auto masked = OfAcme(
      {"reveal", ciphertext, "--field", "cards", "--context", "pk=1", "--view", "bin_last4"});
  EXPECT_EQ(masked["value"], "41111111****1111");
  EXPECT_EQ(masked["view"], "bin_last4");
  const Run elsewhere = Try({"reveal", ciphertext, "--field", "cards", "--context", "pk=2"});
  EXPECT_EQ(elsewhere.code, 5);
  EXPECT_EQ(ReasonIn(elsewhere), "DECRYPT_FAILED");
  EXPECT_EQ(FieldIn(Try({"reveal", ciphertext, "--field", "cards", "--view", "all"})), "view");
}

TEST_F(CliFieldsTest, ABadValueIsRefusedByItsRuleAndNotRepeated) {
  const Run run = Try({"protect", "--field", "cards"}, "4111111111111112");
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(ReasonIn(run), "VALUE_INVALID");
  EXPECT_THAT(run.err, HasSubstr("pan.check_digit"));
  EXPECT_THAT(run.err, Not(HasSubstr("4111")));
  const Run verdict = Plain({"validate", "--field", "cards"}, "4111111111111112");
  EXPECT_EQ(verdict.code, 1);
  EXPECT_THAT(verdict.out, HasSubstr("not valid: pan.check_digit"));
  EXPECT_EQ(Plain({"validate", "--field", "cards"}, kVisa).out, "valid\n");
}

TEST_F(CliFieldsTest, LinesGoThereAndBack) {
  std::string values;
  for (const char* const card : {kVisa, "5555555555554444", "4000056655665556"}) {
    values += std::string(card) + "\n";
  }
  const Run sealed = Plain({"protect", "--lines", "--field", "cards"}, values);
  ASSERT_EQ(sealed.code, 0) << sealed.err;
  EXPECT_EQ(Plain({"reveal", "--lines", "--field", "cards"}, sealed.out).out, values);
  EXPECT_EQ(Plain({"mask", "--lines", "--field", "cards"}, values).out,
            "************1111\n************4444\n************5556\n");
  const Run verdicts = Plain({"validate", "--lines", "--field", "cards"}, values + "12\n");
  EXPECT_EQ(verdicts.code, 1);
  EXPECT_EQ(verdicts.out, "valid\nvalid\nvalid\npan.length\n");
  const Run some = Plain({"protect", "--lines", "--field", "cards"}, values + "12\n");
  EXPECT_EQ(some.code, 7);
}

TEST_F(CliFieldsTest, TheIndexIsThatOfProtect) {
  const auto made = OfAcme({"protect", "--field", "cards"}, kVisa);
  const auto index = OfAcme({"index", "--field", "cards"}, "4111 1111 1111 1111");
  EXPECT_EQ(index["index"], made["blind_index"]);
  OfAcme({"key", "rotate", "cards.index"});
  const auto both = OfAcme({"index", "--field", "cards"}, kVisa);
  EXPECT_EQ(both["older"], nlohmann::json::array({made["blind_index"]}));
  EXPECT_NE(both["index"], made["blind_index"]);
}

TEST_F(CliFieldsTest, TextOfTheSameFormat) {
  OfAcme({"field", "create", "cards.text", "--format", "pan", "--fpe-key", "cards.fpe",
          "--fpe-keep-first", "6", "--fpe-keep-last", "4"});
  const auto made = OfAcme({"protect", "--field", "cards.text"}, kVisa);
  const std::string text = made["fpe"]["text"];
  EXPECT_EQ(text.size(), 16u);
  EXPECT_EQ(text.substr(0, 6), "411111");
  EXPECT_EQ(text.substr(12), "1111");
  EXPECT_EQ(Plain({"reveal", text, "--field", "cards.text", "--fpe-version", "1"}).out, kVisa);
  EXPECT_EQ(Try({"reveal", text, "--field", "cards.text", "--fpe-version", "2"}).code, 5);
}

TEST_F(CliFieldsTest, MembersOfADocument) {
  OfAcme({"field", "create", "profiles", "--format", "json", "--key", "cards", "--json-pointer",
          "/name", "--json-pointer", "/phones/*"});
  const std::string document = R"({"id": 1, "name": "Zoë", "phones": ["+44 20", null]})";
  const auto made = OfAcme({"protect", "--field", "profiles"}, document);
  const std::string sealed = made["document"];
  EXPECT_THAT(sealed, HasSubstr(R"("id": 1)"));
  EXPECT_THAT(sealed, Not(HasSubstr("Zo")));
  EXPECT_EQ(Plain({"reveal", "--field", "profiles"}, sealed).out, document);
  EXPECT_EQ(Plain({"reveal", "--field", "profiles", "--view", "masked"}, sealed).out,
            R"({"id": 1, "name": "***", "phones": ["***", null]})");
}

}  // namespace
}  // namespace fieldkms::testing
