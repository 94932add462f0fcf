// A running fieldkmsd and what its answers say.
#ifndef FIELDKMS_TESTS_INTEGRATION_SERVER_SERVER_FIXTURE_H_
#define FIELDKMS_TESTS_INTEGRATION_SERVER_SERVER_FIXTURE_H_

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fieldkms/v1/crypto_service.grpc.pb.h"
#include "fieldkms/v1/key_service.grpc.pb.h"
#include "fieldkms/v1/operation_service.grpc.pb.h"
#include "fieldkms/v1/system_service.grpc.pb.h"
#include "fieldkms/v1/tenant_service.grpc.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/support/daemon.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

// What a status says in its details; empty where it does not.
std::string ReasonOfRpc(const grpc::Status& status);
std::string ReasonOfItem(const google::rpc::Status& error);
std::string FieldOfRpc(const grpc::Status& status);
std::string FieldOfItem(const google::rpc::Status& error);
bool HasRetryInfo(const grpc::Status& status);

// "code reason", such as "NOT_FOUND KEY_NOT_FOUND"; "OK".
std::string Verdict(const grpc::Status& status);
std::string Verdict(const google::rpc::Status& error);

class ServerTest : public ::testing::Test {
 protected:
  ServerTest();

  // Starts the daemon with --dev, or with `yaml` after data_dir, listen.unix and
  // root.local.create_if_missing.
  void StartDev();
  void StartWith(const std::string& yaml);

  // Stubs over one channel to it.
  void Connect();
  std::shared_ptr<grpc::Channel> NewChannel() const;

  void CreateTenant(const std::string& tenant);
  void CreateKey(const std::string& tenant, const std::string& key);
  grpc::Status RotateKey(const std::string& tenant, const std::string& key,
                         uint32_t expected_primary = 0);
  // `pk` is the context's one entry.
  v1::EncryptRequest EncryptRequest(const std::string& tenant, const std::string& key,
                                    const std::string& plaintext, const std::string& pk) const;
  std::string Encrypt(const std::string& tenant, const std::string& key,
                      const std::string& plaintext, const std::string& pk);
  grpc::Status Decrypt(const std::string& tenant, const std::string& ciphertext,
                       const std::string& pk, std::string* plaintext = nullptr,
                       const std::string& pin = "");

  // Calls a stub's method: Call(*keys_, &v1::KeyService::Stub::GetKey, request, &response).
  template <class Stub, class Request, class Response>
  grpc::Status Call(Stub& stub,
                    grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    return (stub.*method)(&context, request, response);
  }

  // The verdict of a call of one of the three. Mutations get a request id where they have
  // none.
  template <class Request, class Response>
  std::string OfKeys(grpc::Status (v1::KeyService::Stub::*method)(grpc::ClientContext*,
                                                                  const Request&, Response*),
                     Request request, Response* response) {
    if constexpr (requires { request.request_id(); }) {
      if (request.request_id().empty()) request.set_request_id(RequestId());
    }
    return Verdict(Call(*keys_, method, request, response));
  }
  template <class Request, class Response>
  std::string OfCrypto(grpc::Status (v1::CryptoService::Stub::*method)(grpc::ClientContext*,
                                                                       const Request&, Response*),
                       const Request& request, Response* response) {
    return Verdict(Call(*crypto_, method, request, response));
  }
  // The verdict of an Encrypt under a key or alias of acme.
  std::string EncryptVerdict(const std::string& key);
  // Points an alias of acme's to a key; `etag`: as it was.
  std::string SetAlias(const std::string& alias, const std::string& key, v1::Alias* out = nullptr,
                       const std::string& etag = "");
  v1::Key GetKey(const std::string& name);

  std::string RequestId();
  std::vector<nlohmann::json> AuditLines() const;

  TempDir dir_;
  const std::string data_dir_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<v1::CryptoService::Stub> crypto_;
  std::unique_ptr<v1::KeyService::Stub> keys_;
  std::unique_ptr<v1::TenantService::Stub> tenants_;
  std::unique_ptr<v1::OperationService::Stub> operations_;
  std::unique_ptr<v1::SystemService::Stub> system_;
  int request_ids_ = 0;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_INTEGRATION_SERVER_SERVER_FIXTURE_H_
