// What forms send by mistake or on purpose, to every format of text.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "crypto/field/unicode.h"
#include "tests/support/text_formats.h"

namespace fieldkms {
namespace {

struct HostileValue {
  const char* what;
  std::string value;
  // The rule that each format refuses it by; formats that are not named accept it.
  std::map<std::string_view, std::string_view> refused_by;
};

// A family: man, woman, girl, boy, joined.
constexpr char kFamily[] = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466";
const std::string kMegabyte(size_t{1} << 20, 'a');

const std::vector<HostileValue>& HostileValues() {
  static const std::vector<HostileValue> values = {
      {"nothing",
       "",
       {{"phone", "phone.plus"},
        {"email", "email.at"},
        {"person_name", "person_name.letter"},
        {"date_of_birth", "date_of_birth.form"},
        {"postal_address", "postal_address.parts"},
        {"json", "json.syntax"}}},
      {"white space",
       " \u00a0\u3000 ",
       {{"phone", "phone.plus"},
        {"email", "email.at"},
        {"person_name", "person_name.letter"},
        {"date_of_birth", "date_of_birth.form"},
        {"postal_address", "postal_address.parts"},
        {"json", "json.syntax"}}},
      {"full-width digits",
       "\uff0b\uff14\uff14\uff12\uff10\uff17\uff19\uff14\uff16",
       {{"phone", "phone.plus"},
        {"email", "email.at"},
        {"person_name", "person_name.letter"},
        {"date_of_birth", "date_of_birth.form"},
        {"postal_address", "postal_address.parts"},
        {"json", "json.syntax"}}},
      {"Arabic-Indic digits",
       "\u0661\u0669\u0668\u0664-\u0660\u0662-\u0662\u0669",
       {{"phone", "phone.plus"},
        {"email", "email.at"},
        {"person_name", "person_name.letter"},
        {"date_of_birth", "date_of_birth.form"},
        {"postal_address", "postal_address.parts"},
        {"json", "json.syntax"}}},
      {"a megabyte",
       kMegabyte,
       {{"phone", "phone.plus"},
        {"email", "email.at"},
        {"person_name", "person_name.length"},
        {"date_of_birth", "date_of_birth.form"},
        {"postal_address", "postal_address.parts"},
        {"json", "json.syntax"}}},
      {"a NUL within",
       std::string("+44\0 20", 7),
       {{"free_text", "free_text.control"},
        {"phone", "phone.characters"},
        {"email", "email.at"},
        {"person_name", "person_name.control"},
        {"date_of_birth", "date_of_birth.form"},
        {"postal_address", "postal_address.control"},
        {"json", "json.syntax"}}},
      {"marks that turn the text",
       "a\u200fb\u202e@c.de",
       {{"phone", "phone.plus"},
        {"email", "email.local"},
        {"person_name", "person_name.invisible"},
        {"date_of_birth", "date_of_birth.form"},
        {"postal_address", "postal_address.invisible"},
        {"json", "json.syntax"}}},
      {"combining marks alone",
       "\u0301\u0302\u0303",
       {{"phone", "phone.plus"},
        {"email", "email.at"},
        {"person_name", "person_name.letter"},
        {"date_of_birth", "date_of_birth.form"},
        {"postal_address", "postal_address.parts"},
        {"json", "json.syntax"}}},
      {"a family",
       kFamily,
       {{"phone", "phone.plus"},
        {"email", "email.at"},
        {"person_name", "person_name.letter"},
        {"date_of_birth", "date_of_birth.form"},
        {"postal_address", "postal_address.parts"},
        {"json", "json.syntax"}}},
      {"flags",
       "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7",
       {{"phone", "phone.plus"},
        {"email", "email.at"},
        {"person_name", "person_name.letter"},
        {"date_of_birth", "date_of_birth.form"},
        {"postal_address", "postal_address.parts"},
        {"json", "json.syntax"}}},
      {"Hangul jamo",
       "\u1112\u1161\u11ab\u1100\u116e\u11a8",
       {{"phone", "phone.plus"},
        {"email", "email.at"},
        {"date_of_birth", "date_of_birth.form"},
        {"postal_address", "postal_address.parts"},
        {"json", "json.syntax"}}},
  };
  return values;
}

TEST(HostileTextTest, EachIsRefusedByTheRuleItBreaksOrAccepted) {
  for (const HostileValue& hostile : HostileValues()) {
    for (const TextFormat& format : kTextFormats) {
      const auto rule = hostile.refused_by.find(format.name);
      EXPECT_EQ(BrokenRule(format, hostile.value),
                rule == hostile.refused_by.end() ? "" : rule->second)
          << hostile.what << ", " << format.name;
    }
  }
}

// The rules of every value come first; the functions stand by themselves all the same.
TEST(HostileTextTest, BytesThatAreNoUtf8AreReadWithoutHarm) {
  for (const std::string bytes :
       {"\xff", "+44\xc3", "a@\xe2\x82", "\xf0\x9f\x98@b.c", "J\xed\xa0\x80", "1, \xc0\x80, GB",
        "\"\xf4\x90\x80\x80\"", "{\"\xfe\":1}"}) {
    EXPECT_FALSE(IsUtf8(bytes));
    for (const TextFormat& format : kTextFormats) {
      std::string canonical;
      const FieldRule* broken = format.canonicalise(bytes, kToday, &canonical);
      // Only JSON, which has its strings stay as they are, hands on what it was given.
      if (broken == nullptr && format.format != FieldFormat::kJson) {
        EXPECT_TRUE(IsUtf8(canonical)) << format.name;
      }
    }
  }
}

TEST(HostileTextTest, ALongValueOfOneCharacterIsMaskedAsOne) {
  std::string letter = "q";
  for (int i = 0; i < 60; ++i) letter += "\u0323";
  EXPECT_EQ(Mask(kTextFormats[3], {letter, letter}), letter + "***");
  const std::string family = std::string(kFamily) + "x";
  EXPECT_EQ(Mask(kTextFormats[3], {family, family}), std::string(kFamily) + "***");
}

}  // namespace
}  // namespace fieldkms
