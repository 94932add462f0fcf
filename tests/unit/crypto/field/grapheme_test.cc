#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "crypto/field/unicode.h"
#include "tests/support/paths.h"
#include "tests/support/vectors.h"

namespace fieldkms {
namespace {

std::vector<std::string> Graphemes(std::string_view text) {
  std::vector<std::string> graphemes;
  while (!text.empty()) {
    const size_t length = GraphemeLength(text);
    graphemes.emplace_back(text.substr(0, length));
    text.remove_prefix(length);
  }
  return graphemes;
}

// "÷ 0061 × 0308 ÷": the characters that the line says there are.
std::vector<std::string> ReadLine(const std::string& line) {
  std::vector<std::string> graphemes;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    if (word == "÷") {
      graphemes.emplace_back();
    } else if (word != "×") {
      AppendCodePoint(static_cast<char32_t>(std::stoul(word, nullptr, 16)), &graphemes.back());
    }
  }
  graphemes.pop_back();  // the break at the end
  return graphemes;
}

TEST(GraphemeTest, BreaksWhereUnicodeDoes) {
  std::ifstream file = OpenFile(testing::VectorsDir() + "/unicode/GraphemeBreakTest.txt");
  size_t lines = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> expected = ReadLine(line);
    std::string text;
    for (const std::string& grapheme : expected) text += grapheme;
    EXPECT_EQ(Graphemes(text), expected) << line;
    ++lines;
  }
  EXPECT_EQ(lines, 602u);
}

TEST(GraphemeTest, WhatPeopleSeeAsOneCharacterIsOne) {
  const std::vector<std::string> one = {
      "a",
      "\r\n",
      "e\u0301",
      "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
      "\U0001f44d\U0001f3fd",  // a thumb and a skin tone
      "\U0001f1e9\U0001f1ea",  // a flag
      "\u1112\u1161\u11ab",    // a Hangul syllable in its parts
      "\u0928\u0940",          // a letter and its vowel sign
      "1\ufe0f\u20e3",         // a keycap
      "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  // of England
  };
  for (const std::string& grapheme : one) {
    EXPECT_EQ(GraphemeLength(grapheme), grapheme.size());
    EXPECT_EQ(GraphemeLength(grapheme + "x"), grapheme.size());
    EXPECT_EQ(Graphemes("x" + grapheme).size(), 2u);
  }
}

TEST(GraphemeTest, AsciiIsAByteEach) {
  for (int first = 0; first < 128; ++first) {
    for (int second = 0; second < 128; ++second) {
      const std::string text = {static_cast<char>(first), static_cast<char>(second)};
      EXPECT_EQ(GraphemeLength(text), text == "\r\n" ? 2u : 1u);
    }
  }
}

TEST(GraphemeTest, FlagsAreCountedFromTheirBegin) {
  EXPECT_EQ(Graphemes("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7\U0001f1ec").size(), 3u);
}

}  // namespace
}  // namespace fieldkms
