// transit/hmac, verify, datakey and random.
#include <charconv>
#include <utility>

#include "clients/cpp/rpc_status.h"
#include "clients/cpp/wipe.h"
#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/status.h"
#include "crypto/wiped_string.h"
#include "sql/shim/vault_batch.h"
#include "sql/shim/vault_ciphertext.h"
#include "sql/shim/vault_companion.h"

namespace fieldkms::shim {
namespace {

constexpr int64_t kMostRandom = 128 << 10;  // Vault's limit
constexpr int64_t kRandomPart = 4'096;      // ours, of a call

// The key that makes MACs for `call.key`: itself, or its companion.
absl::StatusOr<std::string> MacKey(VaultCall& call) {
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Key key, GetVaultKey(call));
  if (key.purpose() == v1::KEY_PURPOSE_MAC) return call.key;
  return FindCompanion(call);
}

// Of the path, or of the body: "sha2-256" is the only one there is.
bool IsKnownAlgorithm(const VaultCall& call) {
  bool ok = true;
  std::string algorithm = TextOf(call.body, "algorithm", &ok);
  if (algorithm.empty()) algorithm = TextOf(call.body, "hash_algorithm", &ok);
  if (call.parts.size() > 2) algorithm = call.parts[2];
  return ok && (algorithm.empty() || algorithm == "sha2-256");
}

HttpResponse UnknownAlgorithm() {
  return VaultErrors(400, "unsupported algorithm: sha2-256 is the one that there is");
}

absl::Status ReadInput(const VaultItem& item, std::string* input) {
  bool ok = true;
  const WipedString text(TextOf(*item.in, "input", &ok));
  if (!ok || !DecodeVaultBase64(*text, input)) {
    return InvalidField("input", "unable to decode input as base64: illegal base64 data");
  }
  return absl::OkStatus();
}

absl::Status ReadMacItem(VaultItem& item, v1::BatchVerifyMacRequest::Item* out) {
  FIELDKMS_RETURN_IF_ERROR(ReadInput(item, out->mutable_data()));
  bool ok = true;
  FIELDKMS_ASSIGN_OR_RETURN(VaultText mac, ParseVaultText(TextOf(*item.in, "hmac", &ok)));
  *out->mutable_mac() = std::move(mac.bytes);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> RandomSize(const VaultCall& call) {
  bool ok = true;
  int64_t size = NumberOf(call.body, "bytes", 32, &ok);
  // random, random/32, random/platform, random/platform/32
  const std::string& last = call.parts.back();
  int64_t in_path = 0;
  const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), in_path);
  if (error == std::errc() && end == last.data() + last.size()) size = in_path;
  if (!ok || size < 1) return InvalidField("bytes", "\"bytes\" cannot be less than 1");
  if (size > kMostRandom) return InvalidField("bytes", "\"bytes\" should be less than 131072");
  return size;
}

}  // namespace

HttpResponse VaultHmac(VaultCall& call) {
  if (!call.May(Action::kMacCompute, call.key)) return VaultErrors(403, "permission denied");
  if (!IsKnownAlgorithm(call)) return UnknownAlgorithm();
  VaultBatch batch;
  if (auto refusal = VaultBatch::Read(call, "input", &batch)) return *std::move(refusal);
  const absl::StatusOr<std::string> key = MacKey(call);
  if (!key.ok()) return VaultFailure(key.status());
  v1::BatchComputeMacRequest request;
  const WipeGuard wipe(&request);
  request.set_tenant(call.tenant());
  request.set_key(*key);
  std::vector<VaultItem*> sent;
  for (VaultItem& item : batch.items()) {
    if (!item.status.ok()) continue;
    std::string input;
    item.status = ReadInput(item, &input);
    if (!item.status.ok()) continue;
    *request.add_items()->mutable_data() = std::move(input);
    sent.push_back(&item);
  }
  const auto response = call.backend.client().BatchComputeMac(request);
  if (!response.ok()) {
    batch.FailRest(response.status());
    return batch.Answer(call, VaultBatch::Rule::kAlwaysOk);
  }
  for (size_t i = 0; i < sent.size() && i < static_cast<size_t>(response->results_size()); ++i) {
    const auto& result = response->results(static_cast<int>(i));
    sent[i]->status = StatusOfItem(result.error());
    if (!sent[i]->status.ok()) continue;
    sent[i]->out = {{"hmac", FormatVaultText(result.key_version(), result.mac())}};
  }
  return batch.Answer(call, VaultBatch::Rule::kAlwaysOk);
}

