// transit/keys: made, read, listed, configured, rotated, and destroyed where that is allowed.
#include <utility>

#include "crypto/names.h"
#include "crypto/status.h"
#include "sql/shim/vault_call.h"
#include "sql/shim/vault_ciphertext.h"
#include "sql/shim/vault_companion.h"

namespace fieldkms::shim {
namespace {

constexpr char kDeletionLabel[] = "vault.deletion-allowed";  // of keys that may be deleted
constexpr std::string_view kType = "aes256-gcm96";           // as Vault calls its default

bool MayBeDeleted(const v1::Key& key) {
  const auto label = key.labels().find(kDeletionLabel);
  return label != key.labels().end() && label->second == "true";
}

// Versions that are there, by number, with the seconds when they were made.
absl::StatusOr<Json> VersionsOf(VaultCall& call) {
  Json versions = Json::object();
  v1::ListKeyVersionsRequest request;
  request.set_tenant(call.tenant());
  request.set_name(call.key);
  request.set_page_size(1'000);
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListKeyVersionsResponse page,
                              call.backend.client().ListKeyVersions(request));
    for (const v1::KeyVersion& version : page.versions()) {
      if (version.state() == v1::KEY_VERSION_STATE_DESTROY_SCHEDULED ||
          version.state() == v1::KEY_VERSION_STATE_DESTROYED) {
        continue;
      }
      versions[std::to_string(version.version())] = version.create_time().seconds();
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return versions;
}

absl::StatusOr<Json> Describe(VaultCall& call, const v1::Key& key) {
  FIELDKMS_ASSIGN_OR_RETURN(Json versions, VersionsOf(call));
  const bool seals = key.purpose() == v1::KEY_PURPOSE_ENCRYPT;
  return Json{{"name", key.name()},
              {"type", seals ? kType : std::string_view("hmac")},
              {"keys", std::move(versions)},
              {"latest_version", key.primary_version()},
              {"min_available_version", 0},
              {"min_decryption_version", key.min_decrypt_version()},
              {"min_encryption_version", 0},
              {"auto_rotate_period", key.rotation_period().seconds()},
              {"deletion_allowed", MayBeDeleted(key)},
              {"exportable", key.exportable()},
              {"allow_plaintext_backup", false},
              {"derived", false},
              {"imported_key", false},
              {"supports_encryption", seals},
              {"supports_decryption", seals},
              {"supports_derivation", false},
              {"supports_signing", false}};
}

HttpResponse DescribeResponse(VaultCall& call, const v1::Key& key,
                              const std::vector<std::string>& warnings = {}) {
  absl::StatusOr<Json> data = Describe(call, key);
  if (!data.ok()) return VaultFailure(data.status());
  return VaultData(*std::move(data), 200, warnings);
}

// A duration as Vault takes it: seconds, or with a unit. False for what is none.
bool DurationOf(const JsonObject& body, std::string_view name, int64_t* seconds) {
  const JsonValue* const found = body.Find(name);
  if (found == nullptr || found->is_null()) return true;
  if (found->kind == JsonValue::Kind::kInteger) return (*seconds = found->number) >= 0;
  return found->is_text() && ParseVaultDuration(found->text, seconds);
}

// What a key of ours cannot be. "": it can.
std::string RefusedSettings(const JsonObject& body) {
  bool ok = true;
  if (body.FlagOf("derived", false, &ok) || body.FlagOf("convergent_encryption", false, &ok)) {
    return "derived keys and convergent encryption are not supported: give associated_data, or a "
           "context with each value";
  }
  if (body.FlagOf("allow_plaintext_backup", false, &ok)) {
    return "plaintext backup is not supported: keys leave the service wrapped only";
  }
  return ok ? std::string() : "a setting is not of the type that it must be";
}

absl::Status FillUpdate(const VaultCall& call, const v1::Key& key, v1::UpdateKeyRequest* request) {
  const JsonObject& body = call.body;
  bool ok = true;
  if (body.Find("min_decryption_version") != nullptr) {
    const int64_t version = body.NumberOf("min_decryption_version", 0, &ok);
    if (!ok || version < 0 || version > key.primary_version()) {
      return InvalidField("min_decryption_version",
                          "cannot set min decryption version of " + std::to_string(version) +
                              ", latest key version is " + std::to_string(key.primary_version()));
    }
    request->set_min_decrypt_version(static_cast<uint32_t>(std::max<int64_t>(1, version)));
    request->mutable_update_mask()->add_paths("min_decrypt_version");
  }
  const int64_t sealing = body.NumberOf("min_encryption_version", 0, &ok);
  if (sealing != 0 && sealing != key.primary_version()) {
    return InvalidField("min_encryption_version",
                        "min encryption version: the latest version is always the one that seals");
  }
  if (body.Find("auto_rotate_period") != nullptr) {
    int64_t seconds = 0;
    if (!DurationOf(body, "auto_rotate_period", &seconds)) {
      return InvalidField("auto_rotate_period", "auto rotate period must be a duration");
    }
    if (seconds > 0) request->mutable_rotation_period()->set_seconds(seconds);
    request->mutable_update_mask()->add_paths("rotation_period");
  }
  if (body.Find("deletion_allowed") != nullptr) {
    *request->mutable_labels() = key.labels();
    (*request->mutable_labels())[kDeletionLabel] =
        body.FlagOf("deletion_allowed", false, &ok) ? "true" : "false";
    request->mutable_update_mask()->add_paths("labels");
  }
  if (body.FlagOf("exportable", key.exportable(), &ok) != key.exportable()) {
    return InvalidField("exportable", "whether a key is exportable is fixed when it is made");
  }
  if (!ok) return InvalidField("config", "a setting is not of the type that it must be");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Key> GetVaultKey(VaultCall& call) {
  v1::GetKeyRequest request;
  request.set_tenant(call.tenant());
  request.set_name(call.key);
  return call.backend.client().GetKey(request);
}

HttpResponse VaultListKeys(VaultCall& call) {
  if (!call.asker.rules.AllowsSome(Action::kKeyRead, call.tenant())) {
    return VaultErrors(403, "permission denied");
  }
  Json names = Json::array();
  v1::ListKeysRequest request;
  request.set_tenant(call.tenant());
  request.set_page_size(1'000);
  do {
    const absl::StatusOr<v1::ListKeysResponse> page = call.backend.client().ListKeys(request);
    if (!page.ok()) return VaultFailure(page.status());
    for (const v1::Key& key : page->keys()) {
      if (IsCompanion(key) || !call.May(Action::kKeyRead, key.name())) continue;
      names.push_back(key.name());
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  if (names.empty()) return VaultErrors(404);
  return VaultData({{"keys", std::move(names)}});
}

HttpResponse VaultCreateKey(VaultCall& call) {
  if (!call.May(Action::kKeyCreate, call.key)) return VaultErrors(403, "permission denied");
  bool ok = true;
  const std::string_view type = call.body.TextOf("type", &ok);
  if (!ok || (!type.empty() && type != kType && type != "hmac")) {
    return VaultErrors(400, "unknown key type: aes256-gcm96 and hmac are those that there are");
  }
  if (const std::string refused = RefusedSettings(call.body); !refused.empty()) {
    return VaultErrors(400, refused);
  }
  int64_t period = 0;
  if (!DurationOf(call.body, "auto_rotate_period", &period)) {
    return VaultErrors(400, "auto rotate period must be a duration");
  }
  // Before the key is there, and not after: it would be one without MACs.
  if (type != "hmac") {
    if (const absl::Status free = CheckCompanionName(call); !free.ok()) return VaultFailure(free);
  }
  v1::CreateKeyRequest request;
  request.set_tenant(call.tenant());
  request.set_name(call.key);
  request.set_purpose(type == "hmac" ? v1::KEY_PURPOSE_MAC : v1::KEY_PURPOSE_ENCRYPT);
  request.set_exportable(call.body.FlagOf("exportable", false, &ok));
  if (period > 0) request.mutable_rotation_period()->set_seconds(period);
  absl::StatusOr<v1::Key> key = call.backend.client().CreateKey(request);
  std::vector<std::string> warnings;
  if (ReasonOf(key.status()) == Reason::kKeyExists) {
    key = GetVaultKey(call);
    warnings.push_back("key " + call.key + " already existed");
  }
  if (!key.ok()) return VaultFailure(key.status());
  if (key->purpose() == v1::KEY_PURPOSE_ENCRYPT) {
    if (const absl::Status made = MakeCompanion(call); !made.ok()) return VaultFailure(made);
  }
  return DescribeResponse(call, *key, warnings);
}

HttpResponse VaultReadKey(VaultCall& call) {
  if (!call.May(Action::kKeyRead, call.key)) return VaultErrors(403, "permission denied");
  const absl::StatusOr<v1::Key> key = GetVaultKey(call);
  if (ReasonOf(key.status()) == Reason::kKeyNotFound) return VaultErrors(404);
  if (!key.ok()) return VaultFailure(key.status());
  absl::StatusOr<Json> data = Describe(call, *key);
  if (!data.ok()) return VaultFailure(data.status());
  // One that waits for its destruction is gone, as far as Vault's clients can tell.
  if ((*data)["keys"].empty()) return VaultErrors(404);
  return VaultData(*std::move(data));
}

HttpResponse VaultConfigureKey(VaultCall& call) {
  if (!call.May(Action::kKeyUpdate, call.key)) return VaultErrors(403, "permission denied");
  const absl::StatusOr<v1::Key> key = GetVaultKey(call);
  if (ReasonOf(key.status()) == Reason::kKeyNotFound) {
    return VaultErrors(400, "no existing key named " + call.key + " could be found");
  }
  if (!key.ok()) return VaultFailure(key.status());
  if (const std::string refused = RefusedSettings(call.body); !refused.empty()) {
    return VaultErrors(400, refused);
  }
  v1::UpdateKeyRequest request;
  request.set_tenant(call.tenant());
  request.set_name(call.key);
  request.set_etag(key->etag());
  if (const absl::Status filled = FillUpdate(call, *key, &request); !filled.ok()) {
    return VaultFailure(filled);
  }
  if (request.update_mask().paths().empty()) return VaultEmpty();
  const absl::StatusOr<v1::Key> updated = call.backend.client().UpdateKey(request);
  if (!updated.ok()) return VaultFailure(updated.status());
  return DescribeResponse(call, *updated);
}

HttpResponse VaultRotateKey(VaultCall& call) {
  if (!call.May(Action::kKeyRotate, call.key)) return VaultErrors(403, "permission denied");
  const absl::StatusOr<std::string> companion = FindCompanion(call);
  if (!companion.ok() && ReasonOf(companion.status()) != Reason::kKeyNotFound) {
    return VaultFailure(companion.status());
  }
  v1::RotateKeyRequest request;
  request.set_tenant(call.tenant());
  request.set_name(call.key);
  const absl::StatusOr<v1::Key> key = call.backend.client().RotateKey(request);
  if (ReasonOf(key.status()) == Reason::kKeyNotFound) return VaultErrors(400, "key not found");
  if (!key.ok()) return VaultFailure(key.status());
  if (companion.ok()) {
    request.set_name(*companion);
    const absl::Status rotated = call.backend.client().RotateKey(request).status();
    if (!rotated.ok()) return VaultFailure(rotated);
  }
  return DescribeResponse(call, *key);
}

HttpResponse VaultDeleteKey(VaultCall& call) {
  if (!call.May(Action::kKeyDestroy, call.key)) return VaultErrors(403, "permission denied");
  const absl::StatusOr<v1::Key> key = GetVaultKey(call);
  if (ReasonOf(key.status()) == Reason::kKeyNotFound) {
    return VaultErrors(400, "could not delete key; not found");
  }
  if (!key.ok()) return VaultFailure(key.status());
  const VaultConfig& config = call.backend.config().vault;
  if (!config.allow_deletion || !MayBeDeleted(*key)) {
    return VaultErrors(400, "deletion is not allowed for this key");
  }
  const absl::StatusOr<std::string> companion = FindCompanion(call);
  if (!companion.ok() && ReasonOf(companion.status()) != Reason::kKeyNotFound) {
    return VaultFailure(companion.status());
  }
  // The key itself first: who may not destroy it loses nothing. Asked again, both wait anew.
  v1::ScheduleKeyVersionDestroyRequest request;
  request.set_tenant(call.tenant());
  request.set_waiting_days(static_cast<uint32_t>(config.destroy_after_days));
  request.set_name(call.key);
  absl::Status gone = call.backend.client().ScheduleKeyVersionDestroy(request).status();
  if (gone.ok() && companion.ok()) {
    request.set_name(*companion);
    gone = call.backend.client().ScheduleKeyVersionDestroy(request).status();
  }
  return gone.ok() ? VaultEmpty() : VaultFailure(gone);
}

}  // namespace fieldkms::shim
