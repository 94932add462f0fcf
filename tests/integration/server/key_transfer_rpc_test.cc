// Keys that customers bring, and keys that leave, through a real daemon.
#include <unistd.h>

#include "crypto/key_import.h"
#include "tests/integration/server/server_fixture.h"
#include "tests/support/hex.h"

namespace fieldkms::testing {
namespace {

using Keys = v1::KeyService::Stub;
constexpr char kByok[] = "customers.card";

SecretBytes Secret(uint8_t fill, size_t size = 32) {
  SecretBytes secret = SecretBytes::Allocate(size).value();
  for (uint8_t& byte : secret.ExposeMutable()) byte = fill;
  return secret;
}

// A pair takes a second, and many of them where there is much else to do: so few are made.
class KeyTransferRpcTest : public ServerTest {
 protected:
  static const ImportKeyPair& Recipient() {
    static const auto* const pair = new ImportKeyPair(GenerateImportKeyPair().value());
    return *pair;
  }
  void SetUp() override {
    StartDev();
    CreateTenant("acme");
    CreateTenant("other");
  }
  void CreateExportable(const std::string& name) {
    v1::CreateKeyRequest request;
    v1::CreateKeyResponse response;
    request.set_tenant("acme");
    request.set_name(name);
    request.set_exportable(true);
    ASSERT_EQ(OfKeys(&Keys::CreateKey, request, &response), "OK");
  }
  v1::GetImportParametersResponse Parameters(const std::string& tenant) {
    v1::GetImportParametersRequest request;
    v1::GetImportParametersResponse response;
    request.set_tenant(tenant);
    EXPECT_EQ(OfKeys(&Keys::GetImportParameters, request, &response), "OK");
    return response;
  }
  std::string Wrapped(uint8_t fill) {
    return WrapForImport(parameters_.public_key(), Secret(fill)).value();
  }
  v1::ImportKeyRequest ImportRequest(uint8_t fill = 1) {
    v1::ImportKeyRequest request;
    request.set_tenant("acme");
    request.set_name(kByok);
    request.set_import_token(parameters_.import_token());
    request.set_wrapped_key(Wrapped(fill));
    request.set_request_id(RequestId());
    return request;
  }
  std::string Import(const v1::ImportKeyRequest& request, v1::Key* key = nullptr) {
    v1::ImportKeyResponse response;
    const std::string verdict = OfKeys(&Keys::ImportKey, request, &response);
    if (key != nullptr) *key = response.key();
    return verdict;
  }
  // The field that is at fault, of a request that is refused for it.
  std::string ImportField(const v1::ImportKeyRequest& request) {
    v1::ImportKeyResponse response;
    const grpc::Status status = Call(*keys_, &Keys::ImportKey, request, &response);
    EXPECT_EQ(Verdict(status), "INVALID_ARGUMENT INVALID_FIELD");
    return FieldOfRpc(status);
  }
  std::string ImportVersion(const std::string& token, const std::string& wrapped,
                            const std::string& name = kByok, const std::string& etag = "") {
    v1::ImportKeyVersionRequest request;
    v1::ImportKeyVersionResponse response;
    request.set_tenant("acme");
    request.set_name(name);
    request.set_import_token(token);
    request.set_wrapped_key(wrapped);
    request.set_etag(etag);
    return OfKeys(&Keys::ImportKeyVersion, request, &response);
  }
  std::string ImportVersion(uint8_t fill, const std::string& name = kByok,
                            const std::string& etag = "") {
    return ImportVersion(parameters_.import_token(), Wrapped(fill), name, etag);
  }
  grpc::Status Export(const std::string& name, const std::string& recipient,
                      v1::ExportKeyVersionResponse* response, uint32_t version = 0,
                      const std::string& tenant = "acme") {
    v1::ExportKeyVersionRequest request;
    request.set_tenant(tenant);
    request.set_name(name);
    request.set_version(version);
    request.set_recipient_public_key(recipient);
    return Call(*keys_, &Keys::ExportKeyVersion, request, response);
  }

