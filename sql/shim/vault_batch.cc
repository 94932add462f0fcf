#include "sql/shim/vault_batch.h"

#include <algorithm>
#include <utility>

#include "clients/cpp/wipe.h"
#include "crypto/base64.h"
#include "crypto/status.h"
#include "sql/shim/vault_ciphertext.h"

namespace fieldkms::shim {
namespace {

constexpr size_t kMostItems = 10'000;
// What the result of an item takes besides its bytes and its reference.
constexpr size_t kResultSize = 96;

bool Has(const JsonObject& object, std::string_view name) {
  const JsonValue* const found = object.Find(name);
  return found != nullptr && !found->is_null() && !(found->is_text() && found->text.empty());
}

bool HasText(const JsonObject& object, std::string_view name) {
  const JsonValue* const found = object.Find(name);
  return found != nullptr && found->is_text();
}

// Vault's words for what its decoder does not take; it counts them as its own failure.
HttpResponse NotParsed(std::string_view required) {
  return VaultErrors(500, "1 error occurred:\n\t* failed to parse batch input: '" +
                              std::string(required) + "' of each item must be a string\n\n");
}

std::string MissingWords(std::string_view required) {
  if (required == "plaintext") return "missing plaintext to encrypt";
  if (required == "ciphertext") return "missing ciphertext to decrypt";
  return "missing " + std::string(required) + " for HMAC";
}

void WriteVaultText(const VaultItem& item, JsonWriter* out) {
  out->Raw("\"vault:v").Number(item.key_version).Raw(":").Base64Of(item.result).Raw("\"");
}

// The members of an item that succeeded.
void WriteResult(const VaultItem& item, VaultBatch::Kind kind, JsonWriter* out) {
  switch (kind) {
    case VaultBatch::Kind::kSealed:
    case VaultBatch::Kind::kRewrapped:
      out->Raw("\"ciphertext\":");
      WriteVaultText(item, out);
      out->Raw(",\"key_version\":").Number(item.key_version);
      return;
    case VaultBatch::Kind::kOpened:
      out->Raw("\"plaintext\":\"").Base64Of(item.result).Raw("\"");
      return;
    case VaultBatch::Kind::kMac:
      out->Raw("\"hmac\":");
      return WriteVaultText(item, out);
    case VaultBatch::Kind::kVerified:
      out->Raw(item.valid ? "\"valid\":true" : "\"valid\":false");
      return;
  }
}

// What failed says why; where plaintext was asked for, there is none.
void WriteItem(const VaultItem& item, VaultBatch::Kind kind, JsonWriter* out) {
  out->Raw("{");
  if (item.status.ok()) {
    WriteResult(item, kind, out);
  } else {
    out->Raw("\"error\":").Text(VaultWords(item.status));
    if (kind == VaultBatch::Kind::kOpened) out->Raw(",\"plaintext\":\"\"");
  }
  bool ok = true;
  out->Raw(",\"reference\":").Text(item.in.TextOf("reference", &ok)).Raw("}");
}

}  // namespace

void VaultContext::AddTo(google::protobuf::RepeatedPtrField<v1::ContextEntry>* out) const {
  for (const ContextEntry& entry : entries()) {
    v1::ContextEntry* const added = out->Add();
    added->set_name(entry.name.data(), entry.name.size());
    added->set_value(entry.value.data(), entry.value.size());
  }
}

VaultBatch::~VaultBatch() { WipeText(&decoded_); }

std::optional<HttpResponse> VaultBatch::Read(VaultCall& call, std::string_view required,
                                             VaultBatch* batch) {
  const JsonValue* const given = call.body.Find("batch_input");
  if (given != nullptr && !given->is_null()) return batch->ReadItems(call, *given, required);
  if (!HasText(call.body, required)) return VaultErrors(400, MissingWords(required));
  ReadOne(call, batch);
  return std::nullopt;
}

void VaultBatch::ReadOne(const VaultCall& call, VaultBatch* batch) {
  batch->decoded_.reserve(MaxBase64Bytes(call.json.size()));  // all of its base64 at most
  batch->items_.emplace_back().in = call.body;
}

std::optional<HttpResponse> VaultBatch::ReadItems(VaultCall& call, const JsonValue& given,
                                                  std::string_view required) {
  is_batch_ = true;
  decoded_.reserve(MaxBase64Bytes(call.json.size()));
  if (given.kind != JsonValue::Kind::kArray) return NotParsed(required);
  const size_t count = call.json.SizeOf(given);
  if (count == 0) return VaultErrors(400, "missing batch input to process");
  if (count > kMostItems) return VaultErrors(400, "batch_input has more than 10,000 items");
  if (auto refusal = ReadStatus(call)) return refusal;
  call.items = count;
  const bool strict = required == "plaintext" || call.parts[0] == "decrypt";
  bool any_context = false, any_without = false;
  std::vector<JsonObject> objects;
  if (!call.json.ReadObjects(given, &objects)) return NotParsed(required);
  items_.reserve(objects.size());
  for (const JsonObject& object : objects) {
    VaultItem& item = items_.emplace_back();
    item.in = object;
    if (!HasText(object, required)) {
      if (strict) return NotParsed(required);
      item.status = InvalidField(required, MissingWords(required));
    }
    (Has(object, "context") ? any_context : any_without) = true;
  }
  if (any_context && any_without) {
    return VaultErrors(400, "context should be set either in all the request blocks or in none");
  }
  return std::nullopt;
}

std::optional<HttpResponse> VaultBatch::ReadStatus(const VaultCall& call) {
  bool ok = true;
  const int64_t asked = call.body.NumberOf("partial_failure_response_code", 0, &ok);
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

std::vector<VaultItem*> VaultBatch::Open() {
  std::vector<VaultItem*> open;
  open.reserve(items_.size());
  for (VaultItem& item : items_) {
    if (item.status.ok() && !item.done) open.push_back(&item);
  }
  return open;
}

void VaultBatch::FailRest(const absl::Status& status) {
  for (VaultItem* const item : Open()) item->status = status;
}

bool VaultBatch::Decode(const JsonObject& item, std::string_view name, std::string_view* bytes) {
  bool ok = true;
  const std::string_view text = item.TextOf(name, &ok);
  return ok && Decode(text, bytes);
}

bool VaultBatch::Decode(std::string_view base64, std::string_view* bytes) {
  const size_t before = decoded_.size();
  // A member is decoded twice by nobody; this is for a bug's sake, since views would dangle.
  if (decoded_.capacity() - before < MaxBase64Bytes(base64.size())) return false;
  decoded_.resize(before + MaxBase64Bytes(base64.size()));
  const std::optional<size_t> size =
      DecodeBase64(Base64::kPadded, AsBytes(base64), AsMutableBytes(decoded_).subspan(before));
  // What is cut off may be part of a value.
  Wipe(AsMutableBytes(decoded_).subspan(before + size.value_or(0)));
  decoded_.resize(before + size.value_or(0));
  *bytes = std::string_view(decoded_).substr(before);
  return size.has_value();
}

absl::Status VaultBatch::DecodeContext(VaultItem* item) {
  struct Member {
    std::string_view name;
    std::string_view entry;
  };
  // In the order of canonical contexts.
  static constexpr Member kMembers[] = {{"associated_data", "vault.aad"},
                                        {"context", "vault.context"}};
  absl::Status failed;
  for (const Member& member : kMembers) {
    std::string_view bytes;
    if (!Decode(item->in, member.name, &bytes)) {
      failed = InvalidField(member.name, "failed to base64-decode " + std::string(member.name));
    } else if (bytes.size() > kMaxContextValueSize) {
      failed = InvalidField(member.name, std::string(member.name) + " is above 4,096 bytes");
    } else if (!bytes.empty()) {
      item->context.room[item->context.count++] = {member.entry, bytes};
    }
  }
  return failed;
}

int VaultBatch::StatusOf(const VaultCall& call, Kind kind) const {
  if ((kind != Kind::kSealed && kind != Kind::kOpened) || call.failed == 0) return 200;
  if (call.failed < items_.size() && partial_status_ != 0) return partial_status_;
  const bool user = std::any_of(items_.begin(), items_.end(), [](const VaultItem& item) {
    return !item.status.ok() && IsUserError(item.status);
  });
  return user ? 400 : 500;
}

HttpResponse VaultBatch::Answer(VaultCall& call, Kind kind) {
  size_t size = kVaultDataSize;
  for (const VaultItem& item : items_) {
    size += kResultSize + Base64Size(Base64::kPadded, item.result.size());
    if (item.status.ok()) continue;
    ++call.failed;
    if (kind == Kind::kRewrapped && !IsUserError(item.status)) return VaultFailure(item.status);
  }
  if (!is_batch_ && !items_.front().status.ok()) return VaultFailure(items_.front().status);
  JsonWriter out(size);
  BeginVaultData(&out);
  if (!is_batch_) {
    out.Raw("{");
    WriteResult(items_.front(), kind, &out);
    out.Raw("}");
    return EndVaultData(&out);
  }
  const char* before = "{\"batch_results\":[";
  for (const VaultItem& item : items_) {
    out.Raw(before);
    WriteItem(item, kind, &out);
    before = ",";
  }
  out.Raw("]}");
  return EndVaultData(&out, StatusOf(call, kind));
}

}  // namespace fieldkms::shim
