// The batch RPCs through a real daemon.
#include "tests/integration/server/server_fixture.h"

namespace fieldkms::testing {
namespace {

class BatchRpcTest : public ServerTest {
 protected:
  void SetUp() override {
    StartDev();
    CreateTenant("acme");
    CreateKey("acme", "customers.card");
    CreateKey("acme", "customers.note");
  }

  static v1::BatchEncryptRequest Batch(int items) {
    v1::BatchEncryptRequest request;
    request.set_tenant("acme");
    request.set_key("customers.card");
    SetEntry(request.add_shared_context(), "b", "column");
    for (int i = 0; i < items; ++i) {
      auto* item = request.add_items();
      item->set_plaintext("value-" + std::to_string(i));
      SetEntry(item->add_context(), "pk", std::to_string(i));
    }
    return request;
  }
  static void SetEntry(v1::ContextEntry* entry, const std::string& name, const std::string& value) {
    entry->set_name(name);
    entry->set_value(value);
  }
  grpc::Status Encrypt(const v1::BatchEncryptRequest& request, v1::BatchEncryptResponse* out) {
    out->Clear();
    return Call(*crypto_, &v1::CryptoService::Stub::BatchEncrypt, request, out);
  }
  grpc::Status Decrypt(const v1::BatchDecryptRequest& request, v1::BatchDecryptResponse* out) {
    out->Clear();
    return Call(*crypto_, &v1::CryptoService::Stub::BatchDecrypt, request, out);
  }
  // Opens what `sealed` answered to `request`.
  static v1::BatchDecryptRequest Opening(const v1::BatchEncryptRequest& request,
                                         const v1::BatchEncryptResponse& sealed) {
    v1::BatchDecryptRequest open;
    open.set_tenant(request.tenant());
    *open.mutable_shared_context() = request.shared_context();
    for (int i = 0; i < sealed.results_size(); ++i) {
      auto* item = open.add_items();
      item->set_ciphertext(sealed.results(i).ciphertext());
      *item->mutable_context() = request.items(i).context();
    }
    return open;
  }
};

TEST_F(BatchRpcTest, TenThousandItemsInOrder) {
  const v1::BatchEncryptRequest request = Batch(10'000);
  v1::BatchEncryptResponse sealed;
  ASSERT_EQ(Verdict(Encrypt(request, &sealed)), "OK");
  ASSERT_EQ(sealed.results_size(), 10'000);
  EXPECT_EQ(sealed.failed_count(), 0u);
  std::set<std::string> nonces;
  for (const auto& result : sealed.results()) {
    nonces.insert(result.ciphertext().substr(13, 24));
    EXPECT_EQ(result.key_version(), 1u);
  }
  EXPECT_EQ(nonces.size(), 10'000u);
  v1::BatchDecryptResponse opened;
  ASSERT_EQ(Verdict(Decrypt(Opening(request, sealed), &opened)), "OK");
  ASSERT_EQ(opened.results_size(), 10'000);
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(opened.results(i).plaintext(), "value-" + std::to_string(i));
  }
}

TEST_F(BatchRpcTest, SizesOutOfRange) {
  v1::BatchEncryptResponse sealed;
  grpc::Status status = Encrypt(Batch(0), &sealed);
  EXPECT_EQ(Verdict(status), "INVALID_ARGUMENT INVALID_FIELD");
  EXPECT_EQ(FieldOfRpc(status), "items");
  status = Encrypt(Batch(10'001), &sealed);
  EXPECT_EQ(Verdict(status), "INVALID_ARGUMENT TOO_MANY_ITEMS");
  EXPECT_EQ(FieldOfRpc(status), "items");
}

TEST_F(BatchRpcTest, ARequestAboveFourMebibytesIsRefusedByUs) {
  v1::BatchEncryptRequest request = Batch(2);
  const size_t rest = request.ByteSizeLong() + 6;  // the lengths of value and item grow
  request.mutable_items(1)->set_plaintext(std::string((4 << 20) - rest, 'x'));
  std::string& value = *request.mutable_items(1)->mutable_plaintext();
  value.append((4 << 20) - request.ByteSizeLong(), 'x');
  ASSERT_EQ(request.ByteSizeLong(), size_t{4 << 20});
  v1::BatchEncryptResponse sealed;
  EXPECT_EQ(Verdict(Encrypt(request, &sealed)), "OK");
  EXPECT_EQ(sealed.failed_count(), 0u);
  value.push_back('x');
  EXPECT_EQ(Verdict(Encrypt(request, &sealed)), "INVALID_ARGUMENT REQUEST_TOO_LARGE");
}

TEST_F(BatchRpcTest, BadItemsTakeNoOthersWithThem) {
  v1::BatchEncryptRequest request = Batch(6);
  request.mutable_items(1)->set_key("no.such.key");
  request.mutable_items(2)->set_key("NOT LEGAL");
  SetEntry(request.mutable_items(3)->add_context(), "b", "twice");
  request.mutable_items(4)->set_key("customers.note");
  v1::BatchEncryptResponse sealed;
  ASSERT_EQ(Verdict(Encrypt(request, &sealed)), "OK");
  ASSERT_EQ(sealed.results_size(), 6);
  EXPECT_EQ(sealed.failed_count(), 3u);
  EXPECT_EQ(Verdict(sealed.results(0).error()), "OK");
  EXPECT_EQ(Verdict(sealed.results(1).error()), "NOT_FOUND KEY_NOT_FOUND");
  EXPECT_EQ(FieldOfItem(sealed.results(1).error()), "items[1].key");
  EXPECT_EQ(Verdict(sealed.results(2).error()), "INVALID_ARGUMENT INVALID_FIELD");
  EXPECT_EQ(FieldOfItem(sealed.results(2).error()), "items[2].key");
  EXPECT_EQ(Verdict(sealed.results(3).error()), "INVALID_ARGUMENT INVALID_FIELD");
  EXPECT_EQ(FieldOfItem(sealed.results(3).error()), "items[3].context");
  EXPECT_TRUE(sealed.results(3).ciphertext().empty());
  EXPECT_EQ(sealed.results(3).key_version(), 0u);

  v1::BatchDecryptRequest open = Opening(request, sealed);
  open.mutable_items(4)->set_key("customers.card");  // it was sealed by the other
  v1::BatchDecryptResponse opened;
  ASSERT_EQ(Verdict(Decrypt(open, &opened)), "OK");
  EXPECT_EQ(opened.results(0).plaintext(), "value-0");
  EXPECT_EQ(Verdict(opened.results(4).error()), "INVALID_ARGUMENT DECRYPT_FAILED");
  EXPECT_EQ(opened.results(5).plaintext(), "value-5");
  EXPECT_EQ(opened.failed_count(), 4u);
}

TEST_F(BatchRpcTest, WhatNoItemCanDoWithoutFailsTheCall) {
  v1::BatchEncryptRequest request = Batch(3);
  v1::BatchEncryptResponse sealed;
  request.set_key("no.such.key");
  EXPECT_EQ(Verdict(Encrypt(request, &sealed)), "NOT_FOUND KEY_NOT_FOUND");
  request.set_key("");
  EXPECT_EQ(Verdict(Encrypt(request, &sealed)), "INVALID_ARGUMENT INVALID_FIELD");
  request = Batch(3);
  request.set_tenant("nobody");
  EXPECT_EQ(Verdict(Encrypt(request, &sealed)), "NOT_FOUND TENANT_NOT_FOUND");
}

TEST_F(BatchRpcTest, EmptyValuesAndNoContext) {
  v1::BatchEncryptRequest request;
  request.set_tenant("acme");
  request.set_key("customers.card");
  request.add_items();
  v1::BatchEncryptResponse sealed;
  ASSERT_EQ(Verdict(Encrypt(request, &sealed)), "OK");
  EXPECT_EQ(sealed.results(0).ciphertext().size(), 53u);
  v1::BatchDecryptResponse opened;
  ASSERT_EQ(Verdict(Decrypt(Opening(request, sealed), &opened)), "OK");
  EXPECT_EQ(opened.failed_count(), 0u);
  EXPECT_FALSE(opened.results(0).has_error());
}

// A pooled call's messages are reused: nothing of a large batch may show in a small
// one that follows.
TEST_F(BatchRpcTest, NothingIsLeftOverFromTheCallBefore) {
  v1::BatchEncryptResponse sealed;
  for (int round = 0; round < 20; ++round) {
    ASSERT_EQ(Verdict(Encrypt(Batch(100), &sealed)), "OK");
    EXPECT_EQ(sealed.results_size(), 100);
    v1::BatchEncryptRequest bad = Batch(2);
    bad.mutable_items(0)->set_key("no.such.key");
    ASSERT_EQ(Verdict(Encrypt(bad, &sealed)), "OK");
    EXPECT_EQ(sealed.results_size(), 2);
    EXPECT_EQ(sealed.failed_count(), 1u);
    EXPECT_FALSE(sealed.results(1).has_error());
  }
}

TEST_F(BatchRpcTest, RewrapsToDestinations) {
  const v1::BatchEncryptRequest request = Batch(4);
  v1::BatchEncryptResponse sealed;
  ASSERT_EQ(Verdict(Encrypt(request, &sealed)), "OK");
  v1::BatchRewrapRequest rewrap;
  rewrap.set_tenant("acme");
  rewrap.set_destination_key("customers.note");
  *rewrap.mutable_shared_context() = request.shared_context();
  for (int i = 0; i < 4; ++i) {
    auto* item = rewrap.add_items();
    item->set_ciphertext(sealed.results(i).ciphertext());
    *item->mutable_context() = request.items(i).context();
  }
  rewrap.mutable_items(1)->set_destination_key("customers.card");
  SetEntry(rewrap.mutable_items(2)->mutable_destination_context()->add_entries(), "pk", "new");
  rewrap.mutable_items(3)->set_ciphertext("garbage");
  v1::BatchRewrapResponse rewrapped;
  ASSERT_EQ(Verdict(Call(*crypto_, &v1::CryptoService::Stub::BatchRewrap, rewrap, &rewrapped)),
            "OK");
  EXPECT_EQ(rewrapped.failed_count(), 1u);
  EXPECT_EQ(Verdict(rewrapped.results(3).error()), "INVALID_ARGUMENT DECRYPT_FAILED");

  v1::BatchDecryptRequest open;
  open.set_tenant("acme");
  for (int i = 0; i < 3; ++i) {
    auto* item = open.add_items();
    item->set_ciphertext(rewrapped.results(i).ciphertext());
    item->set_key(i == 1 ? "customers.card" : "customers.note");
    if (i == 2) {
      SetEntry(item->add_context(), "pk", "new");  // the whole context: no `b`
    } else {
      SetEntry(item->add_context(), "b", "column");
      SetEntry(item->add_context(), "pk", std::to_string(i));
    }
  }
  v1::BatchDecryptResponse opened;
  ASSERT_EQ(Verdict(Decrypt(open, &opened)), "OK");
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(opened.results(i).plaintext(), "value-" + std::to_string(i));
}

}  // namespace
}  // namespace fieldkms::testing
