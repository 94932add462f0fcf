// Making tokens: Tokenize, and the tokens that Protect makes.
#ifndef FIELDKMS_KMS_SERVICE_TOKEN_MAKER_H_
#define FIELDKMS_KMS_SERVICE_TOKEN_MAKER_H_

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "fieldkms/v1/field_service.pb.h"
#include "kms/service/field_run.h"
#include "kms/service/token_seal.h"
#include "kms/store/token_store.h"

namespace fieldkms {

// The items of a call are given one by one, and stored together. Lives within one run, which may
// block.
class TokenMaker {
 public:
  explicit TokenMaker(FieldRun& run)
      : run_(run), seal_(run), subjects_(run.context(), run.tenant()) {}

  // Add draws and seals a token for a value whose canonical form the run has. `value` and `out`
  // live until Finish, which fills `out` and calls `fail` for items that fail then. Errors:
  // kFieldPolicy, kValueInvalid, kInvalidField; those of keys.
  absl::Status Add(int item, const LoadedField& field, std::string_view value,
                   const v1::TokenSettings& settings, v1::TokenValue* out);
  void Finish(const FailItemFunction& fail);

 private:
  struct Draft {
    int item;
    const LoadedField* field;
    std::string_view value;
    v1::TokenValue* out;
    std::string subject;  // as the application knows it
    TokenRecord record;
  };

  // A CVV's: it is there when this returns.
  absl::Status AddVolatile(const LoadedField& field, std::string_view value,
                           const v1::TokenSettings& settings, v1::TokenValue* out);
  absl::StatusOr<TokenRecord> RecordFor(const LoadedField& field,
                                        const v1::TokenSettings& settings);
  // Stores drafts of one field; those whose token was taken get another, as often as it takes.
  void Put(const LoadedField& field, std::vector<Draft*> drafts, const FailItemFunction& fail);
  absl::Status Redraw(const LoadedField& field, Draft* draft);
  // Gives drafts whose data subject was erased meanwhile a new one of the same id.
  absl::Status RenewSubjects(const LoadedField& field, const std::vector<Draft*>& drafts);

  FieldRun& run_;
  TokenSeal seal_;
  SubjectKeys subjects_;
  std::vector<Draft> drafts_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_TOKEN_MAKER_H_
