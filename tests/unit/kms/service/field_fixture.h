// FieldService in this process, with keys for fields of tenant acme.
#ifndef FIELDKMS_TESTS_UNIT_KMS_SERVICE_FIELD_FIXTURE_H_
#define FIELDKMS_TESTS_UNIT_KMS_SERVICE_FIELD_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fieldkms/v1/field_service.grpc.pb.h"
#include "tests/unit/kms/service/in_process_server.h"

namespace fieldkms {

// Published test numbers of card schemes, and no one's.
inline constexpr char kVisa[] = "4111111111111111";
inline constexpr char kMastercard[] = "5555555555554444";

class FieldFixture : public ::testing::Test {
 protected:
  void SetUp() override { StartAs(InProcessServer::DefaultPolicy()); }
  // Keys `card` and `note` (ENCRYPT), `index`, `fpe` and `token`.
  void StartAs(AccessPolicy policy);
  // One principal, with these rules by role.
  static AccessPolicy WithRoles(std::map<std::string, std::vector<AccessRule>> roles);

  // Calls a method of the stub. The reason of its failure, or "OK".
  template <class Request, class Response>
  std::string Call(grpc::Status (v1::FieldService::Stub::*method)(grpc::ClientContext*,
                                                                  const Request&, Response*),
                   Request request, Response* response) {
    grpc::ClientContext client;
    request.set_tenant("acme");
    const grpc::Status status = (*server_->field_service.*method)(&client, request, response);
    message_ = status.error_message();
    return status.ok() ? "OK" : ReasonIn(status);
  }

  std::string Create(v1::CreateFieldRequest request, v1::Field* field = nullptr);
  // A field that has a ciphertext under `card` and an index.
  v1::CreateFieldRequest CardField(const std::string& name = "cards") const;
  std::string Update(v1::UpdateFieldRequest request, v1::Field* field = nullptr);

  std::string Protect(const std::string& field, const std::string& value,
                      v1::ProtectedValue* made = nullptr, const std::string& pk = "1");
  // "": the view that the caller has.
  std::string Reveal(const std::string& field, const std::string& ciphertext,
                     v1::RevealResponse* response, v1::View view = v1::VIEW_UNSPECIFIED,
                     const std::string& pk = "1");
  // The value that Reveal shows, or why it does not.
  std::string Revealed(const std::string& field, const std::string& ciphertext,
                       v1::View view = v1::VIEW_UNSPECIFIED, const std::string& pk = "1");

  // A field of card numbers that has tokens and nothing else, with keys `token` and `index`.
  v1::CreateFieldRequest TokenField(const std::string& name = "tokens") const;
  // The token, or why there is none.
  std::string Tokenize(const std::string& field, const std::string& value,
                       const v1::TokenSettings& settings = {}, v1::TokenValue* made = nullptr);
  std::string Detokenize(const std::string& field, const std::string& token,
                         v1::DetokenizeResponse* response, v1::View view = v1::VIEW_UNSPECIFIED);
  // The value, or why it is not given.
  std::string Detokenized(const std::string& field, const std::string& token,
                          v1::View view = v1::VIEW_UNSPECIFIED);

  std::string NextId() { return "request-" + std::to_string(++requests_); }

  std::unique_ptr<InProcessServer> server_;
  std::string message_;  // of the last status
  int requests_ = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_TESTS_UNIT_KMS_SERVICE_FIELD_FIXTURE_H_
