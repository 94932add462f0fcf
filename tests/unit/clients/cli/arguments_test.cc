// Contexts and ciphertexts as they stand on a command line.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "clients/cli/ciphertext.h"
#include "clients/cli/context_args.h"
#include "crypto/envelope.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

TEST(ContextArgsTest, TakesValuesAsTheyStand) {
  ASSERT_OK_AND_ASSIGN(const ContextEntries entries,
                       ParseContextArgs({"pk=1=2", "b:b64=AP8=", "empty=", "name=Zoë"}, "context"));
  ASSERT_EQ(entries.size(), 4);
  EXPECT_EQ(entries[0].name(), "pk");
  EXPECT_EQ(entries[0].value(), "1=2");
  EXPECT_EQ(entries[1].name(), "b");
  EXPECT_EQ(entries[1].value(), std::string("\0\xff", 2));
  EXPECT_EQ(entries[2].value(), "");
  EXPECT_EQ(entries[3].value(), "Zoë");
  EXPECT_EQ(ParseContextArgs({}, "context")->size(), 0);
}

TEST(ContextArgsTest, RefusesAndNeverRepeatsTheValue) {
  const std::string secret = "tell-nobody";
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{secret},
                                             {"=" + secret},
                                             {"UPPER=" + secret},
                                             {"b:b64=" + secret},
                                             {"a=" + secret, "a=" + secret},
                                             {"a=" + std::string(4'097, 'x')},
                                             {std::string(65, 'n') + "=" + secret},
                                             std::vector<std::string>(17, "a=1")}) {
    const auto entries = ParseContextArgs(arguments, "to-context");
    EXPECT_THAT(entries, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
    EXPECT_EQ(FieldOf(entries.status()), "to-context");
    EXPECT_THAT(std::string(entries.status().message()),
                ::testing::Not(::testing::HasSubstr(secret)));
  }
}

const std::string kEnvelope = "\x11" + std::string(60, '\x02');

TEST(CiphertextTest, FindsOutTheForm) {
  const std::string text = EncodeText(AsBytes(kEnvelope));
  EXPECT_EQ(FormOf(text), CiphertextForm::kText);
  EXPECT_EQ(FormOf(kEnvelope), CiphertextForm::kBinary);
  EXPECT_EQ(EnvelopeFrom(text).value(), kEnvelope);
  EXPECT_EQ(EnvelopeFrom(text + "\n").value(), kEnvelope);
  EXPECT_EQ(EnvelopeFrom(text + "\r\n").value(), kEnvelope);
  EXPECT_EQ(EnvelopeFrom(kEnvelope).value(), kEnvelope);
  EXPECT_EQ(EnvelopeFrom(kEnvelope + "\n").value(), kEnvelope + "\n");  // a byte like any other
  EXPECT_THAT(EnvelopeFrom(text + "\n\n"), StatusIs(Reason::kEnvelopeMalformed));
  EXPECT_THAT(EnvelopeFrom(" " + text).value(), " " + text);
}

TEST(CiphertextTest, LinesAreTextOnly) {
  const std::string text = EncodeText(AsBytes(kEnvelope));
  EXPECT_EQ(EnvelopeFromLine(text + "\r").value(), kEnvelope);
  EXPECT_THAT(EnvelopeFromLine(kEnvelope), StatusIs(Reason::kEnvelopeMalformed));
  EXPECT_THAT(EnvelopeFromLine(""), StatusIs(Reason::kEnvelopeMalformed));
}

TEST(CiphertextTest, ReadsFilesOfEitherForm) {
  const testing::TempDir dir;
  testing::WriteFile(dir.File("t"), Rendered(kEnvelope, CiphertextForm::kText));
  testing::WriteFile(dir.File("b"), Rendered(kEnvelope, CiphertextForm::kBinary));
  EXPECT_EQ(ReadEnvelope("", dir.File("t")).value(), kEnvelope);
  EXPECT_EQ(ReadEnvelope("", dir.File("b")).value(), kEnvelope);
  EXPECT_FALSE(ReadEnvelope("", dir.File("missing")).ok());
}

}  // namespace
}  // namespace fieldkms