HttpResponse VaultVerify(VaultCall& call) {
  if (!call.May(Action::kMacVerify, call.key)) return VaultErrors(403, "permission denied");
  if (!IsKnownAlgorithm(call)) return UnknownAlgorithm();
  VaultBatch batch;
  if (auto refusal = VaultBatch::Read(call, "input", &batch)) return *std::move(refusal);
  const absl::StatusOr<std::string> key = MacKey(call);
  if (!key.ok()) return VaultFailure(key.status());
  v1::BatchVerifyMacRequest request;
  const WipeGuard wipe(&request);
  request.set_tenant(call.tenant());
  request.set_key(*key);
  std::vector<VaultItem*> sent;
  for (VaultItem& item : batch.items()) {
    if (!item.status.ok()) continue;
    item.status = ReadMacItem(item, request.add_items());
    if (item.status.ok()) {
      sent.push_back(&item);
    } else {
      request.mutable_items()->RemoveLast();
    }
  }
  const auto response = call.backend.client().BatchVerifyMac(request);
  if (!response.ok()) {
    batch.FailRest(response.status());
    return batch.Answer(call, VaultBatch::Rule::kAlwaysOk);
  }
  for (size_t i = 0; i < sent.size() && i < static_cast<size_t>(response->results_size()); ++i) {
    const auto& result = response->results(static_cast<int>(i));
    sent[i]->status = StatusOfItem(result.error());
    if (sent[i]->status.ok()) sent[i]->out = {{"valid", result.valid()}};
  }
  return batch.Answer(call, VaultBatch::Rule::kAlwaysOk);
}

HttpResponse VaultDatakey(VaultCall& call) {
  if (!call.May(Action::kDataKeyGenerate, call.key)) return VaultErrors(403, "permission denied");
  const bool shown = call.parts[1] == "plaintext";
  if (!shown && call.parts[1] != "wrapped") {
    return VaultErrors(400, "Invalid path, must be 'plaintext' or 'wrapped'");
  }
  bool ok = true;
  const int64_t bits = NumberOf(call.body, "bits", 256, &ok);
  if (!ok || (bits != 128 && bits != 256 && bits != 512)) {
    return VaultErrors(400, "invalid bit length");
  }
  v1::GenerateDataKeyRequest request;
  request.set_tenant(call.tenant());
  request.set_key(call.key);
  request.set_size(static_cast<uint32_t>(bits / 8));
  const absl::Status context = SetVaultContext(call.body, request.mutable_context());
  if (!context.ok()) return VaultFailure(context);
  absl::StatusOr<v1::GenerateDataKeyResponse> response =
      call.backend.client().GenerateDataKey(request);
  if (!response.ok()) return VaultFailure(response.status());
  const WipeGuard wipe(&*response);
  Json data = {{"ciphertext", FormatVaultText(response->key_version(), response->ciphertext())},
               {"key_version", response->key_version()}};
  if (shown) data["plaintext"] = VaultBase64(response->plaintext());
  return VaultData(std::move(data));
}

HttpResponse VaultRandom(VaultCall& call) {
  if (!call.May(Action::kRandomGenerate, "")) return VaultErrors(403, "permission denied");
  const absl::StatusOr<int64_t> size = RandomSize(call);
  if (!size.ok()) return VaultFailure(size.status());
  bool ok = true;
  const std::string format = TextOf(call.body, "format", &ok);
  if (!ok || (!format.empty() && format != "base64" && format != "hex")) {
    return VaultErrors(400, "unsupported encoding format; must be \"hex\" or \"base64\"");
  }
  WipedString bytes;
  bytes->reserve(static_cast<size_t>(*size));
  while (static_cast<int64_t>(bytes->size()) < *size) {
    v1::GenerateRandomRequest request;
    request.set_size(
        static_cast<uint32_t>(std::min(kRandomPart, *size - static_cast<int64_t>(bytes->size()))));
    absl::StatusOr<v1::GenerateRandomResponse> part = call.backend.client().GenerateRandom(request);
    if (!part.ok()) return VaultFailure(part.status());
    const WipeGuard wipe(&*part);
    bytes->append(part->random());
  }
  return VaultData(
      {{"random_bytes", format == "hex" ? EncodeHex(AsBytes(*bytes)) : VaultBase64(*bytes)}});
}

}  // namespace fieldkms::shim
