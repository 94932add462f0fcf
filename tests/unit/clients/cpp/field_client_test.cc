// Tokens through the client: which calls it repeats when an answer is lost.
#include "clients/cpp/field_client.h"

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

grpc::Status Draining() {
  return WireStatus(Error(absl::StatusCode::kUnavailable, Reason::kDraining, "going down"));
}

class FieldClientTest : public ::testing::Test {
 protected:
  FieldClientTest() : service_(dir_.File("s")) {
    auto client = Client::Create({.target = "unix:" + dir_.File("s"),
                                  .max_attempts = 3,
                                  .backoff_base = milliseconds(1),
                                  .backoff_cap = milliseconds(5)});
    EXPECT_OK(client);
    client_ = std::move(client).value();
  }
  FieldClient fields() { return FieldClient(*client_); }
  static v1::DetokenizeRequest Read(const std::string& token) {
    v1::DetokenizeRequest request;
    request.set_tenant("acme");
    request.set_field("cards");
    request.set_token(token);
    request.set_view(v1::VIEW_BIN_LAST4);
    return request;
  }

  TempDir dir_;
  FakeService service_;
  std::unique_ptr<Client> client_;
};

TEST_F(FieldClientTest, ATokenizeThatIsRepeatedReturnsTheLastToken) {
  service_.fields.tokenize.Push(Unavailable());
  v1::TokenizeRequest request;
  request.set_field("cards");
  request.set_value("4111");
  (*request.mutable_settings()->mutable_metadata())["order"] = "7";
  ASSERT_OK_AND_ASSIGN(const v1::TokenValue token, fields().Tokenize(request));
  EXPECT_EQ(token.token(), "tok_2");
  const auto sent = service_.fields.tokenize.requests();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[1].SerializeAsString(), request.SerializeAsString());
}

// A token for single use that was given out once is not asked for again.
TEST_F(FieldClientTest, ADetokenizeWhoseAnswerIsLostIsReported) {
  service_.fields.detokenize.Push(Unavailable());
  EXPECT_THAT(fields().Detokenize(Read("tok_1")),
              StatusIs(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable));
  EXPECT_EQ(service_.fields.detokenize.requests().size(), 1u);
}

TEST_F(FieldClientTest, ADetokenizeThatWasNotBegunIsRepeated) {
  service_.fields.detokenize.Push(Draining());
  service_.fields.detokenize.Push(WireStatus(
      Error(absl::StatusCode::kResourceExhausted, Reason::kRateLimited, "slow down"), 1));
  ASSERT_OK_AND_ASSIGN(const v1::DetokenizeResponse read, fields().Detokenize(Read("tok_1")));
  EXPECT_EQ(read.value(), "value of tok_1");
  const auto sent = service_.fields.detokenize.requests();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[2].view(), v1::VIEW_BIN_LAST4);
}

TEST_F(FieldClientTest, ADetokenizeIsRepeatedForWhoMayAskAgain) {
  service_.fields.detokenize.Push(Unavailable());
  EXPECT_OK(fields().Detokenize(Read("tok_1"), LostAnswer::kAskAgain));
  EXPECT_EQ(service_.fields.detokenize.requests().size(), 2u);
}

TEST_F(FieldClientTest, OfABatchOnlyTheCallWhoseAnswerIsLostFails) {
  v1::BatchDetokenizeRequest request;
  request.set_tenant("acme");
  request.set_field("cards");
  request.set_view(v1::VIEW_FULL);
  for (int i = 0; i < 15'000; ++i) request.add_items()->set_token(std::to_string(i));
  service_.fields.batch_detokenize.Push(Unavailable());
  ASSERT_OK_AND_ASSIGN(const v1::BatchDetokenizeResponse read, fields().BatchDetokenize(request));
  const auto sent = service_.fields.batch_detokenize.requests();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(read.failed_count(), static_cast<uint32_t>(sent[0].items_size()));
  EXPECT_EQ(sent[1].view(), v1::VIEW_FULL);
  ASSERT_EQ(read.results_size(), 15'000);
  for (int i = 0; i < 15'000; ++i) {
    if (read.results(i).has_error()) continue;
    ASSERT_EQ(read.results(i).value(), "value of " + std::to_string(i));
  }
  service_.fields.batch_detokenize.Push(Unavailable());
  ASSERT_OK_AND_ASSIGN(const v1::BatchDetokenizeResponse again,
                       fields().BatchDetokenize(request, LostAnswer::kAskAgain));
  EXPECT_EQ(again.failed_count(), 0u);
}

TEST_F(FieldClientTest, AnEraseMayBeRepeated) {
  service_.fields.erase.Push(Unavailable());
  v1::EraseRequest request;
  request.set_field("cards");
  request.set_token("tok_1");
  ASSERT_OK_AND_ASSIGN(const v1::EraseResponse erased, fields().Erase(request));
  EXPECT_EQ(erased.erased_count(), 1u);
  EXPECT_EQ(service_.fields.erase.requests().size(), 2u);
}

}  // namespace
}  // namespace fieldkms
