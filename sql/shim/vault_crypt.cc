// transit/encrypt, decrypt and rewrap.
#include <utility>

#include "clients/cpp/rpc_status.h"
#include "clients/cpp/wipe.h"
#include "crypto/envelope.h"
#include "crypto/names.h"
#include "crypto/status.h"
#include "sql/shim/local_work.h"
#include "sql/shim/vault_batch.h"
#include "sql/shim/vault_ciphertext.h"
#include "sql/shim/vault_send.h"

namespace fieldkms::shim {
namespace {

absl::Status BadCiphertext(std::string_view words) { return InvalidField("ciphertext", words); }

// A version that is asked for must be the one that seals.
absl::Status CheckVersion(const VaultItem& item, const v1::Key& key) {
  bool ok = true;
  const int64_t version = item.in.NumberOf("key_version", 0, &ok);
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
    if (item.in.NumberOf("key_version", 0, &ok) != 0 || !ok) return true;
  }
  return false;
}

absl::Status ReadPlaintext(VaultBatch& batch, VaultItem* item) {
  bool ok = true;
  if (!item->in.TextOf("nonce", &ok).empty() || !ok) {
    return InvalidField("nonce", "provided nonce not allowed for this key");
  }
  if (!batch.Decode(item->in, "plaintext", &item->bytes)) {
    return InvalidField("plaintext", "failed to base64-decode plaintext");
  }
  return batch.DecodeContext(item);
}

// The envelope of an item, which says the same version as the text around it.
absl::Status ReadCiphertext(VaultBatch& batch, VaultItem* item) {
  bool ok = true;
  FIELDKMS_ASSIGN_OR_RETURN(const VaultTextView text,
                            SplitVaultText(item->in.TextOf("ciphertext", &ok)));
  if (!batch.Decode(text.base64, &item->bytes)) return UndecodedVaultText();
  const absl::StatusOr<EnvelopeView> view = ParseEnvelope(AsBytes(item->bytes));
  if (!view.ok() || view->header.version != text.version) {
    return DecryptError(Reason::kDecryptFailed);
  }
  return batch.DecodeContext(item);
}

// Vault tells why a version is not opened; we look only where something did not open.
void ExplainVersions(VaultCall& call, VaultBatch& batch) {
  absl::StatusOr<v1::Key> key = absl::UnknownError("");
  for (VaultItem& item : batch.items()) {
    const Reason reason = ReasonOf(item.status);
    if (reason != Reason::kDecryptFailed && reason != Reason::kKeyState) continue;
    bool ok = true;
    const absl::StatusOr<VaultTextView> text = SplitVaultText(item.in.TextOf("ciphertext", &ok));
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

// Seals or opens with leases what can be.
void RunLocally(VaultCall& call, LocalUse::Operation operation, VaultBatch& batch) {
  LeasableKey* const key = call.backend.Leasable(call.tenant(), call.key);
  if (key == nullptr) return;
  const std::vector<VaultItem*> open = batch.Open();
  const auto work = std::make_shared<LocalWork>(
      *key, operation, open.size(), [open](size_t index, LocalInput* input) {
        const std::span<const ContextEntry> context = open[index]->context.entries();
        input->bytes = open[index]->bytes;
        input->context.assign(context.begin(), context.end());
        return absl::OkStatus();
      });
  batch.Keep(work);
  work->WorkThroughAll();
  for (size_t i = 0; i < open.size(); ++i) {
    const LocalOutcome& outcome = work->outcome(i);
    if (!outcome.status) continue;
    open[i]->done = true;
    open[i]->status = *outcome.status;
    open[i]->key_version = outcome.key_version;
    open[i]->result = work->value(i);
  }
  call.local = work->tally();
}

}  // namespace

HttpResponse VaultEncrypt(VaultCall& call) {
  if (!call.May(Action::kEncrypt, call.key)) return VaultErrors(403, "permission denied");
  VaultBatch batch;
  if (auto refusal = VaultBatch::Read(call, "plaintext", &batch)) return *std::move(refusal);
  const bool asks_for_version = AsksForVersion(batch);
  if (asks_for_version) {
    const absl::StatusOr<v1::Key> key = GetVaultKey(call);
    if (!key.ok()) return VaultFailure(key.status());
    for (VaultItem& item : batch.items()) item.status = CheckVersion(item, *key);
  }
  for (VaultItem* const item : batch.Open()) item->status = ReadPlaintext(batch, item);
  // After a rotation a lease may be of the version before it.
  if (!asks_for_version) RunLocally(call, LocalUse::Operation::kEncrypt, batch);
  v1::BatchEncryptRequest request;
  request.set_tenant(call.tenant());
  request.set_key(call.key);
  SendOpenItems(
      batch, &request,
      [](const VaultItem& item, v1::BatchEncryptRequest::Item* out) {
        out->set_plaintext(item.bytes.data(), item.bytes.size());
        item.context.AddTo(out->mutable_context());
      },
      [&](const auto& ready) { return call.backend.client().BatchEncrypt(ready); },
      [](const auto& result, VaultItem* item) {
        item->key_version = result.key_version();
        item->result = result.ciphertext();
      });
  return batch.Answer(call, VaultBatch::Kind::kSealed);
}

HttpResponse VaultDecrypt(VaultCall& call) {
  if (!call.May(Action::kDecrypt, call.key)) return VaultErrors(403, "permission denied");
  VaultBatch batch;
  if (auto refusal = VaultBatch::Read(call, "ciphertext", &batch)) return *std::move(refusal);
  for (VaultItem* const item : batch.Open()) item->status = ReadCiphertext(batch, item);
  RunLocally(call, LocalUse::Operation::kDecrypt, batch);
  v1::BatchDecryptRequest request;
  request.set_tenant(call.tenant());
  request.set_key(call.key);
  SendOpenItems(
      batch, &request,
      [](const VaultItem& item, v1::BatchDecryptRequest::Item* out) {
        out->set_ciphertext(item.bytes.data(), item.bytes.size());
        item.context.AddTo(out->mutable_context());
      },
      [&](const auto& ready) { return call.backend.client().BatchDecrypt(ready); },
      [](const auto& result, VaultItem* item) { item->result = result.plaintext(); });
  ExplainVersions(call, batch);
  return batch.Answer(call, VaultBatch::Kind::kOpened);
}

HttpResponse VaultRewrap(VaultCall& call) {
  if (!call.May(Action::kRewrap, call.key)) return VaultErrors(403, "permission denied");
  VaultBatch batch;
  if (auto refusal = VaultBatch::Read(call, "ciphertext", &batch)) return *std::move(refusal);
  // The service rewraps from any key that the shim may use; here it must be the one that is named.
  const absl::StatusOr<v1::Key> key = GetVaultKey(call);
  if (!key.ok()) return VaultFailure(key.status());
  for (VaultItem* const item : batch.Open()) {
    item->status = CheckVersion(*item, *key);
    if (item->status.ok()) item->status = ReadCiphertext(batch, item);
    if (!item->status.ok()) continue;
    const auto view = ParseEnvelope(AsBytes(item->bytes));
    if (!view.ok() || FormatKeyId(view->header.key_id) != key->key_id()) {
      item->status = DecryptError(Reason::kDecryptFailed);
    }
  }
  v1::BatchRewrapRequest request;
  request.set_tenant(call.tenant());
  request.set_destination_key(call.key);
  SendOpenItems(
      batch, &request,
      [](const VaultItem& item, v1::BatchRewrapRequest::Item* out) {
        out->set_ciphertext(item.bytes.data(), item.bytes.size());
        item.context.AddTo(out->mutable_context());
      },
      [&](const auto& ready) { return call.backend.client().BatchRewrap(ready); },
      [](const auto& result, VaultItem* item) {
        item->key_version = result.key_version();
        item->result = result.ciphertext();
      });
  ExplainVersions(call, batch);
  return batch.Answer(call, VaultBatch::Kind::kRewrapped);
}

}  // namespace fieldkms::shim
