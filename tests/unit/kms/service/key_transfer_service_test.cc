// What must be on record before a key leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "crypto/key_import.h"
#include "tests/unit/kms/service/in_process_server.h"

namespace fieldkms {
namespace {

using ::testing::ElementsAre;

const ImportKeyPair& Recipient() {
  static const auto* const pair = new ImportKeyPair(GenerateImportKeyPair().value());
  return *pair;
}

class KeyTransferServiceTest : public ::testing::Test {
 protected:
  void StartAs(AccessPolicy policy) {
    server_ = std::make_unique<InProcessServer>(std::move(policy));
    server_->Make("acme", "kept");
    KeySpec spec;
    spec.tenant = "acme";
    spec.name = "mobile";
    spec.exportable = true;
    ASSERT_TRUE(server_->keyring->admin().CreateKey(spec, "make-mobile", kNoDeadline).ok());
  }
  void SetUp() override { StartAs(InProcessServer::DefaultPolicy()); }

  // "OK" or the reason; `response_` is what came.
  std::string Export(const std::string& name, uint32_t version = 0) {
    grpc::ClientContext client;
    v1::ExportKeyVersionRequest request;
    request.set_tenant("acme");
    request.set_name(name);
    request.set_version(version);
    request.set_recipient_public_key(Recipient().public_pem);
    response_.Clear();
    const grpc::Status status = server_->keys->ExportKeyVersion(&client, request, &response_);
    return status.ok() ? "OK" : ReasonIn(status);
  }

  std::unique_ptr<InProcessServer> server_;
  v1::ExportKeyVersionResponse response_;
};

TEST_F(KeyTransferServiceTest, AnExportIsOnRecordBeforeAndAfter) {
  ASSERT_EQ(Export("mobile"), "OK");
  EXPECT_TRUE(UnwrapImported(Recipient().private_der, AsBytes(response_.wrapped_key())).ok());
  const std::vector<AuditedLine> lines = server_->audit.Lines();
  const AuditedLine& intent = lines[lines.size() - 2];
  const AuditedLine& outcome = lines.back();
  EXPECT_EQ(intent.kind, AuditKind::kIntent);
  EXPECT_EQ(outcome.kind, AuditKind::kOutcome);
  for (const AuditedLine& line : {intent, outcome}) {
    EXPECT_EQ(line.method, "KeyService.ExportKeyVersion");
    EXPECT_THAT(line.keys, ElementsAre("mobile"));
  }
  EXPECT_EQ(outcome.key_version, 1u) << "which was the primary one";
  EXPECT_EQ(outcome.recipient, PublicKeyDigest(Recipient().public_pem).value());
  EXPECT_EQ(outcome.code, "OK");
}

TEST_F(KeyTransferServiceTest, WithoutARecordNothingLeaves) {
  for (const AuditKind kind : {AuditKind::kOutcome, AuditKind::kIntent}) {
    StartAs(InProcessServer::DefaultPolicy());
    server_->audit.FailFrom(kind);
    EXPECT_EQ(Export("mobile"), "AUDIT_UNAVAILABLE");
    EXPECT_EQ(response_.ByteSizeLong(), 0u);
  }
}

TEST_F(KeyTransferServiceTest, RefusalsAreRecordedToo) {
  EXPECT_EQ(Export("kept"), "NOT_EXPORTABLE");
  EXPECT_EQ(server_->audit.Lines().back().reason, "NOT_EXPORTABLE");
  EXPECT_EQ(server_->audit.Lines().back().recipient, "");
  EXPECT_EQ(Export("mobile", 2), "KEY_NOT_FOUND");
}

TEST_F(KeyTransferServiceTest, ExportingIsARightOfItsOwn) {
  AccessPolicy policy;
  policy.roles["r"] = {{{Action::kKeyExport}, {"acme"}, {"mob*"}}};
  policy.principals = {{"me", {getuid()}, {"r"}, Rate{}}};
  StartAs(policy);
  EXPECT_EQ(Export("mobile"), "OK");
  EXPECT_EQ(Export("kept"), "PERMISSION_DENIED");
  grpc::ClientContext client;
  v1::GetImportParametersRequest request;
  v1::GetImportParametersResponse response;
  request.set_tenant("acme");
  EXPECT_EQ(ReasonIn(server_->keys->GetImportParameters(&client, request, &response)),
            "PERMISSION_DENIED");
}

}  // namespace
}  // namespace fieldkms
