// Batches of the transit API: the items that were given, and the shapes of their results. Internal
// to the Vault API.
#ifndef FIELDKMS_SQL_SHIM_VAULT_BATCH_H_
#define FIELDKMS_SQL_SHIM_VAULT_BATCH_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "fieldkms/v1/crypto_service.pb.h"
#include "sql/shim/vault_call.h"

namespace fieldkms::shim {

struct VaultItem {
  const Json* in = nullptr;  // an object
  absl::Status status;       // why it failed
  Json out = Json::object();
};

class VaultBatch {
 public:
  // `required`: the member that each item must have. A refusal: what is answered instead.
  static std::optional<HttpResponse> Read(VaultCall& call, const char* required, VaultBatch* batch);

  std::vector<VaultItem>& items() { return items_; }
  // `status` for each item that has no result yet.
  void FailRest(const absl::Status& status);

  // How failures of items tell on the whole.
  enum class Rule {
    kStatus,    // encrypt, decrypt: 400 or 500, or what the request asks for
    kAlwaysOk,  // hmac, verify: 200
    kUserOk,    // rewrap: 200, but what is not the client's fault ends all
  };
  // `always`: a member that failed items have, too, as "".
  HttpResponse Answer(VaultCall& call, Rule rule, const char* always = nullptr);

 private:
  // What the request wants to be answered where some items fail, if it says so.
  std::optional<HttpResponse> ReadStatus(const VaultCall& call);
  HttpResponse AnswerOne();
  int StatusOf(const VaultCall& call, Rule rule) const;

  bool is_batch_ = false;
  int partial_status_ = 0;  // 0: ours
  std::vector<VaultItem> items_;
};

// Puts `context` and `associated_data` of an item into the context of a value: entries
// "vault.context" and "vault.aad".
absl::Status SetVaultContext(const Json& item,
                             google::protobuf::RepeatedPtrField<v1::ContextEntry>* entries);

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_VAULT_BATCH_H_
