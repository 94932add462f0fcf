#include "clients/cpp/field_client.h"

#include <utility>

#include "clients/cpp/client_impl.h"

namespace fieldkms {
namespace {

using Stub = v1::FieldService::Stub;

// The answer of a mutation or read of one field is the field.
template <class Response>
absl::StatusOr<v1::Field> FieldOf(absl::StatusOr<Response> response) {
  if (!response.ok()) return std::move(response).status();
  return std::move(*response->mutable_field());
}

RetryRule RuleFor(LostAnswer lost) {
  return lost == LostAnswer::kAskAgain ? IsRetryable : WasNotBegun;
}

}  // namespace

absl::StatusOr<v1::Field> FieldClient::CreateField(const v1::CreateFieldRequest& request) {
  return FieldOf(impl().Mutate(impl().fields(), &Stub::CreateField, request));
}

absl::StatusOr<v1::Field> FieldClient::GetField(const v1::GetFieldRequest& request) {
  return FieldOf(impl().Call(impl().fields(), &Stub::GetField, request));
}

absl::StatusOr<v1::Field> FieldClient::UpdateField(const v1::UpdateFieldRequest& request) {
  return FieldOf(impl().Mutate(impl().fields(), &Stub::UpdateField, request));
}

absl::StatusOr<v1::ListFieldsResponse> FieldClient::ListFields(
    const v1::ListFieldsRequest& request) {
  return impl().Call(impl().fields(), &Stub::ListFields, request);
}

absl::StatusOr<v1::ProtectedValue> FieldClient::Protect(const v1::ProtectRequest& request) {
  FIELDKMS_ASSIGN_OR_RETURN(v1::ProtectResponse response,
                            impl().Call(impl().fields(), &Stub::Protect, request));
  return std::move(*response.mutable_protected_value());
}

absl::StatusOr<v1::RevealResponse> FieldClient::Reveal(const v1::RevealRequest& request) {
  return impl().Call(impl().fields(), &Stub::Reveal, request);
}

absl::StatusOr<v1::MaskResponse> FieldClient::Mask(const v1::MaskRequest& request) {
  return impl().Call(impl().fields(), &Stub::Mask, request);
}

absl::StatusOr<v1::BlindIndexValue> FieldClient::BlindIndex(const v1::BlindIndexRequest& request) {
  FIELDKMS_ASSIGN_OR_RETURN(v1::BlindIndexResponse response,
                            impl().Call(impl().fields(), &Stub::BlindIndex, request));
  return std::move(*response.mutable_indexes());
}

absl::StatusOr<v1::Verdict> FieldClient::Validate(const v1::ValidateRequest& request) {
  FIELDKMS_ASSIGN_OR_RETURN(v1::ValidateResponse response,
                            impl().Call(impl().fields(), &Stub::Validate, request));
  return std::move(*response.mutable_verdict());
}

absl::StatusOr<v1::TokenValue> FieldClient::Tokenize(const v1::TokenizeRequest& request) {
  FIELDKMS_ASSIGN_OR_RETURN(v1::TokenizeResponse response,
                            impl().Call(impl().fields(), &Stub::Tokenize, request));
  return std::move(*response.mutable_token());
}

absl::StatusOr<v1::DetokenizeResponse> FieldClient::Detokenize(const v1::DetokenizeRequest& request,
                                                               LostAnswer lost) {
  return impl().Call(impl().fields(), &Stub::Detokenize, request, RuleFor(lost));
}

absl::StatusOr<v1::EraseResponse> FieldClient::Erase(const v1::EraseRequest& request) {
  return impl().Call(impl().fields(), &Stub::Erase, request);
}

absl::StatusOr<v1::BatchProtectResponse> FieldClient::BatchProtect(
    const v1::BatchProtectRequest& request) {
  return impl().Batch(impl().fields(), &Stub::BatchProtect, request);
}

absl::StatusOr<v1::BatchRevealResponse> FieldClient::BatchReveal(
    const v1::BatchRevealRequest& request) {
  return impl().Batch(impl().fields(), &Stub::BatchReveal, request);
}

absl::StatusOr<v1::BatchMaskResponse> FieldClient::BatchMask(const v1::BatchMaskRequest& request) {
  return impl().Batch(impl().fields(), &Stub::BatchMask, request);
}

absl::StatusOr<v1::BatchBlindIndexResponse> FieldClient::BatchBlindIndex(
    const v1::BatchBlindIndexRequest& request) {
  return impl().Batch(impl().fields(), &Stub::BatchBlindIndex, request);
}

absl::StatusOr<v1::BatchValidateResponse> FieldClient::BatchValidate(
    const v1::BatchValidateRequest& request) {
  return impl().Batch(impl().fields(), &Stub::BatchValidate, request);
}

absl::StatusOr<v1::BatchTokenizeResponse> FieldClient::BatchTokenize(
    const v1::BatchTokenizeRequest& request) {
  return impl().Batch(impl().fields(), &Stub::BatchTokenize, request);
}

absl::StatusOr<v1::BatchDetokenizeResponse> FieldClient::BatchDetokenize(
    const v1::BatchDetokenizeRequest& request, LostAnswer lost) {
  return impl().Batch(impl().fields(), &Stub::BatchDetokenize, request, RuleFor(lost));
}

absl::StatusOr<v1::BatchEraseResponse> FieldClient::BatchErase(
    const v1::BatchEraseRequest& request) {
  return impl().Batch(impl().fields(), &Stub::BatchErase, request);
}

}  // namespace fieldkms
