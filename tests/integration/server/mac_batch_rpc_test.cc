// MACs in batches through a real daemon.
#include "tests/integration/server/server_fixture.h"

namespace fieldkms::testing {
namespace {

using Crypto = v1::CryptoService::Stub;

class MacBatchRpcTest : public ServerTest {
 protected:
  void SetUp() override {
    StartDev();
    CreateTenant("acme");
    CreateKey("acme", "fields");
    v1::CreateKeyRequest request;
    v1::CreateKeyResponse response;
    request.set_tenant("acme");
    request.set_name("macs");
    request.set_purpose(v1::KEY_PURPOSE_MAC);
    ASSERT_EQ(OfKeys(&v1::KeyService::Stub::CreateKey, request, &response), "OK");
  }
  static v1::BatchComputeMacRequest Batch(int items) {
    v1::BatchComputeMacRequest request;
    request.set_tenant("acme");
    request.set_key("macs");
    request.add_shared_context()->set_name("b");
    for (int i = 0; i < items; ++i) {
      auto* item = request.add_items();
      item->set_data("data-" + std::to_string(i));
      auto* entry = item->add_context();
      entry->set_name("pk");
      entry->set_value(std::to_string(i));
    }
    return request;
  }
  grpc::Status Compute(const v1::BatchComputeMacRequest& request,
                       v1::BatchComputeMacResponse* response) {
    response->Clear();
    return Call(*crypto_, &Crypto::BatchComputeMac, request, response);
  }
  // Asks whether what was made for `request` is valid.
  static v1::BatchVerifyMacRequest Checking(const v1::BatchComputeMacRequest& request,
                                            const v1::BatchComputeMacResponse& made) {
    v1::BatchVerifyMacRequest check;
    check.set_tenant(request.tenant());
    *check.mutable_shared_context() = request.shared_context();
    for (int i = 0; i < made.results_size(); ++i) {
      auto* item = check.add_items();
      item->set_mac(made.results(i).mac());
      item->set_data(request.items(i).data());
      *item->mutable_context() = request.items(i).context();
    }
    return check;
  }
};

TEST_F(MacBatchRpcTest, TenThousandItemsInOrder) {
  const v1::BatchComputeMacRequest request = Batch(10'000);
  v1::BatchComputeMacResponse made;
  ASSERT_EQ(Verdict(Compute(request, &made)), "OK");
  ASSERT_EQ(made.results_size(), 10'000);
  EXPECT_EQ(made.failed_count(), 0u);
  // A batch gives what single calls give.
  v1::ComputeMacRequest one;
  v1::ComputeMacResponse single;
  one.set_tenant("acme");
  one.set_key("macs");
  one.set_data("data-7777");
  *one.mutable_context() = request.shared_context();
  one.mutable_context()->MergeFrom(request.items(7'777).context());
  ASSERT_EQ(OfCrypto(&Crypto::ComputeMac, one, &single), "OK");
  EXPECT_EQ(made.results(7'777).mac(), single.mac());

  v1::BatchVerifyMacRequest check = Checking(request, made);
  check.mutable_items(123)->set_data("altered");
  check.mutable_items(9'999)->mutable_context(0)->set_value("elsewhere");
  v1::BatchVerifyMacResponse checked;
  ASSERT_EQ(OfCrypto(&Crypto::BatchVerifyMac, check, &checked), "OK");
  ASSERT_EQ(checked.results_size(), 10'000);
  EXPECT_EQ(checked.failed_count(), 0u);
  EXPECT_EQ(checked.invalid_count(), 2u);
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(checked.results(i).valid(), i != 123 && i != 9'999) << i;
    ASSERT_FALSE(checked.results(i).has_error());
  }
}

TEST_F(MacBatchRpcTest, BadItemsTakeNoOthersWithThem) {
  v1::BatchComputeMacRequest request = Batch(5);
  request.mutable_items(1)->set_key("no.such.key");
  request.mutable_items(2)->set_key("fields");
  request.mutable_items(3)->add_context()->set_name("b");
  v1::BatchComputeMacResponse made;
  ASSERT_EQ(Verdict(Compute(request, &made)), "OK");
  ASSERT_EQ(made.results_size(), 5);
  EXPECT_EQ(made.failed_count(), 3u);
  EXPECT_EQ(Verdict(made.results(1).error()), "NOT_FOUND KEY_NOT_FOUND");
  EXPECT_EQ(FieldOfItem(made.results(1).error()), "items[1].key");
  EXPECT_EQ(Verdict(made.results(2).error()), "FAILED_PRECONDITION KEY_PURPOSE");
  EXPECT_EQ(Verdict(made.results(3).error()), "INVALID_ARGUMENT INVALID_FIELD");
  EXPECT_EQ(FieldOfItem(made.results(3).error()), "items[3].context");
  EXPECT_EQ(made.results(3).mac(), "");
  EXPECT_EQ(made.results(4).mac().size(), 45u);

  v1::BatchVerifyMacRequest check = Checking(request, made);
  check.mutable_items(0)->set_key("fields");  // another made it
  v1::BatchVerifyMacResponse checked;
  ASSERT_EQ(OfCrypto(&Crypto::BatchVerifyMac, check, &checked), "OK");
  EXPECT_EQ(checked.failed_count(), 1u);
  EXPECT_EQ(checked.invalid_count(), 3u);
  EXPECT_FALSE(checked.results(0).valid());
  EXPECT_FALSE(checked.results(1).valid());
  EXPECT_EQ(FieldOfItem(checked.results(3).error()), "items[3].context");
  EXPECT_TRUE(checked.results(4).valid());
}

TEST_F(MacBatchRpcTest, LimitsAndWhatNoItemCanDoWithout) {
  v1::BatchComputeMacResponse made;
  v1::BatchVerifyMacResponse checked;
  EXPECT_EQ(Verdict(Compute(Batch(10'001), &made)), "INVALID_ARGUMENT TOO_MANY_ITEMS");
  const grpc::Status empty = Compute(Batch(0), &made);
  EXPECT_EQ(Verdict(empty), "INVALID_ARGUMENT INVALID_FIELD");
  EXPECT_EQ(FieldOfRpc(empty), "items");
  v1::BatchVerifyMacRequest check;
  check.set_tenant("acme");
  EXPECT_EQ(OfCrypto(&Crypto::BatchVerifyMac, check, &checked), "INVALID_ARGUMENT INVALID_FIELD");
  v1::BatchComputeMacRequest request = Batch(2);
  request.set_key("no.such.key");
  EXPECT_EQ(Verdict(Compute(request, &made)), "NOT_FOUND KEY_NOT_FOUND");
  request.set_key("");
  EXPECT_EQ(Verdict(Compute(request, &made)), "INVALID_ARGUMENT INVALID_FIELD");
  request = Batch(2);
  request.set_tenant("nobody");
  EXPECT_EQ(Verdict(Compute(request, &made)), "NOT_FOUND TENANT_NOT_FOUND");
}

}  // namespace
}  // namespace fieldkms::testing
