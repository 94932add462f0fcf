#include "crypto/context.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

absl::StatusOr<std::string> Canonical(std::vector<ContextEntry> entries) {
  std::string out;
  FIELDKMS_RETURN_IF_ERROR(AppendContext(entries, &out));
  return out;
}

std::string FromHexText(std::string_view hex) { return std::string(AsText(FromHex(hex))); }

auto Refused() { return StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField); }

TEST(ContextTest, IsSortedAndLengthPrefixed) {
  ASSERT_OK_AND_ASSIGN(const std::string canonical, Canonical({{"pk", "42"}, {"b", "\x01\x02"}}));
  EXPECT_EQ(ToHex(AsBytes(canonical)),
            "0002"
            "0001"
            "62"
            "00000002"
            "0102"
            "0002"
            "706b"
            "00000002"
            "3432");
}

TEST(ContextTest, OrderOfEntriesMeansNothing) {
  std::vector<ContextEntry> entries = {{"a", "1"}, {"a.b", "2"}, {"a_b", "3"}, {"b", ""}};
  ASSERT_OK_AND_ASSIGN(const std::string sorted, Canonical(entries));
  do {
    EXPECT_EQ(Canonical(entries).value(), sorted);
  } while (std::next_permutation(entries.begin(), entries.end(),
                                 [](const auto& a, const auto& b) { return a.name < b.name; }));
}

TEST(ContextTest, EmptyIsACount) {
  EXPECT_EQ(ToHex(AsBytes(Canonical({}).value())), "0000");
  EXPECT_TRUE(ParseContext(std::string_view("\0\0", 2)).value().empty());
}

TEST(ContextTest, AppendsAfterWhatIsThere) {
  std::vector<ContextEntry> entries = {{"a", "1"}};
  std::string out = "before";
  ASSERT_OK(AppendContext(entries, &out));
  EXPECT_EQ(out.substr(0, 6), "before");
  EXPECT_EQ(out.substr(6), Canonical({{"a", "1"}}).value());
}

TEST(ContextTest, TheLimitsThemselvesAreAllowed) {
  const std::string name(kMaxContextNameSize, 'n');
  const std::string value(kMaxContextValueSize, 'v');
  EXPECT_OK(Canonical({{name, value}}));
  std::vector<std::string> names;
  for (char c = 'a'; c < 'a' + 16; ++c) names.emplace_back(1, c);
  std::vector<ContextEntry> entries;
  for (const std::string& n : names) entries.push_back({n, ""});
  EXPECT_OK(Canonical(entries));
  // 2 + 2 * (2 + 1 + 4) + 4096 + 4080 = 8192
  EXPECT_OK(Canonical({{"a", value}, {"b", std::string(4080, 'v')}}));
}

TEST(ContextTest, RefusesWhatIsOverALimitAndLeavesTheOutput) {
  const std::string value(kMaxContextValueSize, 'v');
  const std::string long_name(kMaxContextNameSize + 1, 'n');
  const std::string long_value(kMaxContextValueSize + 1, 'v');
  const std::string rest(4081, 'v');
  const std::vector<std::vector<ContextEntry>> bad = {
      std::vector<ContextEntry>(17, ContextEntry{"a", ""}),
      {{"", "v"}},
      {{long_name, ""}},
      {{"a", long_value}},
      {{"a", value}, {"b", rest}},
      {{"a", "1"}, {"b", "2"}, {"a", "1"}},
      {{"A", ""}},
      {{"a b", ""}},
      {{"a/b", ""}},
      {{std::string_view("a\0", 2), ""}},
      {{"\xc3\xa4", ""}},
  };
  for (std::vector<ContextEntry> entries : bad) {
    std::string out = "as it was";
    const absl::Status status = AppendContext(entries, &out);
    EXPECT_THAT(status, Refused());
    EXPECT_EQ(FieldOf(status), "context");
    EXPECT_EQ(out, "as it was");
  }
}

TEST(ParseContextTest, RefusesWhatAppendWouldNotWrite) {
  for (const char* hex : {
           "",                        // no count
           "00",                      // half a count
           "0001",                    // an entry is missing
           "0000ff",                  // a byte too many
           "000100016100000001",      // the value is missing
           "0001000161000000",        // half a length
           "00010001610000000231",    // shorter than its length
           "0001000161000000013100",  // longer
           "000200016200000000000161"
           "00000000",  // not sorted
           "000200016100000000000161"
           "00000000",  // twice
           "00010000"
           "00000000",  // an empty name
           "0001000141"
           "00000000",              // an upper-case name
           "00010001610000100100",  // a value over its limit
           "0001000161ffffffff",    // a length that would wrap
           "0001ffff61",            // a name over its limit
           "0011",                  // too many entries
           "ffff",
       }) {
    EXPECT_THAT(ParseContext(FromHexText(hex)), Refused()) << hex;
  }
  EXPECT_THAT(ParseContext(std::string(kMaxContextSize + 1, '\0')), Refused());
}

// Entries within all limits, some of them close.
rc::Gen<std::map<std::string, std::string>> AnyContext() {
  const auto name_byte = rc::gen::elementOf(std::string("abyz019_.-"));
  const auto name = rc::gen::mapcat(rc::gen::inRange(1, 5), [name_byte](int size) {
    return rc::gen::container<std::string>(static_cast<size_t>(size), name_byte);
  });
  const auto value = rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  return rc::gen::suchThat(
      rc::gen::container<std::map<std::string, std::string>>(name, value),
      [](const auto& context) { return context.size() <= kMaxContextEntries; });
}

std::string CanonicalOf(const std::map<std::string, std::string>& context) {
  std::vector<ContextEntry> entries;
  for (const auto& [name, value] : context) entries.push_back({name, value});
  std::reverse(entries.begin(), entries.end());
  return Canonical(entries).value();
}

RC_GTEST_PROP(ParseContextTest, IsTheInverseOfAppend, ()) {
  const auto context = *AnyContext();
  const std::string canonical = CanonicalOf(context);
  std::map<std::string, std::string> parsed;
  const std::vector<ContextEntry> entries = ParseContext(canonical).value();
  for (const ContextEntry& entry : entries) {
    parsed.emplace(entry.name, entry.value);
  }
  RC_ASSERT(parsed == context);
}

// Whatever parses, re-encodes to the same bytes: here for bytes close to valid.
RC_GTEST_PROP(ParseContextTest, WhatParsesReencodesIdentically, ()) {
  std::string bytes = CanonicalOf(*AnyContext());
  const int changes = *rc::gen::inRange(0, 3);
  for (int i = 0; i < changes; ++i) {
    bytes[*rc::gen::inRange<size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
  }
  const auto parsed = ParseContext(bytes);
  RC_CLASSIFY(parsed.ok(), "parses");
  if (parsed.ok()) RC_ASSERT(Canonical(*parsed).value() == bytes);
}

}  // namespace
}  // namespace fieldkms
