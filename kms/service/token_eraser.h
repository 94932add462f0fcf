// Erasing tokens: Erase.
#ifndef FIELDKMS_KMS_SERVICE_TOKEN_ERASER_H_
#define FIELDKMS_KMS_SERVICE_TOKEN_ERASER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "kms/service/field_run.h"
#include "kms/service/token_seal.h"

namespace fieldkms {

// The items of a call are given one by one, and erased together. Lives within one run, which may
// block.
class TokenEraser {
 public:
  explicit TokenEraser(FieldRun& run) : run_(run), seal_(run) {}

  // Finish gives `tell` how many tokens there were, or calls `fail`. `token` lives until then.
  using TellFunction = std::function<void(uint64_t erased)>;
  // `forwarded`: as the request has it.
  absl::Status AddToken(int item, const LoadedField& field, std::string_view token, bool forwarded,
                        TellFunction tell);
  absl::Status AddValue(int item, const LoadedField& field, std::string_view value,
                        TellFunction tell);
  void Finish(const FailItemFunction& fail);

 private:
  struct Doomed {
    int item;
    const LoadedField* field;
    std::string name;  // token or lookup
    TellFunction tell;
  };

  void EraseTokens(const LoadedField& field, const std::vector<Doomed*>& part,
                   const FailItemFunction& fail);
  void EraseValues(const LoadedField& field, const std::vector<Doomed*>& part,
                   const FailItemFunction& fail);

  FieldRun& run_;
  TokenSeal seal_;
  std::vector<Doomed> tokens_;
  std::vector<Doomed> values_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_TOKEN_ERASER_H_
