#include "kms/root/vault_transit.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "crypto/base64.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::string_view kPrefix = "vault:v";
constexpr size_t kMaxVersionDigits = 10;

WipedText ToBase64(ByteView bytes) {
  WipedText text(Base64Size(Base64::kPadded, bytes.size()), '\0');
  EncodeBase64(Base64::kPadded, bytes, {reinterpret_cast<uint8_t*>(text.data()), text.size()});
  return text;
}

std::optional<WipedBuffer> FromBase64(std::string_view text) {
  WipedBuffer bytes(MaxBase64Bytes(text.size()));
  const std::optional<size_t> size = DecodeBase64(Base64::kPadded, AsBytes(text), bytes);
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

std::string Body(std::string_view name, std::string_view text, ByteView aad) {
  if (aad.empty()) return JsonObject({{name, text}});
  return JsonObject({{name, text}, {"associated_data", ToBase64(aad)}});
}

void AddMember(std::string_view name, std::string_view text, std::string* json) {
  *json += json->back() == '{' ? "\"" : ",\"";
  *json += name;
  *json += "\":\"";
  *json += text;
  *json += '"';
}

// Texts are Base64, or texts of Vault, and go into JSON as they stand.
std::string BatchBody(std::span<const TransitItem> items) {
  std::string json = "{\"batch_input\":[";
  for (const TransitItem& item : items) {
    json += json.back() == '[' ? "{" : ",{";
    AddMember("ciphertext", item.ciphertext, &json);
    for (const auto& [name, bytes] : {std::pair("associated_data", &item.associated_data),
                                      std::pair("context", &item.context)}) {
      if (bytes->empty()) continue;
      const WipedText text = ToBase64(AsBytes(*bytes));
      AddMember(name, text, &json);
    }
    json += '}';
  }
  return json + "]}";
}

const VaultJson* ResultsOf(const VaultJson& json) {
  if (!json.is_object()) return nullptr;
  const auto data = json.find("data");
  if (data == json.end() || !data->is_object()) return nullptr;
  const auto results = data->find("batch_results");
  return results == data->end() || !results->is_array() ? nullptr : &*results;
}

}  // namespace

bool IsTransitText(std::string_view text) {
  if (!text.starts_with(kPrefix)) return false;
  text.remove_prefix(kPrefix.size());
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0 || digits > kMaxVersionDigits || text[0] == '0') return false;
  text.remove_prefix(digits);
  return text.size() > 1 && text[0] == ':' && FromBase64(text.substr(1)).has_value();
}

template <class MakeBody>
absl::StatusOr<VaultReply> VaultTransit::Send(const std::string& path, const MakeBody& body,
                                              Deadline deadline) const {
  FIELDKMS_ASSIGN_OR_RETURN(SessionTokenPtr token, session_.Get(deadline));
  const auto send = [&] { return api_.Call(path, token->token.text, body(), deadline); };
  FIELDKMS_ASSIGN_OR_RETURN(VaultReply reply, WithRetries(time_, deadline, send));
  if (reply.status == 403) {
    const SessionTokenPtr refused = std::move(token);
    FIELDKMS_ASSIGN_OR_RETURN(token, session_.Replace(refused, deadline));
    if (token->login != refused->login) {
      FIELDKMS_ASSIGN_OR_RETURN(reply, WithRetries(time_, deadline, send));
    }
  }
  return reply;
}

template <class MakeBody>
absl::StatusOr<VaultReply> VaultTransit::Call(VaultStep step, const std::string& path,
                                              const MakeBody& body, Deadline deadline) const {
  FIELDKMS_ASSIGN_OR_RETURN(VaultReply reply, Send(path, body, deadline));
  if (!reply.ok()) return VaultError(reply, step, path);
  return reply;
}

absl::StatusOr<std::string> VaultTransit::Encrypt(ByteView plaintext, ByteView aad,
                                                  Deadline deadline) const {
  const auto body = [&] { return Body("plaintext", ToBase64(plaintext), aad); };
  FIELDKMS_ASSIGN_OR_RETURN(const VaultReply reply,
                            Call(VaultStep::kEncrypt, encrypt_, body, deadline));
  const auto ciphertext = TextAt(reply.json, {"data", "ciphertext"});
  if (!ciphertext || !IsTransitText(*ciphertext)) return NotVaultsAnswer(encrypt_);
  return std::string(*ciphertext);
}

absl::StatusOr<WipedBuffer> VaultTransit::Decrypt(std::string_view ciphertext, ByteView aad,
                                                  Deadline deadline) const {
  const auto body = [&] { return Body("ciphertext", ciphertext, aad); };
  FIELDKMS_ASSIGN_OR_RETURN(const VaultReply reply,
                            Call(VaultStep::kDecrypt, decrypt_, body, deadline));
  const auto plaintext = TextAt(reply.json, {"data", "plaintext"});
  if (!plaintext) return NotVaultsAnswer(decrypt_);
  std::optional<WipedBuffer> bytes = FromBase64(*plaintext);
  if (!bytes) return NotVaultsAnswer(decrypt_);
  return *std::move(bytes);
}

absl::StatusOr<std::vector<std::optional<WipedBuffer>>> VaultTransit::DecryptBatch(
    std::span<const TransitItem> items, Deadline deadline) const {
  FIELDKMS_ASSIGN_OR_RETURN(const VaultReply reply,
                            Send(
                                decrypt_, [&] { return BatchBody(items); }, deadline));
  // 200, or what Vault was told to answer where values do not open: 400 by default.
  const VaultJson* const results = ResultsOf(reply.json);
  if (results == nullptr) {
    if (!reply.ok()) return VaultError(reply, VaultStep::kDecrypt, decrypt_);
    return NotVaultsAnswer(decrypt_);
  }
  if (results->size() != items.size()) return NotVaultsAnswer(decrypt_);
  std::vector<std::optional<WipedBuffer>> opened;
  for (const VaultJson& result : *results) {
    const auto plaintext = TextAt(result, {"plaintext"});
    const bool failed = !TextAt(result, {"error"}).value_or("").empty();
    if (!plaintext && !failed) return NotVaultsAnswer(decrypt_);
    opened.push_back(plaintext && !failed ? FromBase64(*plaintext) : std::nullopt);
  }
  return opened;
}

}  // namespace fieldkms
