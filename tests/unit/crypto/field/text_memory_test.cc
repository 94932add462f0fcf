// A program of its own: it counts what the global operator new and ICU's allocator are asked for,
// and looks at memory in the moment it is freed.
#include <gtest/gtest.h>
#include <unicode/uclean.h>

#include <array>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

#include "crypto/bytes.h"
#include "crypto/field/json_members.h"
#include "crypto/field/mask.h"
#include "crypto/field/unicode.h"
#include "tests/support/text_formats.h"

namespace {

size_t allocations = 0;
size_t icu_allocations = 0;
size_t freed_with_secret = 0;
// Both forms that a text has in memory, UTF-8 and UTF-16: of letters that nothing else holds.
constexpr std::string_view kSecret = "Qj\xc3\xa4Zq";
constexpr std::u16string_view kWideSecret = u"Qj\u00e4Zq";

bool Contains(const void* block, size_t size, const void* needle, size_t needle_size) {
  const std::string_view bytes(static_cast<const char*>(block), size);
  return bytes.find({static_cast<const char*>(needle), needle_size}) != std::string_view::npos;
}

void Watch(const void* block, size_t size) {
  if (Contains(block, size, kSecret.data(), kSecret.size()) ||
      Contains(block, size, kWideSecret.data(), 2 * kWideSecret.size())) {
    ++freed_with_secret;
  }
}

void* IcuAllocate(const void*, size_t size) {
  ++icu_allocations;
  return std::malloc(size);
}
void* IcuReallocate(const void*, void* block, size_t size) {
  ++icu_allocations;
  return std::realloc(block, size);
}
void IcuFree(const void*, void* block) { std::free(block); }

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, size_t size) noexcept {
  Watch(block, size);
  std::free(block);
}

namespace fieldkms {
namespace {

class TextMemoryTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    UErrorCode error = U_ZERO_ERROR;
    u_setMemoryFunctions(nullptr, IcuAllocate, IcuReallocate, IcuFree, &error);
    ASSERT_TRUE(U_SUCCESS(error));
    // Whatever is made once is made here.
    std::string out;
    AppendFolded("\u00c4\u0301\u0327", &out);
    ASSERT_EQ(GraphemeLength(out), out.size());
  }
  void SetUp() override { allocations = icu_allocations = freed_with_secret = 0; }
};

std::string Roomy() {
  std::string text;
  text.reserve(4096);
  return text;
}

TEST_F(TextMemoryTest, AsciiIsCheckedCanonicalisedAndMaskedWithoutAnAllocation) {
  constexpr std::array<std::string_view, 6> kValues = {
      "a note of some length, so that it is not short",
      "+44 20 7946 0123",
      "John.Smith+of.a.long.name@Example.Mail.COM",
      "  John Jacob Jingleheimer   Smith ",
      "1984-02-29",
      "10 Downing Street, London SW1A 2AA, GB"};
  std::string canonical = Roomy(), masked = Roomy();
  for (size_t i = 0; i < kValues.size(); ++i) {
    const std::string_view value = kValues[i];
    canonical.clear();
    masked.clear();
    allocations = 0;
    EXPECT_TRUE(IsUtf8(value) && !IsBlank(value));
    EXPECT_EQ(kTextFormats[i].canonicalise(value, kToday, &canonical), nullptr);
    const FieldValue forms = {value, canonical};
    kTextFormats[i].mask(forms, &masked);
    const size_t by_formats = allocations;
    EXPECT_EQ(by_formats, 0u) << kTextFormats[i].name;
  }
  EXPECT_EQ(icu_allocations, 0u);
}

TEST_F(TextMemoryTest, ATemplateMasksAsciiWithoutAnAllocation) {
  const MaskTemplate mask = {.keep_first = 4, .keep_last = 4};
  std::string masked = Roomy();
  for (const FieldFormat format : {FieldFormat::kPan, FieldFormat::kIban, FieldFormat::kFreeText}) {
    allocations = 0;
    MaskValue(mask, format, {"4111 1111 1111 1111", "4111111111111111"}, &masked);
    const size_t by_mask = allocations;
    EXPECT_EQ(by_mask, 0u);
    EXPECT_NE(masked.find('*'), std::string::npos);
  }
}

std::string Secret(std::string_view before, std::string_view after) {
  return std::string(before) + std::string(kSecret) + std::string(after);
}

// Whether the watch sees what it should.
TEST_F(TextMemoryTest, AnOrdinaryStringFreesItsBytesAsTheyAre) {
  { const std::string text = Secret("padding so that it is on the heap ", ""); }
  EXPECT_GE(freed_with_secret, 1u);
}

TEST_F(TextMemoryTest, NoCopyOfAValueIsLeftBehindAndIcuMakesNone) {
  // A part of each is not in NFC, and all of it long enough for the heap.
  const std::string tail = " and more of it, e\u0301e\u0301e\u0301, which is not in NFC";
  const std::string json = Secret("{\"name\": \"", "\", \"\\u0061bcdefghijklmnop\": 1}");
  const std::string text = Secret("", tail), mail = Secret("", "e\u0301e\u0301@example.com");
  const std::string name = Secret("", " e\u0301e\u0301 of a name that is long");
  const std::string address = Secret("", " e\u0301e\u0301 street\n12345 Berlin\nDE");
  const std::vector<std::pair<size_t, const std::string*>> values = {
      {0, &text}, {2, &mail}, {3, &name}, {5, &address}, {6, &json}};
  std::string canonical = Roomy(), masked = Roomy();
  for (const auto& [format, value] : values) {
    WipeString(&canonical);
    canonical.clear();
    freed_with_secret = 0;
    EXPECT_EQ(kTextFormats[format].canonicalise(*value, kToday, &canonical), nullptr);
    kTextFormats[format].mask({*value, canonical}, &masked);
    const MaskTemplate mask = {.keep_first = 1};
    MaskValue(mask, kTextFormats[format].format, {*value, canonical}, &masked);
    EXPECT_EQ(freed_with_secret, 0u) << kTextFormats[format].name;
  }
  EXPECT_EQ(icu_allocations, 0u);
}

// Strings that grow give up memory that is wiped.
TEST_F(TextMemoryTest, GrowingLeavesNothingBehind) {
  const std::string text = Secret("the secret is in ", " here, and more follows in time");
  const std::string long_tail(1000, 'x');
  freed_with_secret = 0;
  {
    std::string out;
    AppendNfc(text, &out);
    AppendNfc(long_tail, &out);
    AppendNfc("\u00e4" + long_tail, &out);
    WipeString(&out);
  }
  EXPECT_EQ(freed_with_secret, 0u);
}

TEST_F(TextMemoryTest, WhatMembersAreRevealedAsIsWiped) {
  const std::string document = "{\"a\":\"sealed\",\"b\":\"" + std::string(200, 'x') + "\"}";
  const std::string plain = Secret("\"in the clear: ", ", long enough for the heap\"");
  std::string out;
  freed_with_secret = 0;
  ASSERT_TRUE(RevealMembers(
                  document, {"/a"},
                  [&plain](std::string_view, std::string_view) {
                    return absl::StatusOr<std::string>(plain);
                  },
                  &out)
                  .ok());
  EXPECT_NE(out.find(plain), std::string::npos);
  WipeString(&out);
  EXPECT_EQ(freed_with_secret, 0u);
}

}  // namespace
}  // namespace fieldkms
