#include "sql/shim/vault_companion.h"

#include "crypto/names.h"
#include "crypto/status.h"

namespace fieldkms::shim {
namespace {

constexpr std::string_view kSuffix = ".hmac";
constexpr char kLabel[] = "vault.companion";
constexpr std::string_view kLabelValue = "hmac";

std::string NameOf(const VaultCall& call) { return call.key + std::string(kSuffix); }

absl::Status NoCompanion() {
  return Error(absl::StatusCode::kNotFound, Reason::kKeyNotFound, "the key has no key for MACs");
}

absl::StatusOr<v1::Key> GetNamed(VaultCall& call, const std::string& name) {
  v1::GetKeyRequest request;
  request.set_tenant(call.tenant());
  request.set_name(name);
  return call.backend.client().GetKey(request);
}

}  // namespace

bool IsCompanion(const v1::Key& key) {
  const auto label = key.labels().find(kLabel);
  return label != key.labels().end() && label->second == kLabelValue &&
         key.purpose() == v1::KEY_PURPOSE_MAC && key.name().ends_with(kSuffix);
}

absl::StatusOr<std::string> FindCompanion(VaultCall& call) {
  std::string name = NameOf(call);
  // Of a long name there never was one.
  if (!CheckKeyName(name).ok()) return NoCompanion();
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Key key, GetNamed(call, name));
  // An alias of this name leads to a key of another.
  if (key.name() != name || !IsCompanion(key)) return NoCompanion();
  return name;
}

absl::Status CheckCompanionName(VaultCall& call) {
  const std::string name = NameOf(call);
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(name));
  const absl::StatusOr<v1::Key> key = GetNamed(call, name);
  if (ReasonOf(key.status()) == Reason::kKeyNotFound) return absl::OkStatus();
  if (!key.ok()) return key.status();
  if (key->name() == name && IsCompanion(*key)) return absl::OkStatus();
  return Error(absl::StatusCode::kAlreadyExists, Reason::kKeyExists,
               "the name of this key with .hmac behind it is another key's, which was not made for "
               "its MACs");
}

absl::Status MakeCompanion(VaultCall& call) {
  v1::CreateKeyRequest request;
  request.set_tenant(call.tenant());
  request.set_name(NameOf(call));
  request.set_purpose(v1::KEY_PURPOSE_MAC);
  (*request.mutable_labels())[kLabel] = kLabelValue;
  const absl::Status made = call.backend.client().CreateKey(request).status();
  return ReasonOf(made) == Reason::kKeyExists ? CheckCompanionName(call) : made;
}

}  // namespace fieldkms::shim
