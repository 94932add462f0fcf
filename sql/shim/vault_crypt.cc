// transit/encrypt, decrypt and rewrap.
#include <utility>

#include "clients/cpp/rpc_status.h"
#include "clients/cpp/wipe.h"
#include "crypto/envelope.h"
#include "crypto/names.h"
#include "crypto/status.h"
#include "sql/shim/vault_batch.h"
#include "sql/shim/vault_ciphertext.h"

namespace fieldkms::shim {
namespace {

absl::Status BadCiphertext(std::string_view words) { return InvalidField("ciphertext", words); }

// A version that is asked for must be the one that seals.
absl::Status CheckVersion(const VaultItem& item, const v1::Key& key) {
  bool ok = true;
  const int64_t version = NumberOf(*item.in, "key_version", 0, &ok);
  if (!ok || version < 0) return InvalidField("key_version", "key_version must be a number");
  if (version == 0 || version == key.primary_version()) return absl::OkStatus();
  return InvalidField("key_version",
                      version > key.primary_version()
                          ? "requested version for encryption is higher than the latest key version"
                          : "requested version for encryption is less than the minimum encryption "
                            "key version");
}

bool AsksForVersion(VaultBatch& batch) {
  for (const VaultItem& item : batch.items()) {
    bool ok = true;
    if (NumberOf(*item.in, "key_version", 0, &ok) != 0 || !ok) return true;
  }
  return false;
}

absl::Status ReadPlaintext(const VaultItem& item, v1::BatchEncryptRequest::Item* out) {
  bool ok = true;
  if (!TextOf(*item.in, "nonce", &ok).empty() || !ok) {
    return InvalidField("nonce", "provided nonce not allowed for this key");
  }
  const Json& text = item.in->at("plaintext");
  if (!DecodeVaultBase64(text.get_ref<const std::string&>(), out->mutable_plaintext())) {
    return InvalidField("plaintext", "failed to base64-decode plaintext");
  }
  return SetVaultContext(*item.in, out->mutable_context());
}

// The envelope of an item, which says the same version as the text around it.
absl::Status ReadCiphertext(const VaultItem& item, std::string* envelope) {
  const Json& text = item.in->at("ciphertext");
  FIELDKMS_ASSIGN_OR_RETURN(VaultText parsed, ParseVaultText(text.get_ref<const std::string&>()));
  const absl::StatusOr<EnvelopeView> view = ParseEnvelope(AsBytes(parsed.bytes));
  if (!view.ok() || view->header.version != parsed.version) {
    return DecryptError(Reason::kDecryptFailed);
  }
  *envelope = std::move(parsed.bytes);
  return absl::OkStatus();
}

// Vault tells why a version is not opened; we look only where something did not open.
void ExplainVersions(VaultCall& call, VaultBatch& batch) {
  absl::StatusOr<v1::Key> key = absl::UnknownError("");
  for (VaultItem& item : batch.items()) {
    const Reason reason = ReasonOf(item.status);
    if (reason != Reason::kDecryptFailed && reason != Reason::kKeyState) continue;
    bool ok = true;
    const absl::StatusOr<VaultText> text = ParseVaultText(TextOf(*item.in, "ciphertext", &ok));
    if (!text.ok()) continue;
    if (!key.ok() && absl::IsUnknown(key.status())) key = GetVaultKey(call);
    if (!key.ok()) return;
    if (text->version > key->primary_version()) {
      item.status = BadCiphertext("invalid ciphertext: version is too new");
    } else if (text->version < key->min_decrypt_version()) {
      item.status =
          BadCiphertext("ciphertext or signature version is disallowed by policy (too old)");
    }
  }
}

// Sends the items that are well so far, and hands each its result.
template <class Response, class Request, class Read, class Send, class Take>
void RunItems(VaultBatch& batch, Request* request, Read read, Send send, Take take) {
  const WipeGuard wipe(request);
  std::vector<VaultItem*> sent;
  for (VaultItem& item : batch.items()) {
    if (!item.status.ok()) continue;
    item.status = read(item, request->add_items());
    if (item.status.ok()) {
      sent.push_back(&item);
    } else {
      request->mutable_items()->RemoveLast();
    }
  }
  if (sent.empty()) return;
  absl::StatusOr<Response> response = send(*request);
  if (!response.ok()) return batch.FailRest(response.status());
  const WipeGuard guard(&*response);
  for (size_t i = 0; i < sent.size() && i < static_cast<size_t>(response->results_size()); ++i) {
    const auto& result = response->results(static_cast<int>(i));
    sent[i]->status = StatusOfItem(result.error());
    if (sent[i]->status.ok()) take(result, &sent[i]->out);
  }
  batch.FailRest(Bug("the service answered a batch with fewer results than items"));
}

}  // namespace

HttpResponse VaultEncrypt(VaultCall& call) {
  if (!call.May(Action::kEncrypt, call.key)) return VaultErrors(403, "permission denied");
  VaultBatch batch;
  if (auto refusal = VaultBatch::Read(call, "plaintext", &batch)) return *std::move(refusal);
  if (AsksForVersion(batch)) {
    const absl::StatusOr<v1::Key> key = GetVaultKey(call);
    if (!key.ok()) return VaultFailure(key.status());
    for (VaultItem& item : batch.items()) item.status = CheckVersion(item, *key);
  }
  v1::BatchEncryptRequest request;
  request.set_tenant(call.tenant());
  request.set_key(call.key);
  RunItems<v1::BatchEncryptResponse>(
      batch, &request, ReadPlaintext,
      [&](const auto& ready) { return call.backend.client().BatchEncrypt(ready); },
      [](const auto& result, Json* out) {
        *out = {{"ciphertext", FormatVaultText(result.key_version(), result.ciphertext())},
                {"key_version", result.key_version()}};
      });
  return batch.Answer(call, VaultBatch::Rule::kStatus);
}

HttpResponse VaultDecrypt(VaultCall& call) {
  if (!call.May(Action::kDecrypt, call.key)) return VaultErrors(403, "permission denied");
  VaultBatch batch;
  if (auto refusal = VaultBatch::Read(call, "ciphertext", &batch)) return *std::move(refusal);
  v1::BatchDecryptRequest request;
  request.set_tenant(call.tenant());
  request.set_key(call.key);
  RunItems<v1::BatchDecryptResponse>(
      batch, &request,
      [](const VaultItem& item, v1::BatchDecryptRequest::Item* out) {
        FIELDKMS_RETURN_IF_ERROR(ReadCiphertext(item, out->mutable_ciphertext()));
        return SetVaultContext(*item.in, out->mutable_context());
      },
      [&](const auto& ready) { return call.backend.client().BatchDecrypt(ready); },
      [](const auto& result, Json* out) {
        *out = {{"plaintext", VaultBase64(result.plaintext())}};
      });
  ExplainVersions(call, batch);
  return batch.Answer(call, VaultBatch::Rule::kStatus, "plaintext");
}

HttpResponse VaultRewrap(VaultCall& call) {
  if (!call.May(Action::kRewrap, call.key)) return VaultErrors(403, "permission denied");
  VaultBatch batch;
  if (auto refusal = VaultBatch::Read(call, "ciphertext", &batch)) return *std::move(refusal);
  // The service rewraps from any key that the shim may use; here it must be the one that is named.
  const absl::StatusOr<v1::Key> key = GetVaultKey(call);
  if (!key.ok()) return VaultFailure(key.status());
  v1::BatchRewrapRequest request;
  request.set_tenant(call.tenant());
  request.set_destination_key(call.key);
  RunItems<v1::BatchRewrapResponse>(
      batch, &request,
      [&](const VaultItem& item, v1::BatchRewrapRequest::Item* out) {
        FIELDKMS_RETURN_IF_ERROR(CheckVersion(item, *key));
        FIELDKMS_RETURN_IF_ERROR(ReadCiphertext(item, out->mutable_ciphertext()));
        const auto view = ParseEnvelope(AsBytes(out->ciphertext()));
        if (!view.ok() || FormatKeyId(view->header.key_id) != key->key_id()) {
          return DecryptError(Reason::kDecryptFailed);
        }
        return SetVaultContext(*item.in, out->mutable_context());
      },
      [&](const auto& ready) { return call.backend.client().BatchRewrap(ready); },
      [](const auto& result, Json* out) {
        *out = {{"ciphertext", FormatVaultText(result.key_version(), result.ciphertext())},
                {"key_version", result.key_version()}};
      });
  ExplainVersions(call, batch);
  return batch.Answer(call, VaultBatch::Rule::kUserOk);
}

}  // namespace fieldkms::shim
