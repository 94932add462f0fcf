// A transit engine as Vault's, with AES-256-GCM only.
#ifndef FIELDKMS_TESTS_SUPPORT_FAKE_VAULT_TRANSIT_ENGINE_H_
#define FIELDKMS_TESTS_SUPPORT_FAKE_VAULT_TRANSIT_ENGINE_H_

#include <atomic>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/fake_vault/http_server.h"

namespace fieldkms::testing {

// Replies as Vault makes them: {"data": …} around what is given, or {"errors": […]}.
FakeResponse DataReply(nlohmann::json data);
FakeResponse ErrorReply(int status, const std::string& message);
// Standard base64; Decode ignores line breaks and left-over bits, as Go's does.
std::string Encode64(const std::string& bytes);
bool Decode64(std::string text, std::string* bytes);

// TransitEngine is for one caller at a time.
class TransitEngine {
 public:
  // What comes after the mount: Handle("POST", "encrypt/k", {...}).
  FakeResponse Handle(const std::string& method, const std::string& path,
                      const nlohmann::json& body);

  bool ignores_aad = false;    // as Vault before 1.9
  bool refuses_aad = false;    // as keys that are no AEAD
  bool mixes_answers = false;  // decrypt answers with the plaintext it saw before
  bool Has(const std::string& key) const { return keys_.contains(key); }

 private:
  struct Key {
    std::vector<std::string> versions;  // 32 bytes each; the first is version 1
    int min_decryption = 1;
    int min_encryption = 0;
    bool deletion_allowed = false;
  };

  FakeResponse HandleKey(const std::string& method, const std::string& name,
                         const nlohmann::json& body);
  FakeResponse Configure(Key& key, const nlohmann::json& body);
  FakeResponse Describe(const std::string& name, const Key& key) const;
  FakeResponse Encrypt(const std::string& name, const nlohmann::json& body);
  FakeResponse Decrypt(const std::string& name, const nlohmann::json& body);
  FakeResponse DecryptBatch(const std::string& name, const nlohmann::json& items);
  FakeResponse Rewrap(const std::string& name, const nlohmann::json& body);
  // The plaintext, or the error that Vault would answer with.
  std::string Open(const Key& key, const nlohmann::json& body, std::string* plaintext) const;
  std::string Seal(const Key& key, const std::string& plaintext, const std::string& aad) const;
  std::string AadOf(const nlohmann::json& body) const;

  std::map<std::string, Key> keys_;
  std::string last_plaintext_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_FAKE_VAULT_TRANSIT_ENGINE_H_
