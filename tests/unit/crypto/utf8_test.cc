#include "crypto/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace fieldkms {
namespace {

// All code points that are one, there and back; and what is cut short.
TEST(Utf8Test, EveryCodePoint) {
  for (char32_t point = 0; point <= 0x10ffff; ++point) {
    if (point == 0xd800) point = 0xe000;
    std::string text;
    AppendUtf8(point, &text);
    const size_t size = point < 0x80 ? 1u : point < 0x800 ? 2u : point < 0x10000 ? 3u : 4u;
    ASSERT_EQ(text.size(), size);
    for (size_t cut = 1; cut < size; ++cut) {
      std::string_view rest(text.data(), cut);
      char32_t read = 0;
      ASSERT_FALSE(TakeCodePoint(&rest, &read)) << std::hex << uint32_t{point};
    }
    text += "x";
    std::string_view rest = text;
    char32_t read = 0;
    ASSERT_TRUE(TakeCodePoint(&rest, &read));
    ASSERT_EQ(read, point);
    ASSERT_EQ(rest, "x");
  }
}

TEST(Utf8Test, KnownSpellings) {
  const std::pair<char32_t, const char*> known[] = {{U'A', "A"},
                                                    {U'\u00e9', "\xc3\xa9"},
                                                    {U'\u20ac', "\xe2\x82\xac"},
                                                    {U'\U0001f600', "\xf0\x9f\x98\x80"},
                                                    {char32_t{0x10ffff}, "\xf4\x8f\xbf\xbf"}};
  for (const auto& [point, bytes] : known) {
    std::string text;
    AppendUtf8(point, &text);
    EXPECT_EQ(text, bytes);
  }
}

TEST(Utf8Test, WhatIsNotWellFormedIsRefused) {
  const std::string_view ill[] = {
      "\x80",                  // follows nothing
      "\xbf\xbf",              //
      "\xc0\x80",              // overlong
      "\xc1\xbf",              //
      "\xe0\x80\x80",          //
      "\xe0\x9f\xbf",          //
      "\xf0\x80\x80\x80",      //
      "\xf0\x8f\xbf\xbf",      //
      "\xed\xa0\x80",          // surrogates
      "\xed\xbf\xbf",          //
      "\xf4\x90\x80\x80",      // beyond U+10FFFF
      "\xf5\x80\x80\x80",      //
      "\xf8\x88\x80\x80\x80",  // five bytes
      "\xfe",
      "\xff",   //
      "\xc3(",  // not followed
      "\xe2\x82(",
      "\xe2(\xa1",
      "\xf0\x9f\x98(",
      "\xf0\x28\x8c\xbc",
      "\xc3\xc3",
  };
  for (const std::string_view text : ill) {
    std::string_view rest = text;
    char32_t point = 0;
    EXPECT_FALSE(TakeCodePoint(&rest, &point));
    EXPECT_EQ(rest, text) << "nothing is taken";
  }
}

}  // namespace
}  // namespace fieldkms
