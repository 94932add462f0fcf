#include "tests/support/fake_vault/transit_engine.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "crypto/aes_gcm.h"
#include "crypto/bytes.h"

namespace fieldkms::testing {
namespace {

using nlohmann::json;

constexpr int64_t kMadeAt = 1'700'000'000;  // of every key version

std::string Random(int size) {
  std::string bytes(static_cast<size_t>(size), '\0');
  if (RAND_bytes(AsMutableBytes(bytes).data(), size) != 1) throw std::runtime_error("no random");
  return bytes;
}

std::string TextOf(const json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

FakeResponse DataReply(json data) {
  return {200, json{{"request_id", "0c7f44a0-0000-4000-8000-000000000000"},
                    {"lease_id", ""},
                    {"renewable", false},
                    {"lease_duration", 0},
                    {"data", std::move(data)},
                    {"wrap_info", nullptr},
                    {"warnings", nullptr},
                    {"auth", nullptr}}
                   .dump()};
}

FakeResponse ErrorReply(int status, const std::string& message) {
  json errors = json::array();
  if (!message.empty()) errors.push_back(message);
  return {status, json{{"errors", errors}}.dump()};
}

std::string Encode64(const std::string& bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(AsMutableBytes(text).data(), AsBytes(bytes).data(),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

bool Decode64(std::string text, std::string* bytes) {
  std::erase_if(text, [](char c) { return c == '\r' || c == '\n'; });
  if (text.size() % 4 != 0) return false;
  const auto padding = static_cast<size_t>(std::count(text.begin(), text.end(), '='));
  bytes->assign(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(AsMutableBytes(*bytes).data(), AsBytes(text).data(),
                                   static_cast<int>(text.size()));
  if (size < 0 || padding > 2) return false;
  bytes->resize(bytes->size() - padding);
  return true;
}

FakeResponse TransitEngine::Handle(const std::string& method, const std::string& path,
                                   const json& body) {
  if (path == "keys" && (method == "LIST" || method == "GET")) {
    json names = json::array();
    for (const auto& [name, key] : keys_) names.push_back(name);
    return names.empty() ? ErrorReply(404, "") : DataReply({{"keys", names}});
  }
  const size_t slash = path.find('/');
  if (slash == std::string::npos) return ErrorReply(404, "unsupported path");
  const std::string verb = path.substr(0, slash);
  const std::string name = path.substr(slash + 1);
  if (verb == "keys") return HandleKey(method, name, body);
  if (method != "POST" && method != "PUT") return ErrorReply(405, "unsupported operation");
  // A token that may create makes a key by using it.
  if (verb == "encrypt" && !Has(name)) keys_[name].versions.push_back(Random(32));
  if (!Has(name)) return ErrorReply(400, "encryption key not found");
  if (verb == "encrypt") return Encrypt(name, body);
  if (verb == "decrypt") return Decrypt(name, body);
  if (verb == "rewrap") return Rewrap(name, body);
  return ErrorReply(404, "unsupported path");
}

FakeResponse TransitEngine::HandleKey(const std::string& method, const std::string& path,
                                      const json& body) {
  const size_t slash = path.find('/');
  const std::string name = path.substr(0, slash);
  const std::string verb = slash == std::string::npos ? "" : path.substr(slash + 1);
  const bool writes = method == "POST" || method == "PUT";
  if (verb.empty() && writes) {
    if (!Has(name)) keys_[name].versions.push_back(Random(32));
    return Describe(name, keys_[name]);
  }
  if (!Has(name)) return verb.empty() ? ErrorReply(404, "") : ErrorReply(400, "key not found");
  Key& key = keys_[name];
  if (verb.empty() && method == "GET") return Describe(name, key);
  if (verb.empty() && method == "DELETE") {
    if (!key.deletion_allowed) return ErrorReply(400, "deletion is not allowed for this key");
    keys_.erase(name);
    return {204};
  }
  if (verb == "config" && writes) return Configure(key, body);
  if (verb == "rotate" && writes) {
    key.versions.push_back(Random(32));
    return Describe(name, key);
  }
  return ErrorReply(404, "unsupported path");
}

FakeResponse TransitEngine::Configure(Key& key, const json& body) {
  const int latest = static_cast<int>(key.versions.size());
  const int min_decryption = body.value("min_decryption_version", key.min_decryption);
  if (min_decryption < 0 || min_decryption > latest) {
    return ErrorReply(400, "cannot set min decryption version of that value");
  }
  key.min_decryption = std::max(min_decryption, 1);
  key.min_encryption = body.value("min_encryption_version", key.min_encryption);
  key.deletion_allowed = body.value("deletion_allowed", key.deletion_allowed);
  return {204};
}

FakeResponse TransitEngine::Describe(const std::string& name, const Key& key) const {
  json versions = json::object();
  for (size_t i = 1; i <= key.versions.size(); ++i) versions[std::to_string(i)] = kMadeAt;
  return DataReply({{"name", name},
                    {"type", "aes256-gcm96"},
                    {"keys", versions},
                    {"latest_version", key.versions.size()},
                    {"min_available_version", 0},
                    {"min_decryption_version", key.min_decryption},
                    {"min_encryption_version", key.min_encryption},
                    {"deletion_allowed", key.deletion_allowed},
                    {"derived", false},
                    {"exportable", false},
                    {"allow_plaintext_backup", false},
                    {"supports_encryption", true},
                    {"supports_decryption", true},
                    {"supports_derivation", true},
                    {"supports_signing", false}});
}

std::string TransitEngine::AadOf(const json& body) const {
  std::string aad;
  if (!ignores_aad) Decode64(TextOf(body, "associated_data"), &aad);
  return aad;
}

std::string TransitEngine::Seal(const Key& key, const std::string& plaintext,
                                const std::string& aad) const {
  AesGcm cipher(AesGcm::Direction::kSeal);
  std::string out = Random(12);
  const std::string nonce = out;
  std::string sealed(plaintext.size() + kGcmTagSize, '\0');
  if (!cipher.SetKey(AsBytes(key.versions.back()).first<32>()).ok() ||
      !cipher
           .Seal(AsBytes(nonce).first<12>(), AsBytes(aad), AsBytes(plaintext),
                 AsMutableBytes(sealed))
           .ok()) {
    throw std::runtime_error("sealing failed");
  }
  return "vault:v" + std::to_string(key.versions.size()) + ":" + Encode64(out + sealed);
}

std::string TransitEngine::Open(const Key& key, const json& body, std::string* plaintext) const {
  const std::string text = TextOf(body, "ciphertext");
  if (!text.starts_with("vault:v")) return "invalid ciphertext: no prefix";
  const size_t colon = text.find(':', 7);
  if (colon == std::string::npos) return "invalid ciphertext: wrong number of fields";
  int version = 0;
  try {
    version = std::stoi(text.substr(7, colon - 7));
  } catch (const std::logic_error&) {
    return "invalid ciphertext: version number could not be decoded";
  }
  if (version == 0) version = 1;  // as Vault does
  if (version < 0 || version > static_cast<int>(key.versions.size())) {
    return "invalid ciphertext: version is too new";
  }
  if (version < key.min_decryption) {
    return "ciphertext or signature version is disallowed by policy (too old)";
  }
  std::string bytes;
  if (!Decode64(text.substr(colon + 1), &bytes)) {
    return "invalid ciphertext: could not decode base64";
  }
  if (bytes.size() < kGcmNonceSize + kGcmTagSize) return "invalid ciphertext length";
  AesGcm cipher(AesGcm::Direction::kOpen);
  plaintext->assign(bytes.size() - kGcmNonceSize - kGcmTagSize, '\0');
  const std::string aad = AadOf(body);
  const bool opened =
      cipher.SetKey(AsBytes(key.versions[static_cast<size_t>(version) - 1]).first<32>()).ok() &&
      cipher
          .Open(AsBytes(bytes).first<12>(), AsBytes(aad), AsBytes(bytes).subspan(kGcmNonceSize),
                AsMutableBytes(*plaintext))
          .ok();
  return opened ? "" : "cipher: message authentication failed";
}

FakeResponse TransitEngine::Encrypt(const std::string& name, const json& body) {
  if (!body.contains("plaintext")) return ErrorReply(400, "missing plaintext to encrypt");
  if (refuses_aad && body.contains("associated_data")) {
    return ErrorReply(400, "associated_data is not supported for this key");
  }
  std::string plaintext;
  if (!Decode64(TextOf(body, "plaintext"), &plaintext)) {
    return ErrorReply(400, "illegal base64 data at input byte 0");
  }
  const Key& key = keys_[name];
  return DataReply(
      {{"ciphertext", Seal(key, plaintext, AadOf(body))}, {"key_version", key.versions.size()}});
}

FakeResponse TransitEngine::DecryptBatch(const std::string& name, const json& items) {
  json results = json::array();
  bool failed = false;
  for (const json& item : items) {
    std::string plaintext;
    const std::string error = Open(keys_[name], item, &plaintext);
    failed = failed || !error.empty();
    results.push_back(error.empty() ? json{{"plaintext", Encode64(plaintext)}}
                                    : json{{"error", error}});
  }
  FakeResponse response = DataReply({{"batch_results", results}});
  if (failed) response.status = 400;  // as Vault does where it was not told otherwise
  return response;
}

FakeResponse TransitEngine::Decrypt(const std::string& name, const json& body) {
  if (body.contains("batch_input")) return DecryptBatch(name, body["batch_input"]);
  std::string plaintext;
  const std::string error = Open(keys_[name], body, &plaintext);
  if (!error.empty()) return ErrorReply(400, error);
  if (mixes_answers)
    std::swap(plaintext, last_plaintext_);
  else
    last_plaintext_ = plaintext;
  return DataReply({{"plaintext", Encode64(plaintext)}});
}

FakeResponse TransitEngine::Rewrap(const std::string& name, const json& body) {
  const Key& key = keys_[name];
  std::string plaintext;
  const std::string error = Open(key, body, &plaintext);
  if (!error.empty()) return ErrorReply(400, error);
  return DataReply(
      {{"ciphertext", Seal(key, plaintext, AadOf(body))}, {"key_version", key.versions.size()}});
}

}  // namespace fieldkms::testing
