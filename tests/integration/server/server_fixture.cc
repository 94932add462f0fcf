#include "tests/integration/server/server_fixture.h"

#include <sstream>

#include "google/rpc/error_details.pb.h"

namespace fieldkms::testing {
namespace {

google::rpc::Status Details(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  if (!status.ok()) {
    EXPECT_EQ(details.code(), static_cast<int>(status.error_code()));
    EXPECT_EQ(details.message(), status.error_message());
  }
  return details;
}

template <class Detail>
bool FindDetail(const google::rpc::Status& status, Detail* out) {
  for (const auto& any : status.details()) {
    if (any.UnpackTo(out)) return true;
  }
  return false;
}

std::string CodeName(int code) {
  static const std::map<int, std::string> names = {{0, "OK"},
                                                   {3, "INVALID_ARGUMENT"},
                                                   {4, "DEADLINE_EXCEEDED"},
                                                   {5, "NOT_FOUND"},
                                                   {6, "ALREADY_EXISTS"},
                                                   {7, "PERMISSION_DENIED"},
                                                   {8, "RESOURCE_EXHAUSTED"},
                                                   {9, "FAILED_PRECONDITION"},
                                                   {10, "ABORTED"},
                                                   {14, "UNAVAILABLE"},
                                                   {16, "UNAUTHENTICATED"}};
  const auto found = names.find(code);
  return found == names.end() ? std::to_string(code) : found->second;
}

}  // namespace

std::string ReasonOfItem(const google::rpc::Status& error) {
  google::rpc::ErrorInfo info;
  if (!FindDetail(error, &info)) return "";
  EXPECT_EQ(info.domain(), "fieldkms");
  return info.reason();
}

std::string FieldOfItem(const google::rpc::Status& error) {
  google::rpc::BadRequest bad;
  if (!FindDetail(error, &bad) || bad.field_violations_size() != 1) return "";
  return bad.field_violations(0).field();
}

std::string ReasonOfRpc(const grpc::Status& status) { return ReasonOfItem(Details(status)); }
std::string FieldOfRpc(const grpc::Status& status) { return FieldOfItem(Details(status)); }

bool HasRetryInfo(const grpc::Status& status) {
  google::rpc::RetryInfo info;
  return FindDetail(Details(status), &info) &&
         (info.retry_delay().seconds() > 0 || info.retry_delay().nanos() > 0);
}

std::string Verdict(const google::rpc::Status& error) {
  if (error.code() == 0) return "OK";
  return CodeName(error.code()) + " " + ReasonOfItem(error);
}

std::string Verdict(const grpc::Status& status) {
  return status.ok() ? "OK" : Verdict(Details(status));
}

ServerTest::ServerTest() : data_dir_(dir_.File("data")) {}

void ServerTest::StartDev() {
  daemon_ = std::make_unique<Daemon>(DaemonOptions{data_dir_});
  const absl::Status started = daemon_->Start();
  ASSERT_TRUE(started.ok()) << started.message();
  Connect();
}

void ServerTest::StartWith(const std::string& yaml) {
  const std::string path = dir_.File("config.yaml");
  WriteFile(path, "data_dir: " + data_dir_ + "\nlisten:\n  unix: " + data_dir_ +
                      "/fieldkmsd.sock\nroot:\n  local:\n    create_if_missing: true\n" + yaml);
  daemon_ = std::make_unique<Daemon>(DaemonOptions{data_dir_, {"--config", path}});
  const absl::Status started = daemon_->Start();
  ASSERT_TRUE(started.ok()) << started.message();
  Connect();
}

std::shared_ptr<grpc::Channel> ServerTest::NewChannel() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(64 << 20);
  return grpc::CreateCustomChannel(daemon_->target(), grpc::InsecureChannelCredentials(),
                                   arguments);
}

void ServerTest::Connect() {
  const auto channel = NewChannel();
  crypto_ = v1::CryptoService::NewStub(channel);
  keys_ = v1::KeyService::NewStub(channel);
  tenants_ = v1::TenantService::NewStub(channel);
  operations_ = v1::OperationService::NewStub(channel);
  system_ = v1::SystemService::NewStub(channel);
}

