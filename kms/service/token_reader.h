// What stands behind tokens: Detokenize.
#ifndef FIELDKMS_KMS_SERVICE_TOKEN_READER_H_
#define FIELDKMS_KMS_SERVICE_TOKEN_READER_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "fieldkms/v1/field_service.pb.h"
#include "kms/service/field_run.h"
#include "kms/service/token_seal.h"

namespace fieldkms {

// The items of a call are given one by one, and read together. Lives within one run, which may
// block.
class TokenReader {
 public:
  explicit TokenReader(FieldRun& run) : run_(run), seal_(run) {}

  // What is told of a token: filled by Finish.
  struct Told {
    std::string* value;
    // Gets what of the value is shown, and what the store has of the token: null of a CVV.
    std::function<absl::Status(MaskLevel shown, const TokenRecord* record)> tell;
  };
  // `token`, and where `out` points to, live until Finish, which calls `fail` for items that fail
  // then. `forwarded`: as the request has it. Errors: TokenNotFound(), PermissionDenied(),
  // kFieldPolicy.
  absl::Status Add(int item, const LoadedField& field, std::string_view token, v1::View view,
                   bool forwarded, Told out);
  void Finish(const FailItemFunction& fail);

 private:
  struct Wanted {
    int item;
    const LoadedField* field;
    std::string_view token;
    MaskLevel level;
    bool forwarded;
    Told out;
  };
  using Records = std::vector<std::optional<TokenRecord>>;

  absl::Status TakeVolatile(const LoadedField& field, const Wanted& wanted);
  void Read(const LoadedField& field, const std::vector<Wanted*>& wanted,
            const FailItemFunction& fail);
  absl::StatusOr<Records> Fetch(const LoadedField& field, const std::vector<Wanted*>& wanted);
  absl::Status LoadSubjectsOf(const Records& records);
  // Puts the sealed bytes of single-use tokens in, which the store gives once.
  absl::Status Use(const LoadedField& field, Records* records);
  absl::Status Tell(const LoadedField& field, const std::optional<TokenRecord>& record,
                    const Wanted& wanted);

  FieldRun& run_;
  TokenSeal seal_;
  std::vector<Wanted> wanted_;
};

// The metadata that TokenMaker gave to the store. Error: kStoreCorrupt.
absl::Status DecodeMetadata(std::string_view bytes,
                            google::protobuf::Map<std::string, std::string>* metadata);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_TOKEN_READER_H_
