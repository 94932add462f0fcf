#include "crypto/base64.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fieldkms {
namespace {

std::string Encode(Base64 form, const std::string& bytes) {
  std::string text(Base64Size(form, bytes.size()), '\0');
  EncodeBase64(form, AsBytes(bytes), AsMutableBytes(text));
  return text;
}

std::optional<std::string> Decode(Base64 form, const std::string& text) {
  std::string bytes(MaxBase64Bytes(text.size()), '\0');
  const auto size = DecodeBase64(form, AsBytes(text), AsMutableBytes(bytes));
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

TEST(Base64Test, VectorsOfRfc4648Section10) {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, padded] : vectors) {
    EXPECT_EQ(Encode(Base64::kPadded, bytes), padded);
    EXPECT_EQ(Decode(Base64::kPadded, padded), bytes);
    const std::string bare = padded.substr(0, padded.find('='));
    EXPECT_EQ(Encode(Base64::kUrl, bytes), bare);
    EXPECT_EQ(Decode(Base64::kUrl, bare), bytes);
  }
}

TEST(Base64Test, TheAlphabetsDifferInTwoDigits) {
  EXPECT_EQ(Encode(Base64::kPadded, "\xfb\xff"), "+/8=");
  EXPECT_EQ(Encode(Base64::kUrl, "\xfb\xff"), "-_8");
  EXPECT_EQ(Decode(Base64::kPadded, "-_8="), std::nullopt);
  EXPECT_EQ(Decode(Base64::kUrl, "+/8"), std::nullopt);
}

TEST(Base64Test, RefusesWhatItWouldNotWrite) {
  for (const std::string text :
       {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z g=", "Zm9v\n", "=", "====", "Zg==Zg=="}) {
    EXPECT_EQ(Decode(Base64::kPadded, text), std::nullopt) << text;
  }
  for (const std::string text :
       {"Z", "Zg==", "Zh", "Zm9=", "Zm9vZ", "Zm9v\n", "=", "====", " Zg"}) {
    EXPECT_EQ(Decode(Base64::kUrl, text), std::nullopt) << text;
  }
}

RC_GTEST_PROP(Base64Property, RoundTrips, (const std::string& bytes)) {
  for (const Base64 form : {Base64::kPadded, Base64::kUrl}) {
    RC_ASSERT(Decode(form, Encode(form, bytes)) == bytes);
  }
}

// Whatever decodes is what encoding writes.
RC_GTEST_PROP(Base64Property, OneTextForEachValue, (const std::string& bytes, uint8_t change)) {
  for (const Base64 form : {Base64::kPadded, Base64::kUrl}) {
    std::string text = Encode(form, bytes);
    if (text.empty()) continue;
    text.back() = static_cast<char>(change);
    const auto decoded = Decode(form, text);
    const bool one_text = !decoded || Encode(form, *decoded) == text;  // RC_ASSERT evaluates all
    RC_ASSERT(one_text);
  }
}

}  // namespace
}  // namespace fieldkms