std::string ServerTest::RequestId() { return "request-" + std::to_string(++request_ids_); }

void ServerTest::CreateTenant(const std::string& tenant) {
  v1::CreateTenantRequest request;
  v1::CreateTenantResponse response;
  request.set_tenant(tenant);
  request.set_request_id(RequestId());
  ASSERT_EQ(Verdict(Call(*tenants_, &v1::TenantService::Stub::CreateTenant, request, &response)),
            "OK");
}

void ServerTest::CreateKey(const std::string& tenant, const std::string& key) {
  v1::CreateKeyRequest request;
  v1::CreateKeyResponse response;
  request.set_tenant(tenant);
  request.set_name(key);
  request.set_request_id(RequestId());
  ASSERT_EQ(Verdict(Call(*keys_, &v1::KeyService::Stub::CreateKey, request, &response)), "OK");
}

grpc::Status ServerTest::RotateKey(const std::string& tenant, const std::string& key,
                                   uint32_t expected_primary) {
  v1::RotateKeyRequest request;
  v1::RotateKeyResponse response;
  request.set_tenant(tenant);
  request.set_name(key);
  request.set_expected_primary(expected_primary);
  request.set_request_id(RequestId());
  return Call(*keys_, &v1::KeyService::Stub::RotateKey, request, &response);
}

v1::EncryptRequest ServerTest::EncryptRequest(const std::string& tenant, const std::string& key,
                                              const std::string& plaintext,
                                              const std::string& pk) const {
  v1::EncryptRequest request;
  request.set_tenant(tenant);
  request.set_key(key);
  request.set_plaintext(plaintext);
  auto* entry = request.add_context();
  entry->set_name("pk");
  entry->set_value(pk);
  return request;
}

std::string ServerTest::Encrypt(const std::string& tenant, const std::string& key,
                                const std::string& plaintext, const std::string& pk) {
  v1::EncryptResponse response;
  EXPECT_EQ(Verdict(Call(*crypto_, &v1::CryptoService::Stub::Encrypt,
                         EncryptRequest(tenant, key, plaintext, pk), &response)),
            "OK");
  return response.ciphertext();
}

grpc::Status ServerTest::Decrypt(const std::string& tenant, const std::string& ciphertext,
                                 const std::string& pk, std::string* plaintext,
                                 const std::string& pin) {
  v1::DecryptRequest request;
  v1::DecryptResponse response;
  request.set_tenant(tenant);
  request.set_ciphertext(ciphertext);
  request.set_key(pin);
  auto* entry = request.add_context();
  entry->set_name("pk");
  entry->set_value(pk);
  const grpc::Status status = Call(*crypto_, &v1::CryptoService::Stub::Decrypt, request, &response);
  if (plaintext != nullptr) *plaintext = response.plaintext();
  return status;
}

std::string ServerTest::EncryptVerdict(const std::string& key) {
  v1::EncryptResponse response;
  return OfCrypto(&v1::CryptoService::Stub::Encrypt, EncryptRequest("acme", key, "v", "1"),
                  &response);
}

std::string ServerTest::SetAlias(const std::string& alias, const std::string& key, v1::Alias* out,
                                 const std::string& etag) {
  v1::SetAliasRequest request;
  v1::SetAliasResponse response;
  request.set_tenant("acme");
  request.set_alias(alias);
  request.set_key(key);
  request.set_etag(etag);
  const std::string verdict = OfKeys(&v1::KeyService::Stub::SetAlias, request, &response);
  if (out != nullptr) *out = response.alias();
  return verdict;
}

v1::Key ServerTest::GetKey(const std::string& name) {
  v1::GetKeyRequest request;
  v1::GetKeyResponse response;
  request.set_tenant("acme");
  request.set_name(name);
  EXPECT_EQ(OfKeys(&v1::KeyService::Stub::GetKey, request, &response), "OK");
  return response.key();
}

std::vector<nlohmann::json> ServerTest::AuditLines() const {
  std::istringstream in(ReadFile(data_dir_ + "/audit.jsonl"));
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

}  // namespace fieldkms::testing
