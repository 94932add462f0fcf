#include "kms/server/audit_http.h"

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/root/scripted_http.h"

namespace fieldkms {
namespace {

absl::StatusOr<HttpResponse> Answer(int status) {
  HttpResponse response;
  response.status = status;
  return response;
}

TEST(AuditHttpTest, PostsTheNoteAndReadsTheAnswer) {
  int status = 201;
  HttpScript script{[&status](const HttpRequest&) { return Answer(status); }};
  const auto target = HttpTarget("https://anchors/log", std::make_unique<ScriptedHttp>(script));
  const SignedCheckpoint checkpoint{{"log", 5, {}}, "log\n5\n…\n\n— log …\n"};
  EXPECT_OK(target->Export(checkpoint));
  ASSERT_EQ(script.seen.size(), 1u);
  EXPECT_EQ(script.seen[0].method, "POST");
  EXPECT_EQ(script.seen[0].url, "https://anchors/log");
  EXPECT_EQ(script.seen[0].body, checkpoint.note);
  status = 204;
  EXPECT_OK(target->Export(checkpoint));
  for (const int failed : {301, 400, 404, 500, 503}) {
    status = failed;
    EXPECT_THAT(target->Export(checkpoint),
                StatusIs(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable));
  }
  status = 409;
  EXPECT_THAT(target->Export(checkpoint),
              StatusIs(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt));
  script.answer = [](const HttpRequest&) {
    return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable, "no connection");
  };
  EXPECT_THAT(target->Export(checkpoint), StatusIs(Reason::kAuditUnavailable));
}

TEST(AuditHttpTest, AuthoritiesThatAreNotThereAreRefused) {
  EXPECT_THAT(OpenHttpTarget("https://anchors", "/nowhere/ca.pem"),
              StatusIs(Reason::kConfigInvalid));
}

}  // namespace
}  // namespace fieldkms
