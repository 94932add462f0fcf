// MACs in batches, as far as a run stops and goes on, and what the audit trail says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/kms/service/in_process_server.h"

namespace fieldkms {
namespace {

using ::testing::ElementsAre;

class MacBatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.Make("acme", "fields");
    for (const char* name : {"macs", "more"}) {
      KeySpec spec;
      spec.tenant = "acme";
      spec.name = name;
      spec.purpose = KeyPurpose::kMac;
      const std::string id = "make-mac-" + spec.name;
      ASSERT_TRUE(server_.keyring->admin().CreateKey(spec, id, kNoDeadline).ok());
    }
  }
  v1::BatchComputeMacResponse Compute(const std::vector<std::string>& keys) {
    grpc::ClientContext client;
    v1::BatchComputeMacRequest request;
    v1::BatchComputeMacResponse response;
    request.set_tenant("acme");
    for (const std::string& key : keys) {
      request.add_items()->set_data("of " + key);
      request.mutable_items()->rbegin()->set_key(key);
    }
    EXPECT_TRUE(server_.crypto->BatchComputeMac(&client, request, &response).ok());
    return response;
  }
  v1::BatchVerifyMacRequest Checking(const std::vector<std::string>& keys,
                                     const v1::BatchComputeMacResponse& made) {
    v1::BatchVerifyMacRequest request;
    request.set_tenant("acme");
    for (int i = 0; i < made.results_size(); ++i) {
      auto* item = request.add_items();
      item->set_mac(made.results(i).mac());
      item->set_data("of " + keys[static_cast<size_t>(i)]);
    }
    return request;
  }
  v1::BatchVerifyMacResponse Verify(const v1::BatchVerifyMacRequest& request) {
    grpc::ClientContext client;
    v1::BatchVerifyMacResponse response;
    EXPECT_TRUE(server_.crypto->BatchVerifyMac(&client, request, &response).ok());
    return response;
  }

  InProcessServer server_;
};

// Each key must be loaded in the middle of the batch, which goes on from there.
TEST_F(MacBatchTest, GoesOnWhereAKeyHadToBeLoaded) {
  const std::vector<std::string> keys = {"macs", "macs", "more", "macs"};
  const v1::BatchComputeMacResponse made = Compute(keys);
  ASSERT_EQ(made.results_size(), 4);
  EXPECT_EQ(made.failed_count(), 0u);
  EXPECT_EQ(made.results(0).mac(), made.results(1).mac());
  EXPECT_THAT(server_.audit.Lines().back().keys, ElementsAre("macs", "more"));

  v1::BatchVerifyMacRequest check = Checking(keys, made);
  check.mutable_items(0)->set_data("altered");
  check.mutable_items(3)->set_data("altered");
  server_.Restart();
  const v1::BatchVerifyMacResponse checked = Verify(check);
  ASSERT_EQ(checked.results_size(), 4);
  EXPECT_EQ(checked.invalid_count(), 2u) << "counted once, in whichever run";
  EXPECT_EQ(checked.failed_count(), 0u);
  for (int i = 0; i < 4; ++i) {
    const bool valid = i == 1 || i == 2;
    EXPECT_EQ(checked.results(i).valid(), valid) << i;
    EXPECT_EQ(checked.results(i).key_version(), valid ? 1u : 0u) << i;
    EXPECT_FALSE(checked.results(i).has_error());
  }
  const AuditedLine line = server_.audit.Lines().back();
  EXPECT_EQ(line.items, 4u);
  EXPECT_EQ(line.failed, 2u) << "the trail counts what did not verify";
  EXPECT_EQ(line.reason, "MAC_MISMATCH");
  EXPECT_EQ(line.code, "OK");
}

TEST_F(MacBatchTest, WhatCouldNotBeLookedAtIsAnError) {
  const std::vector<std::string> keys = {"macs", "more"};
  v1::BatchVerifyMacRequest check = Checking(keys, Compute(keys));
  ASSERT_TRUE(server_.keyring->admin()
                  .DisableVersion({"acme", "more"}, 1, "disable-more", kNoDeadline)
                  .ok());
  *check.add_items() = check.items(0);
  check.mutable_items(2)->set_mac("");
  *check.add_items() = check.items(0);
  check.mutable_items(3)->set_key("NOT LEGAL");
  const v1::BatchVerifyMacResponse checked = Verify(check);
  EXPECT_EQ(checked.failed_count(), 2u);
  EXPECT_EQ(checked.invalid_count(), 1u);
  EXPECT_TRUE(checked.results(0).valid());
  EXPECT_EQ(ReasonIn(checked.results(1).error()), "KEY_STATE");
  EXPECT_FALSE(checked.results(2).has_error());
  EXPECT_FALSE(checked.results(2).valid());
  EXPECT_EQ(ReasonIn(checked.results(3).error()), "INVALID_FIELD");
  EXPECT_EQ(server_.audit.Lines().back().failed, 3u);
}

}  // namespace
}  // namespace fieldkms
