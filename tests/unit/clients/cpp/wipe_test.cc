#include "clients/cpp/wipe.h"

#include <string>

#include "fieldkms/v1/field_service.pb.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

const std::string kSecret(100, 's');  // beyond what a string keeps inside itself

// The bytes that `text` had, read where they stood: its buffer outlives wiping.
bool Holds(const char* data, size_t size, char c) {
  return std::string_view(data, size).find(c) != std::string_view::npos;
}

TEST(WipeTest, OverwritesTheWholeBuffer) {
  std::string text = kSecret;
  const char* const data = text.data();
  text.resize(3);  // the tail of the longer value is still there
  WipeText(&text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(text.data(), data);
  EXPECT_FALSE(Holds(data, text.capacity(), 's'));
}

TEST(WipeTest, OverwritesPlaintextOfMessages) {
  v1::BatchDecryptResponse response;
  response.add_results()->set_plaintext(kSecret);
  response.add_results();
  const char* const data = response.results(0).plaintext().data();
  WipePlaintext(&response);
  EXPECT_EQ(response.results(0).plaintext(), "");
  EXPECT_FALSE(Holds(data, kSecret.size(), 's'));
}

TEST(WipeTest, OverwritesWhatElseIsSecret) {
  const auto wiped = [](auto message, auto mutable_field) {
    *mutable_field(&message) = kSecret;
    const char* const data = mutable_field(&message)->data();
    WipePlaintext(&message);
    return mutable_field(&message)->empty() && !Holds(data, kSecret.size(), 's');
  };
  EXPECT_TRUE(wiped(v1::ComputeMacRequest(), [](auto* m) { return m->mutable_data(); }));
  EXPECT_TRUE(wiped(v1::VerifyMacRequest(), [](auto* m) { return m->mutable_data(); }));
  EXPECT_TRUE(wiped(v1::GenerateDataKeyResponse(), [](auto* m) { return m->mutable_plaintext(); }));
  EXPECT_TRUE(wiped(v1::GenerateRandomResponse(), [](auto* m) { return m->mutable_random(); }));
  EXPECT_TRUE(wiped(v1::AcquireLeaseResponse(), [](auto* m) { return m->mutable_material(); }));
}

TEST(WipeTest, OverwritesTheDataOfMacsInBatches) {
  const auto wiped = [](auto request) {
    request.add_items()->set_data(kSecret);
    request.add_items();
    const char* const data = request.items(0).data().data();
    WipePlaintext(&request);
    return request.items(0).data().empty() && !Holds(data, kSecret.size(), 's');
  };
  EXPECT_TRUE(wiped(v1::BatchComputeMacRequest()));
  EXPECT_TRUE(wiped(v1::BatchVerifyMacRequest()));
}

TEST(WipeTest, OverwritesTheValuesOfTokens) {
  const auto wiped = [](auto message) {
    message.set_value(kSecret);
    const char* const data = message.value().data();
    WipePlaintext(&message);
    return message.value().empty() && !Holds(data, kSecret.size(), 's');
  };
  EXPECT_TRUE(wiped(v1::TokenizeRequest()));
  EXPECT_TRUE(wiped(v1::DetokenizeResponse()));
  EXPECT_TRUE(wiped(v1::EraseRequest()));
  v1::BatchDetokenizeResponse response;
  response.add_results()->set_value(kSecret);
  const char* const data = response.results(0).value().data();
  WipePlaintext(&response);
  EXPECT_FALSE(Holds(data, kSecret.size(), 's'));
}

TEST(WipeTest, LeavesTheTokenThatStandsInThePlaceOfAValue) {
  v1::BatchEraseRequest request;
  request.add_items()->set_token("tok_1");
  request.add_items()->set_value(kSecret);
  const char* const data = request.items(1).value().data();
  WipePlaintext(&request);
  EXPECT_EQ(request.items(0).token(), "tok_1");
  EXPECT_FALSE(Holds(data, kSecret.size(), 's'));
}

TEST(WipeTest, TheGuardWipesAtTheEndOfItsScope) {
  v1::EncryptRequest request;
  request.set_plaintext(kSecret);
  const char* const data = request.plaintext().data();
  {
    const WipeGuard guard(&request);
    EXPECT_TRUE(Holds(data, kSecret.size(), 's'));
  }
  EXPECT_FALSE(Holds(data, kSecret.size(), 's'));
}

}  // namespace
}  // namespace fieldkms
