#include "clients/cli/subject_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fieldkms {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

v1::Subject ASubject() {
  v1::Subject subject;
  subject.set_tenant("acme");
  subject.set_subject("customer-1047");
  subject.set_handle("00112233445566778899aabbccddeeff");
  subject.mutable_create_time()->set_seconds(1'700'000'000);
  return subject;
}

TEST(SubjectReportTest, ASubjectIsShown) {
  v1::Subject subject = ASubject();
  EXPECT_EQ(JsonLine(SubjectJson(subject)),
            "{\"tenant\":\"acme\",\"subject\":\"customer-1047\",\"handle\":"
            "\"00112233445566778899aabbccddeeff\",\"create_time\":\"2023-11-14T22:13:20Z\","
            "\"hold\":null}\n");
  EXPECT_EQ(Properties(SubjectRows(subject)),
            "tenant   acme\n"
            "subject  customer-1047\n"
            "handle   00112233445566778899aabbccddeeff\n"
            "created  2023-11-14T22:13:20Z\n");
  subject.mutable_hold()->set_reason("case\x1b[1m");
  subject.mutable_hold()->mutable_time()->set_seconds(1'700'000'001);
  subject.add_fields("cards");
  subject.add_fields("phones");
  EXPECT_EQ(SubjectJson(subject)["hold"]["time"], "2023-11-14T22:13:21Z");
  EXPECT_EQ(SubjectJson(subject)["hold"]["reason"], "case\x1b[1m");
  EXPECT_THAT(Properties(SubjectRows(subject)), EndsWith("held since  2023-11-14T22:13:21Z\n"
                                                         "held for    case\\x1b[1m\n"
                                                         "fields      cards, phones\n"));
}

TEST(SubjectReportTest, AnErasureNamesTheColumnsToClear) {
  v1::EraseSubjectResponse erased;
  *erased.mutable_subject() = ASubject();
  erased.mutable_subject()->add_fields("cards");
  erased.mutable_subject()->add_fields("phones");
  erased.mutable_erase_time()->set_seconds(1'700'000'100);
  erased.mutable_effective_at_latest()->set_seconds(1'703'024'100);
  erased.set_erased_token_count(3);
  erased.set_erasure_number(12);
  EXPECT_THAT(ErasureText(erased), EndsWith("No index columns are to be cleared.\n"));
  erased.add_indexed_fields("cards");
  const std::string text = ErasureText(erased);
  EXPECT_THAT(text, HasSubstr("fields               cards, phones\n"
                              "erased               2023-11-14T22:15:00Z\n"
                              "effective at latest  2023-12-19T22:15:00Z\n"
                              "erasure number       12\n"
                              "erased tokens        3\n"));
  EXPECT_THAT(text, HasSubstr("Clear the index columns"));
  EXPECT_THAT(text, EndsWith("\n  cards\n"));
  EXPECT_THAT(text, Not(HasSubstr("  phones\n")));
  const Json json = ErasureJson(erased);
  EXPECT_EQ(json["fields"], Json({"cards", "phones"}));
  EXPECT_EQ(json["indexed_fields"], Json::array({"cards"}));
  EXPECT_EQ(json["erasure_number"], 12);
  EXPECT_EQ(json["erased_token_count"], 3);
  EXPECT_EQ(json["effective_at_latest"], "2023-12-19T22:15:00Z");
}

}  // namespace
}  // namespace fieldkms
