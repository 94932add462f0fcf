// FieldClient: the calls of FieldService through a Client: policies of fields, and Protect, Reveal,
// Mask, BlindIndex and Validate of values.
//
//   fieldkms::FieldClient fields(*client);
//   fieldkms::v1::ProtectRequest request;
//   request.set_tenant("acme");
//   request.set_field("customers.card_number");
//   request.set_value(card);
//   auto response = fields.Protect(request);
#ifndef FIELDKMS_CLIENTS_CPP_FIELD_CLIENT_H_
#define FIELDKMS_CLIENTS_CPP_FIELD_CLIENT_H_

#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "fieldkms/v1/field_service.pb.h"

namespace fieldkms {

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

  absl::StatusOr<v1::BatchProtectResponse> BatchProtect(const v1::BatchProtectRequest& request);
  absl::StatusOr<v1::BatchRevealResponse> BatchReveal(const v1::BatchRevealRequest& request);
  absl::StatusOr<v1::BatchMaskResponse> BatchMask(const v1::BatchMaskRequest& request);
  absl::StatusOr<v1::BatchBlindIndexResponse> BatchBlindIndex(
      const v1::BatchBlindIndexRequest& request);
  absl::StatusOr<v1::BatchValidateResponse> BatchValidate(const v1::BatchValidateRequest& request);

 private:
  Client::Impl& impl() const { return *client_.impl_; }

  Client& client_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_FIELD_CLIENT_H_
