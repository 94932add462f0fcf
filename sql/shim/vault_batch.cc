#include "sql/shim/vault_batch.h"

#include <algorithm>
#include <utility>

#include "crypto/context.h"
#include "crypto/status.h"
#include "sql/shim/vault_ciphertext.h"

namespace fieldkms::shim {
namespace {

constexpr size_t kMostItems = 10'000;

bool Has(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && !found->is_null() && *found != "";
}

// Vault's words for what its decoder does not take; it counts them as its own failure.
HttpResponse NotParsed(const char* required) {
  return VaultErrors(500, std::string("1 error occurred:\n\t* failed to parse batch input: '") +
                              required + "' of each item must be a string\n\n");
}

std::string MissingWords(const std::string& required) {
  if (required == "plaintext") return "missing plaintext to encrypt";
  if (required == "ciphertext") return "missing ciphertext to decrypt";
  return "missing " + required + " for HMAC";
}

}  // namespace

std::optional<HttpResponse> VaultBatch::Read(VaultCall& call, const char* required,
                                             VaultBatch* batch) {
  const auto given = call.body.find("batch_input");
  batch->is_batch_ = given != call.body.end() && !given->is_null();
  if (!batch->is_batch_) {
    const auto one = call.body.find(required);
    if (one == call.body.end() || !one->is_string()) {
      return VaultErrors(400, MissingWords(required));
    }
    batch->items_.push_back({&call.body, {}, Json::object()});
    return std::nullopt;
  }
  if (!given->is_array()) return NotParsed(required);
  if (given->empty()) return VaultErrors(400, "missing batch input to process");
  if (given->size() > kMostItems) return VaultErrors(400, "batch_input has more than 10,000 items");
  if (auto refusal = batch->ReadStatus(call)) return refusal;
  call.items = given->size();
  const bool strict = std::string_view(required) == "plaintext" || call.parts[0] == "decrypt";
  bool any_context = false, any_without = false;
  for (const Json& item : *given) {
    if (!item.is_object()) return NotParsed(required);
    const auto member = item.find(required);
    const bool there = member != item.end() && member->is_string();
    if (!there && strict) return NotParsed(required);
    VaultItem& read = batch->items_.emplace_back();
    read.in = &item;
    if (!there) read.status = InvalidField(required, MissingWords(required));
    (Has(item, "context") ? any_context : any_without) = true;
  }
  if (any_context && any_without) {
    return VaultErrors(400, "context should be set either in all the request blocks or in none");
  }
  return std::nullopt;
}

std::optional<HttpResponse> VaultBatch::ReadStatus(const VaultCall& call) {
  bool ok = true;
  const int64_t asked = NumberOf(call.body, "partial_failure_response_code", 0, &ok);
  if (!ok || (asked != 0 && (asked < 200 || asked > 599))) {
    return VaultErrors(400, "partial_failure_response_code must be a status from 200 to 599");
  }
  partial_status_ = static_cast<int>(asked);
  if (asked != 0 && !MayHaveBody(partial_status_)) {
    return VaultErrors(400,
                       "partial_failure_response_code must be a status whose answers have a body: "
                       "not 204, 205 or 304");
  }
  return std::nullopt;
}

void VaultBatch::FailRest(const absl::Status& status) {
  for (VaultItem& item : items_) {
    if (item.status.ok() && item.out.empty()) item.status = status;
  }
}

HttpResponse VaultBatch::AnswerOne() {
  VaultItem& item = items_.front();
  if (!item.status.ok()) return VaultFailure(item.status);
  return VaultData(std::move(item.out));
}

int VaultBatch::StatusOf(const VaultCall& call, Rule rule) const {
  if (rule != Rule::kStatus || call.failed == 0) return 200;
  if (call.failed < items_.size() && partial_status_ != 0) return partial_status_;
  const bool user = std::any_of(items_.begin(), items_.end(), [](const VaultItem& item) {
    return !item.status.ok() && IsUserError(item.status);
  });
  return user ? 400 : 500;
}

HttpResponse VaultBatch::Answer(VaultCall& call, Rule rule, const char* always) {
  for (const VaultItem& item : items_) {
    if (item.status.ok()) continue;
    ++call.failed;
    if (rule == Rule::kUserOk && !IsUserError(item.status)) return VaultFailure(item.status);
  }
  if (!is_batch_) return AnswerOne();
  Json results = Json::array();
  for (VaultItem& item : items_) {
    if (!item.status.ok()) {
      item.out = Json{{"error", VaultWords(item.status)}};
      if (always != nullptr) item.out[always] = "";
    }
    bool ok = true;
    item.out["reference"] = TextOf(*item.in, "reference", &ok);
    results.push_back(std::move(item.out));
  }
  return VaultData(Json{{"batch_results", std::move(results)}}, StatusOf(call, rule));
}

absl::Status SetVaultContext(const Json& item,
                             google::protobuf::RepeatedPtrField<v1::ContextEntry>* entries) {
  struct Member {
    const char* name;
    const char* entry;
  };
  static constexpr Member kMembers[] = {{"context", "vault.context"},
                                        {"associated_data", "vault.aad"}};
  for (const Member& member : kMembers) {
    bool ok = true;
    const std::string text = TextOf(item, member.name, &ok);
    std::string bytes;
    if (!ok || !DecodeVaultBase64(text, &bytes)) {
      return InvalidField(member.name, std::string("failed to base64-decode ") + member.name);
    }
    if (bytes.size() > kMaxContextValueSize) {
      return InvalidField(member.name, std::string(member.name) + " is above 4,096 bytes");
    }
    if (bytes.empty()) continue;
    v1::ContextEntry* const entry = entries->Add();
    entry->set_name(member.entry);
    entry->set_value(std::move(bytes));
  }
  return absl::OkStatus();
}

}  // namespace fieldkms::shim
