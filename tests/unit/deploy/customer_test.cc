#include "deploy/sample/customer.h"

#include <gtest/gtest.h>

#include <clocale>
#include <cwchar>
#include <set>
#include <string>

#include "crypto/bytes.h"
#include "crypto/sha256.h"
#include "deploy/sample/bytea.h"
#include "deploy/sample/identifiers.h"

namespace fieldkms::sample {
namespace {

constexpr int64_t kRows = 3'000;

bool ValidUtf8(const std::string& text) {
  std::mbstate_t state{};
  const char* at = text.c_str();
  return std::mbsrtowcs(nullptr, &at, 0, &state) != static_cast<size_t>(-1);
}

class CustomerTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr); }
};

TEST_F(CustomerTest, TheSameOnEveryMachine) {
  std::string all;
  for (int64_t id = 1; id <= 100; ++id) {
    for (const auto& field : MakeCustomer(id).fields) all += field ? *field + "\x1f" : "\x1e";
  }
  const auto digest = Sha256(AsBytes(all));
  ASSERT_TRUE(digest.ok());
  EXPECT_EQ(Hex(AsText(*digest)),
            "5a2fe292e75c6d258cedf352e7c9a912916a713debff2ea5073b0ddcc5d0f033");
}

TEST_F(CustomerTest, HoldsWhatTheSampleMustHave) {
  size_t nulls = 0;
  size_t empties = 0;
  size_t long_notes = 0;
  std::set<std::string> emails;
  for (int64_t id = 1; id <= kRows; ++id) {
    const Row row = MakeCustomer(id);
    EXPECT_EQ(row.id, id);
    for (const auto& field : row.fields) {
      if (!field) {
        ++nulls;
        continue;
      }
      ASSERT_TRUE(ValidUtf8(*field)) << "row " << id;
      // PostgreSQL has no NUL in text.
      ASSERT_EQ(field->find('\0'), std::string::npos) << "row " << id;
      empties += field->empty() ? 1 : 0;
    }
    EXPECT_TRUE(LuhnValid(row.fields[kCardNumber].value()));
    if (row.fields[kIban] && !row.fields[kIban]->empty()) {
      EXPECT_TRUE(IbanValid(*row.fields[kIban]));
    }
    if (row.fields[kEmail] && !row.fields[kEmail]->empty()) emails.insert(*row.fields[kEmail]);
    long_notes += row.fields[kNotes].value_or("").size() == 100'000 ? 1 : 0;
  }
  EXPECT_GT(nulls, 500U);
  EXPECT_GT(empties, 50U);
  EXPECT_EQ(long_notes, 3U);
  EXPECT_GT(emails.size(), 2'500U);
}

// First code points of names, as evidence of scripts.
TEST_F(CustomerTest, NamesInManyScripts) {
  struct Block {
    const char* name;
    wchar_t first;
    wchar_t last;
    bool seen = false;
  };
  Block blocks[] = {{"Latin", L'A', L'z'},        {"Latin with diacritics", 0xC0, 0x17F},
                    {"Greek", 0x370, 0x3FF},      {"Cyrillic", 0x400, 0x4FF},
                    {"Hebrew", 0x590, 0x5FF},     {"Arabic", 0x600, 0x6FF},
                    {"Devanagari", 0x900, 0x97F}, {"Kana", 0x3040, 0x30FF},
                    {"Han", 0x4E00, 0x9FFF},      {"Hangul", 0xAC00, 0xD7AF},
                    {"Emoji", 0x1F300, 0x1FAFF}};
  for (int64_t id = 1; id <= kRows; ++id) {
    const std::string name = MakeCustomer(id).fields[kFullName].value();
    std::wstring wide(name.size(), L'\0');
    wide.resize(std::mbstowcs(wide.data(), name.c_str(), wide.size()));
    for (wchar_t c : wide) {
      for (Block& block : blocks) block.seen |= c >= block.first && c <= block.last;
    }
  }
  for (const Block& block : blocks) EXPECT_TRUE(block.seen) << block.name;
}

}  // namespace
}  // namespace fieldkms::sample
