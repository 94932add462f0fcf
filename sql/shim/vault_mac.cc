// transit/hmac, verify, datakey and random.
#include <charconv>
#include <utility>

#include "clients/cpp/wipe.h"
#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/status.h"
#include "crypto/wiped_string.h"
#include "sql/shim/vault_batch.h"
#include "sql/shim/vault_ciphertext.h"
#include "sql/shim/vault_companion.h"
#include "sql/shim/vault_send.h"

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
  std::string_view algorithm = call.body.TextOf("algorithm", &ok);
  if (algorithm.empty()) algorithm = call.body.TextOf("hash_algorithm", &ok);
  if (call.parts.size() > 2) algorithm = call.parts[2];
  return ok && (algorithm.empty() || algorithm == "sha2-256");
}

HttpResponse UnknownAlgorithm() {
  return VaultErrors(400, "unsupported algorithm: sha2-256 is the one that there is");
}

absl::Status ReadInput(VaultBatch& batch, VaultItem* item) {
  if (batch.Decode(item->in, "input", &item->bytes)) return absl::OkStatus();
  return InvalidField("input", "unable to decode input as base64: illegal base64 data");
}

absl::Status ReadMac(VaultItem* item) {
  bool ok = true;
  FIELDKMS_ASSIGN_OR_RETURN(VaultText mac, ParseVaultText(item->in.TextOf("hmac", &ok)));
  item->mac = std::move(mac.bytes);
  return absl::OkStatus();
}

// One call: its request is begun, write(item, out) puts an item into it, send(request) sends it,
// and take(result, item) takes what came of it.
template <class Request, class Write, class Send, class Take>
HttpResponse RunMacs(VaultCall& call, VaultBatch::Kind kind, Write write, Send send, Take take) {
  const bool verifies = kind == VaultBatch::Kind::kVerified;
  if (!call.May(verifies ? Action::kMacVerify : Action::kMacCompute, call.key)) {
    return VaultErrors(403, "permission denied");
  }
  if (!IsKnownAlgorithm(call)) return UnknownAlgorithm();
  VaultBatch batch;
  if (auto refusal = VaultBatch::Read(call, "input", &batch)) return *std::move(refusal);
  const absl::StatusOr<std::string> key = MacKey(call);
  if (!key.ok()) return VaultFailure(key.status());
  for (VaultItem* const item : batch.Open()) {
    item->status = ReadInput(batch, item);
    if (item->status.ok() && verifies) item->status = ReadMac(item);
  }
  Request request;
  request.set_tenant(call.tenant());
  request.set_key(*key);
  SendOpenItems(batch, &request, write, send, take);
  return batch.Answer(call, kind);
}

absl::StatusOr<int64_t> RandomSize(const VaultCall& call) {
  bool ok = true;
  int64_t size = call.body.NumberOf("bytes", 32, &ok);
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
  using Request = v1::BatchComputeMacRequest;
  return RunMacs<Request>(
      call, VaultBatch::Kind::kMac,
      [](const VaultItem& item, Request::Item* out) {
        out->set_data(item.bytes.data(), item.bytes.size());
      },
      [&](const Request& ready) { return call.backend.client().BatchComputeMac(ready); },
      [](const auto& result, VaultItem* item) {
        item->key_version = result.key_version();
        item->result = result.mac();
      });
}

HttpResponse VaultVerify(VaultCall& call) {
  using Request = v1::BatchVerifyMacRequest;
  return RunMacs<Request>(
      call, VaultBatch::Kind::kVerified,
      [](const VaultItem& item, Request::Item* out) {
        out->set_data(item.bytes.data(), item.bytes.size());
        out->set_mac(item.mac);
      },
      [&](const Request& ready) { return call.backend.client().BatchVerifyMac(ready); },
      [](const auto& result, VaultItem* item) { item->valid = result.valid(); });
}

HttpResponse VaultDatakey(VaultCall& call) {
  if (!call.May(Action::kDataKeyGenerate, call.key)) return VaultErrors(403, "permission denied");
  const bool shown = call.parts[1] == "plaintext";
  if (!shown && call.parts[1] != "wrapped") {
    return VaultErrors(400, "Invalid path, must be 'plaintext' or 'wrapped'");
  }
  bool ok = true;
  const int64_t bits = call.body.NumberOf("bits", 256, &ok);
  if (!ok || (bits != 128 && bits != 256 && bits != 512)) {
    return VaultErrors(400, "invalid bit length");
  }
  v1::GenerateDataKeyRequest request;
  request.set_tenant(call.tenant());
  request.set_key(call.key);
  request.set_size(static_cast<uint32_t>(bits / 8));
  VaultBatch batch;
  VaultBatch::ReadOne(call, &batch);
  VaultItem& one = batch.items().front();
  if (const absl::Status read = batch.DecodeContext(&one); !read.ok()) return VaultFailure(read);
  one.context.AddTo(request.mutable_context());
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
  const std::string_view format = call.body.TextOf("format", &ok);
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
