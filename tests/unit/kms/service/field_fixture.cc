#include "tests/unit/kms/service/field_fixture.h"

#include <unistd.h>

namespace fieldkms {
namespace {

using Stub = v1::FieldService::Stub;

template <class Request>
void SetContext(const std::string& pk, Request* request) {
  auto* const entry = request->add_context();
  entry->set_name("pk");
  entry->set_value(pk);
}

}  // namespace

AccessPolicy FieldFixture::WithRoles(std::map<std::string, std::vector<AccessRule>> roles) {
  AccessPolicy policy;
  AccessPolicy::Member me{"me", {getuid()}, {}, Rate{}};
  for (const auto& [name, rules] : roles) me.roles.push_back(name);
  policy.roles = std::move(roles);
  policy.principals = {std::move(me)};
  return policy;
}

void FieldFixture::StartAs(AccessPolicy policy) {
  server_ = std::make_unique<InProcessServer>(std::move(policy));
  server_->Make("acme", "card");
  server_->Make("acme", "note");
  server_->Make("acme", "index", KeyPurpose::kBlindIndex);
  server_->Make("acme", "fpe", KeyPurpose::kFpe);
  server_->Make("acme", "token", KeyPurpose::kToken);
}

std::string FieldFixture::Create(v1::CreateFieldRequest request, v1::Field* field) {
  v1::CreateFieldResponse response;
  if (request.request_id().empty()) request.set_request_id(NextId());
  std::string reason = Call(&Stub::CreateField, std::move(request), &response);
  if (field != nullptr) *field = response.field();
  return reason;
}

v1::CreateFieldRequest FieldFixture::CardField(const std::string& name) const {
  v1::CreateFieldRequest request;
  request.set_name(name);
  request.set_format(v1::FIELD_FORMAT_PAN);
  request.set_key("card");
  request.mutable_blind_index()->set_key("index");
  return request;
}

std::string FieldFixture::Update(v1::UpdateFieldRequest request, v1::Field* field) {
  v1::UpdateFieldResponse response;
  request.set_request_id(NextId());
  std::string reason = Call(&Stub::UpdateField, std::move(request), &response);
  if (field != nullptr) *field = response.field();
  return reason;
}

std::string FieldFixture::Protect(const std::string& field, const std::string& value,
                                  v1::ProtectedValue* made, const std::string& pk) {
  v1::ProtectRequest request;
  v1::ProtectResponse response;
  request.set_field(field);
  request.set_value(value);
  SetContext(pk, &request);
  std::string reason = Call(&Stub::Protect, std::move(request), &response);
  if (made != nullptr) *made = response.protected_value();
  return reason;
}

std::string FieldFixture::Reveal(const std::string& field, const std::string& ciphertext,
                                 v1::RevealResponse* response, v1::View view,
                                 const std::string& pk) {
  v1::RevealRequest request;
  request.set_field(field);
  request.set_ciphertext(ciphertext);
  request.set_view(view);
  SetContext(pk, &request);
  return Call(&Stub::Reveal, std::move(request), response);
}

std::string FieldFixture::Revealed(const std::string& field, const std::string& ciphertext,
                                   v1::View view, const std::string& pk) {
  v1::RevealResponse response;
  const std::string reason = Reveal(field, ciphertext, &response, view, pk);
  return reason == "OK" ? response.value() : reason;
}

v1::CreateFieldRequest FieldFixture::TokenField(const std::string& name) const {
  v1::CreateFieldRequest request;
  request.set_name(name);
  request.set_format(v1::FIELD_FORMAT_PAN);
  request.mutable_token()->set_key("token");
  request.mutable_token()->set_lookup_key("index");
  return request;
}

std::string FieldFixture::Tokenize(const std::string& field, const std::string& value,
                                   const v1::TokenSettings& settings, v1::TokenValue* made) {
  v1::TokenizeRequest request;
  v1::TokenizeResponse response;
  request.set_field(field);
  request.set_value(value);
  *request.mutable_settings() = settings;
  const std::string reason = Call(&Stub::Tokenize, std::move(request), &response);
  if (made != nullptr) *made = response.token();
  return reason == "OK" ? response.token().token() : reason;
}

std::string FieldFixture::Detokenize(const std::string& field, const std::string& token,
                                     v1::DetokenizeResponse* response, v1::View view) {
  v1::DetokenizeRequest request;
  request.set_field(field);
  request.set_token(token);
  request.set_view(view);
  return Call(&Stub::Detokenize, std::move(request), response);
}

std::string FieldFixture::Detokenized(const std::string& field, const std::string& token,
                                      v1::View view) {
  v1::DetokenizeResponse response;
  const std::string reason = Detokenize(field, token, &response, view);
  return reason == "OK" ? response.value() : reason;
}

}  // namespace fieldkms
