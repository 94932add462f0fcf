// Data subjects through the client: what goes out, what comes back, and that an erasure is not
// repeated when its answer is lost.
#include "clients/cpp/subject_client.h"

#include <memory>
#include <string>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/clients/cpp/fake_service.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;
using testing::FakeService;
using testing::TempDir;
using testing::Unavailable;
using testing::WireStatus;

template <class Request>
Request Of(const std::string& subject) {
  Request request;
  request.set_tenant("acme");
  request.set_subject(subject);
  return request;
}

class SubjectClientTest : public ::testing::Test {
 protected:
  SubjectClientTest() : service_(dir_.File("s")) {
    auto client = Client::Create({.target = "unix:" + dir_.File("s"),
                                  .max_attempts = 3,
                                  .backoff_base = milliseconds(1),
                                  .backoff_cap = milliseconds(5)});
    EXPECT_OK(client);
    client_ = std::move(client).value();
  }
  SubjectClient subjects() { return SubjectClient(*client_); }

  TempDir dir_;
  FakeService service_;
  std::unique_ptr<Client> client_;
};

TEST_F(SubjectClientTest, ReadsAreRepeated) {
  service_.subjects.get.Push(Unavailable());
  ASSERT_OK_AND_ASSIGN(const v1::Subject subject,
                       subjects().GetSubject(Of<v1::GetSubjectRequest>("customer-1")));
  EXPECT_EQ(subject.subject(), "customer-1");
  EXPECT_EQ(subject.fields(0), "cards");
  EXPECT_EQ(service_.subjects.get.requests().size(), 2u);

  v1::ListSubjectsRequest list;
  list.set_tenant("acme");
  list.set_page_size(7);
  list.set_page_token("page");
  service_.subjects.list.Push(Unavailable());
  ASSERT_OK_AND_ASSIGN(const v1::ListSubjectsResponse page, subjects().ListSubjects(list));
  EXPECT_EQ(page.subjects(0).subject(), "customer-1");
  EXPECT_EQ(page.next_page_token(), "next");
  const auto asked = service_.subjects.list.requests();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[1].SerializeAsString(), list.SerializeAsString());

  service_.subjects.list_tokens.Push(Unavailable());
  auto of = Of<v1::ListSubjectTokensRequest>("customer-1");
  of.set_page_size(7);
  ASSERT_OK_AND_ASSIGN(const v1::ListSubjectTokensResponse tokens,
                       subjects().ListSubjectTokens(of));
  EXPECT_EQ(tokens.tokens(0).token(), "tok_1");
  EXPECT_EQ(service_.subjects.list_tokens.requests().at(1).page_size(), 7);
}

TEST_F(SubjectClientTest, AHoldMayBeRepeated) {
  service_.subjects.hold.Push(Unavailable());
  auto request = Of<v1::SetLegalHoldRequest>("customer-1");
  request.set_reason("case 7");
  ASSERT_OK_AND_ASSIGN(const v1::Subject held, subjects().SetLegalHold(request));
  EXPECT_EQ(held.hold().reason(), "case 7");
  EXPECT_EQ(service_.subjects.hold.requests().size(), 2u);
}

// The second attempt could erase another subject, that was made under the same id in between.
TEST_F(SubjectClientTest, AnErasureWhoseAnswerIsLostIsReported) {
  service_.subjects.erase.Push(Unavailable());
  const auto request = Of<v1::EraseSubjectRequest>("customer-1");
  EXPECT_THAT(subjects().EraseSubject(request),
              StatusIs(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable));
  EXPECT_EQ(service_.subjects.erase.requests().size(), 1u);
  service_.subjects.erase.Push(WireStatus(
      Error(absl::StatusCode::kNotFound, Reason::kSubjectNotFound, "there is none", "subject")));
  EXPECT_THAT(subjects().EraseSubject(request),
              StatusIs(absl::StatusCode::kNotFound, Reason::kSubjectNotFound));
}

TEST_F(SubjectClientTest, AnErasureThatWasNotBegunIsRepeated) {
  service_.subjects.erase.Push(
      WireStatus(Error(absl::StatusCode::kUnavailable, Reason::kDraining, "going down")));
  service_.subjects.erase.Push(WireStatus(
      Error(absl::StatusCode::kResourceExhausted, Reason::kRateLimited, "slow down"), 1));
  ASSERT_OK_AND_ASSIGN(const v1::EraseSubjectResponse erased,
                       subjects().EraseSubject(Of<v1::EraseSubjectRequest>("customer-1")));
  EXPECT_EQ(erased.erasure_number(), 3u);
  const auto sent = service_.subjects.erase.requests();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[2].subject(), "customer-1");
  EXPECT_EQ(sent[2].tenant(), "acme");
}

TEST_F(SubjectClientTest, AHoldThatForbidsItIsSaid) {
  service_.subjects.erase.Push(WireStatus(
      Error(absl::StatusCode::kFailedPrecondition, Reason::kLegalHold, "is on legal hold")));
  EXPECT_THAT(subjects().EraseSubject(Of<v1::EraseSubjectRequest>("customer-1")),
              StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kLegalHold));
  EXPECT_EQ(service_.subjects.erase.requests().size(), 1u);
}

}  // namespace
}  // namespace fieldkms
