#include "sql/extension/context_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "crypto/context.h"
#include "tests/unit/sql/extension/bytes_of.h"

namespace fieldkms::testing {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

// The canonical form, or what is wrong.
std::string Written(const Entries& entries) {
  std::vector<KmsEntry> views;
  for (const auto& [name, value] : entries) views.push_back({BytesOf(name), BytesOf(value)});
  size_t size = 0;
  const char* wrong = kms_context_prepare(views.data(), views.size(), &size);
  if (wrong != nullptr) return wrong;
  std::string context(size, 'x');
  EXPECT_EQ(kms_context_put(context.data(), views.data(), views.size()), context.data() + size);
  return context;
}

// By the service's own code; "" where it refuses.
std::string WrittenByService(const Entries& entries) {
  std::vector<ContextEntry> views;
  for (const auto& [name, value] : entries) views.push_back({name, value});
  std::string context;
  return AppendContext(views, &context).ok() ? context : "";
}

std::string Wrong(std::string_view context) {
  KmsEntry entries[KMS_CONTEXT_MOST_ENTRIES];
  size_t count = 0;
  const char* wrong = kms_context_read(BytesOf(context), entries, &count);
  return wrong == nullptr ? "" : wrong;
}

RC_GTEST_PROP(ContextWriterTest, WritesWhatTheServiceWrites, ()) {
  const auto name = rc::gen::nonEmpty(
      rc::gen::container<std::string>(rc::gen::elementOf(std::string("abcz019_.-A \xff"))));
  const auto entries =
      *rc::gen::container<Entries>(rc::gen::pair(name, rc::gen::arbitrary<std::string>()));
  const std::string service = WrittenByService(entries);
  if (service.empty()) {
    RC_ASSERT(WrittenByService({}) != Written(entries) || entries.empty());
    RC_ASSERT(Wrong(Written(entries)) != "");
    return;
  }
  RC_ASSERT(Written(entries) == service);
  RC_ASSERT(Wrong(service) == "");
}

// Whatever the one takes, the other does: bytes of contexts, altered anywhere.
RC_GTEST_PROP(ContextWriterTest, ReadsWhatTheServiceReads, ()) {
  std::string context = WrittenByService(
      {{"b", "0123456789abcdef"}, {"pk", *rc::gen::arbitrary<std::string>()}, {"z", ""}});
  const auto flips = *rc::gen::inRange(0, 3);
  for (int i = 0; i < flips; ++i) {
    context[*rc::gen::inRange<size_t>(0, context.size())] = *rc::gen::arbitrary<char>();
  }
  context.resize(*rc::gen::element(context.size(), context.size(), context.size() + 1,
                                   *rc::gen::inRange<size_t>(0, context.size())));
  RC_ASSERT((Wrong(context) == "") == ParseContext(context).ok());
}

TEST(ContextWriterTest, SortsByNameAndNamesWhatIsWrong) {
  const std::string sorted("\0\2\0\1a\0\0\0\0011\0\2bb\0\0\0\0", 18);
  EXPECT_EQ(Written({{"bb", ""}, {"a", "1"}}), sorted);
  EXPECT_EQ(Written({{"a", "1"}, {"a", "2"}}), "a name of an entry is given twice");
  EXPECT_THAT(Written({{"", "1"}}), ::testing::HasSubstr("1 to 64 characters"));
  EXPECT_THAT(Written({{std::string(65, 'a'), "1"}}), ::testing::HasSubstr("1 to 64 characters"));
  EXPECT_THAT(Written({{"a", std::string(4097, 'v')}}), ::testing::HasSubstr("4096"));
  EXPECT_THAT(Written({{"a", std::string(4096, 'v')}, {"b", std::string(4096, 'v')}}),
              ::testing::HasSubstr("8192"));
  EXPECT_THAT(Written(Entries(17, {"a", ""})), ::testing::HasSubstr("16"));
}

// The examples of crypto/FORMAT.md.
TEST(ContextWriterTest, RowKeysAreLengthsAndTexts) {
  const KmsBytes columns[] = {BytesOf("de"), BytesOf(""), BytesOf("7")};
  std::string key(kms_row_key_size(columns, 3), 'x');
  EXPECT_EQ(kms_row_key_put(key.data(), columns, 3), key.data() + key.size());
  EXPECT_EQ(key, std::string("\0\0\0\2de\0\0\0\0\0\0\0\0017", 15));
}

}  // namespace
}  // namespace fieldkms::testing
