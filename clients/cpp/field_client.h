// FieldClient: the calls of FieldService through a Client: policies of fields; Protect, Reveal,
// Mask, BlindIndex and Validate of values; and tokens of values.
//
//   fieldkms::FieldClient fields(*client);
//   fieldkms::v1::ProtectRequest request;
//   request.set_tenant("acme");
//   request.set_field("customers.card_number");
//   request.set_value(card);
//   auto response = fields.Protect(request);
#ifndef FIELDKMS_CLIENTS_CPP_FIELD_CLIENT_H_
#define FIELDKMS_CLIENTS_CPP_FIELD_CLIENT_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "fieldkms/v1/field_service.pb.h"

namespace fieldkms {

// What is done where an answer to Detokenize does not arrive: the service may have given the token
// out by then, and a token for single use is gone.
enum class LostAnswer : uint8_t {
  // The call fails with UNAVAILABLE. It is retried only where the service said that it did nothing.
  kReport,
  // As of any other call: for fields whose tokens are not for single use. Of a token that is,
  // a retry answers kTokenNotFound for a value that was lost on its way.
  kAskAgain,
};

// A view of a client, which must outlive it; cheap to make, safe for concurrent use. Deadlines,
// retries, batches of any length and errors are as Client says. Requests and responses with values
// are the caller's, who wipes them (WipePlaintext in wipe.h).
class FieldClient {
 public:
  explicit FieldClient(Client& client) : client_(client) {}

  absl::StatusOr<v1::Field> CreateField(const v1::CreateFieldRequest& request);
  absl::StatusOr<v1::Field> GetField(const v1::GetFieldRequest& request);
  absl::StatusOr<v1::Field> UpdateField(const v1::UpdateFieldRequest& request);
  absl::StatusOr<v1::ListFieldsResponse> ListFields(const v1::ListFieldsRequest& request);

  absl::StatusOr<v1::ProtectedValue> Protect(const v1::ProtectRequest& request);
  absl::StatusOr<v1::RevealResponse> Reveal(const v1::RevealRequest& request);
  absl::StatusOr<v1::MaskResponse> Mask(const v1::MaskRequest& request);
  absl::StatusOr<v1::BlindIndexValue> BlindIndex(const v1::BlindIndexRequest& request);
  // A value that is not legal is an answer, not an error.
  absl::StatusOr<v1::Verdict> Validate(const v1::ValidateRequest& request);

  // A retry after an answer that was lost makes a second token, which nobody knows: it does no
  // harm, and goes with its TTL or with Erase of the value. (The same is so of Protect, if the
  // field has tokens.) A convergent token is the same in both attempts, and `existed` is true then.
  absl::StatusOr<v1::TokenValue> Tokenize(const v1::TokenizeRequest& request);
  // Tokens for single use are given out once, so UNAVAILABLE leaves open whether one is still
  // there; who calls decides whether to ask again. Others need not care: kAskAgain.
  absl::StatusOr<v1::DetokenizeResponse> Detokenize(const v1::DetokenizeRequest& request,
                                                    LostAnswer lost = LostAnswer::kReport);
  // May be repeated at will: what is not there any more counts as erased, and not in
  // `erased_count`, which after a retry can be 0 for a token that this very call took away.
  absl::StatusOr<v1::EraseResponse> Erase(const v1::EraseRequest& request);

  absl::StatusOr<v1::BatchProtectResponse> BatchProtect(const v1::BatchProtectRequest& request);
  absl::StatusOr<v1::BatchRevealResponse> BatchReveal(const v1::BatchRevealRequest& request);
  absl::StatusOr<v1::BatchMaskResponse> BatchMask(const v1::BatchMaskRequest& request);
  absl::StatusOr<v1::BatchBlindIndexResponse> BatchBlindIndex(
      const v1::BatchBlindIndexRequest& request);
  absl::StatusOr<v1::BatchValidateResponse> BatchValidate(const v1::BatchValidateRequest& request);
  absl::StatusOr<v1::BatchTokenizeResponse> BatchTokenize(const v1::BatchTokenizeRequest& request);
  // `lost`: of each of the calls that the batch is cut into.
  absl::StatusOr<v1::BatchDetokenizeResponse> BatchDetokenize(
      const v1::BatchDetokenizeRequest& request, LostAnswer lost = LostAnswer::kReport);
  absl::StatusOr<v1::BatchEraseResponse> BatchErase(const v1::BatchEraseRequest& request);

 private:
  Client::Impl& impl() const { return *client_.impl_; }

  Client& client_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_FIELD_CLIENT_H_