  v1::GetImportParametersResponse parameters_;
};

TEST_F(KeyTransferRpcTest, AnImportedKeyLives) {
  const int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  parameters_ = Parameters("acme");
  EXPECT_NE(parameters_.public_key().find("BEGIN PUBLIC KEY"), std::string::npos);
  EXPECT_GE(parameters_.expire_time().seconds(), now + 24 * 3'600);
  // The token outlives the daemon that made it.
  daemon_->Kill();
  ASSERT_TRUE(daemon_->Start().ok());
  Connect();

  v1::Key key;
  v1::ImportKeyRequest request = ImportRequest();
  ASSERT_EQ(Import(request, &key), "OK");
  EXPECT_EQ(key.suite(), v1::SUITE_KC_XAES_256_GCM);
  EXPECT_EQ(key.primary_version(), 1u);
  const auto lines = AuditLines();
  EXPECT_EQ(lines[lines.size() - 2]["kind"], "intent");
  EXPECT_EQ(lines.back()["method"], "KeyService.ImportKey");
  EXPECT_EQ(lines.back()["key_version"], 1);
  std::string plaintext;
  const std::string old = Encrypt("acme", kByok, "4111", "1");
  EXPECT_EQ(Verdict(Decrypt("acme", old, "1", &plaintext)), "OK");
  EXPECT_EQ(plaintext, "4111");

  EXPECT_EQ(Verdict(RotateKey("acme", kByok)), "FAILED_PRECONDITION KEY_STATE");
  EXPECT_EQ(ImportVersion(2, kByok, "77777"), "ABORTED ETAG_MISMATCH");
  ASSERT_EQ(ImportVersion(2, kByok, key.etag()), "OK");
  EXPECT_EQ(AuditLines().back()["key_version"], 2);
  EXPECT_EQ(GetKey(kByok).primary_version(), 2u);
  const std::string fresh = Encrypt("acme", kByok, "4111", "1");
  EXPECT_EQ(Verdict(Decrypt("acme", old, "1")), "OK");
  EXPECT_EQ(Verdict(Decrypt("acme", fresh, "1")), "OK");
  CreateKey("acme", "ours");
  EXPECT_EQ(ImportVersion(3, "ours"), "FAILED_PRECONDITION KEY_STATE");
  EXPECT_EQ(Import(ImportRequest()), "ALREADY_EXISTS KEY_EXISTS");

  // A repeat has the first outcome, whatever became of the token.
  v1::Key again;
  request.set_wrapped_key("wrapped anew");
  request.set_import_token("ended long ago");
  EXPECT_EQ(Import(request, &again), "OK");
  EXPECT_EQ(again.SerializeAsString(), key.SerializeAsString());
  request.set_exportable(true);
  EXPECT_EQ(Import(request), "FAILED_PRECONDITION REQUEST_ID_REUSED");
}

TEST_F(KeyTransferRpcTest, WhatIsNoGoodLooksAlike) {
  const std::string others = Parameters("other").import_token();
  parameters_ = Parameters("acme");
  const std::string failed = "INVALID_ARGUMENT IMPORT_FAILED";
  v1::ImportKeyRequest request = ImportRequest();
  std::string& token = *request.mutable_import_token();
  token.back() = static_cast<char>(token.back() ^ 1);
  EXPECT_EQ(Import(request), failed);
  token = parameters_.import_token().substr(0, 1'000);
  EXPECT_EQ(Import(request), failed);
  token = others;
  EXPECT_EQ(Import(request), failed);
  request = ImportRequest();
  std::string& wrapped = *request.mutable_wrapped_key();
  wrapped[9] = static_cast<char>(wrapped[9] ^ 1);
  EXPECT_EQ(Import(request), failed);
  EXPECT_EQ(AuditLines().back()["reason"], "IMPORT_FAILED");
  // The halves of two wrapped keys.
  wrapped = Wrapped(1).substr(0, 512) + Wrapped(1).substr(512);
  EXPECT_EQ(Import(request), failed);

  request = ImportRequest();
  request.mutable_wrapped_key()->pop_back();
  EXPECT_EQ(ImportField(request), "wrapped_key") << "of another length";
}

TEST_F(KeyTransferRpcTest, FieldsThatAreWrongAreNamed) {
  v1::ImportKeyRequest good;
  good.set_tenant("acme");
  good.set_name(kByok);
  good.set_import_token("token");
  good.set_wrapped_key("wrapped");
  good.set_request_id(RequestId());
  v1::ImportKeyRequest request = good;
  request.clear_wrapped_key();
  EXPECT_EQ(ImportField(request), "wrapped_key");
  request = good;
  request.clear_import_token();
  EXPECT_EQ(ImportField(request), "import_token");
  request = good;
  request.set_purpose(v1::KEY_PURPOSE_MAC);
  request.set_suite(v1::SUITE_XAES_256_GCM);
  EXPECT_EQ(ImportField(request), "suite");
  request = good;
  request.set_request_id("short");
  EXPECT_EQ(ImportField(request), "request_id");
}

TEST_F(KeyTransferRpcTest, WhatIsExportedIsTheSameElsewhere) {
  CreateExportable("mobile");
  v1::ExportKeyVersionResponse exported;
  ASSERT_EQ(Verdict(Export("mobile", Recipient().public_pem, &exported)), "OK");
  EXPECT_EQ(exported.version(), 1u);
  const auto ours = UnwrapImported(Recipient().private_der, AsBytes(exported.wrapped_key()));
  ASSERT_TRUE(ours.ok());
  const auto lines = AuditLines();
  EXPECT_EQ(lines[lines.size() - 2]["kind"], "intent");
  EXPECT_EQ(lines.back()["kind"], "outcome");
  EXPECT_EQ(lines.back()["method"], "KeyService.ExportKeyVersion");
  EXPECT_EQ(lines.back()["key_version"], 1);
  EXPECT_EQ(lines.back()["recipient"], PublicKeyDigest(Recipient().public_pem).value());

  // From service to service: the recipient is the import of another tenant.
  parameters_ = Parameters("other");
  ASSERT_EQ(Verdict(Export("mobile", parameters_.public_key(), &exported)), "OK");
  v1::ImportKeyRequest request = ImportRequest();
  request.set_tenant("other");
  request.set_wrapped_key(exported.wrapped_key());
  request.set_exportable(true);
  ASSERT_EQ(Import(request), "OK");
  ASSERT_EQ(Verdict(Export(kByok, Recipient().public_pem, &exported, 1, "other")), "OK");
  const auto theirs = UnwrapImported(Recipient().private_der, AsBytes(exported.wrapped_key()));
  ASSERT_TRUE(theirs.ok());
  EXPECT_EQ(ToHex(theirs->Expose()), ToHex(ours->Expose()));
}

TEST_F(KeyTransferRpcTest, NothingElseLeaves) {
  CreateKey("acme", "kept");
  CreateExportable("mobile");
  v1::ExportKeyVersionResponse exported;
  const std::string recipient = Recipient().public_pem;
  EXPECT_EQ(Verdict(Export("kept", recipient, &exported)), "FAILED_PRECONDITION NOT_EXPORTABLE");
  EXPECT_EQ(Verdict(Export("nothing", recipient, &exported)), "NOT_FOUND KEY_NOT_FOUND");
  grpc::Status status = Export("mobile", recipient, &exported, 2);
  EXPECT_EQ(Verdict(status), "NOT_FOUND KEY_NOT_FOUND");
  EXPECT_EQ(FieldOfRpc(status), "version");
  for (const std::string& bad : {std::string(), std::string("text"), std::string(5'000, 'x')}) {
    status = Export("mobile", bad, &exported);
    EXPECT_EQ(Verdict(status), "INVALID_ARGUMENT INVALID_FIELD");
    EXPECT_EQ(FieldOfRpc(status), "recipient_public_key");
  }
  v1::DisableKeyVersionRequest disable;
  v1::DisableKeyVersionResponse disabled;
  disable.set_tenant("acme");
  disable.set_name("mobile");
  disable.set_version(1);
  ASSERT_EQ(OfKeys(&Keys::DisableKeyVersion, disable, &disabled), "OK");
  EXPECT_EQ(Verdict(Export("mobile", recipient, &exported)), "FAILED_PRECONDITION KEY_STATE");
}

TEST_F(KeyTransferRpcTest, EachRightIsOneOfItsOwn) {
  v1::ImportKeyRequest request;
  request.set_tenant("acme");
  request.set_name(kByok);
  request.set_import_token("token");
  request.set_wrapped_key("wrapped");
  const auto restart_with = [this](const std::string& actions) {
    ASSERT_EQ(daemon_->Terminate().code, 0);
    StartWith("access:\n  roles:\n    r:\n      - {actions: [" + actions +
              "], tenants: acme, keys: \"*\"}\n  principals:\n    me: {users: [" +
              std::to_string(getuid()) + "], roles: [r]}\n");
  };
  const std::string denied = "PERMISSION_DENIED PERMISSION_DENIED";
  v1::ExportKeyVersionResponse exported;
  restart_with("key.create, key.rotate, key.export");
  EXPECT_EQ(Import(request), denied);
  EXPECT_EQ(ImportVersion("token", "wrapped"), denied);
  v1::GetImportParametersRequest parameters;
  v1::GetImportParametersResponse made;
  parameters.set_tenant("acme");
  EXPECT_EQ(OfKeys(&Keys::GetImportParameters, parameters, &made), denied);
  EXPECT_EQ(AuditLines().back()["kind"], "refusal");
  restart_with("key.import, key.create, key.read");
  EXPECT_EQ(Import(request), "INVALID_ARGUMENT IMPORT_FAILED") << "looked at, so allowed";
  CreateExportable("mobile");
  EXPECT_EQ(Verdict(Export("mobile", Recipient().public_pem, &exported)), denied);
}

}  // namespace
}  // namespace fieldkms::testing
