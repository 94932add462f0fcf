// A Vault (or OpenBao) for tests: transit, tokens, AppRole, Kubernetes, health, and
// whatever can go wrong. Paths, statuses and messages are Vault's; unmodified clients
// work with it (tests/integration/vault).
#ifndef FIELDKMS_TESTS_SUPPORT_FAKE_VAULT_FAKE_VAULT_H_
#define FIELDKMS_TESTS_SUPPORT_FAKE_VAULT_FAKE_VAULT_H_

#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/support/fake_vault/http_server.h"
#include "tests/support/fake_vault/transit_engine.h"

namespace fieldkms::testing {

// What goes wrong until it is set back. It concerns transit and auth, not sys.
struct VaultFaults {
  bool sealed = false;
  bool standby = false;  // 429 on health; others are redirected
  bool hang = false;     // requests are read and not answered
  bool drop = false;     // connections are closed instead of an answer
  int limited = 0;       // so many requests are answered with 429
  int retry_after = -1;  // seconds, in these; -1: not said
  int failing = 0;       // so many requests are answered with 500
  bool ignores_aad = false;
  bool refuses_aad = false;
  bool mixes_answers = false;
};

// FakeVault serves while it lives. Thread-safe.
class FakeVault {
 public:
  static constexpr char kRootToken[] = "s.root-token-of-the-fake-vault";

  explicit FakeVault(const TlsFiles* tls = nullptr);

  std::string url() const { return server_->url(); }
  void SetFaults(const VaultFaults& faults);

  // A token with life `ttl` in seconds (0: for ever).
  std::string MakeToken(int ttl, bool renewable);
  void Revoke(const std::string& token);
  // Revokes all but the root token.
  void RevokeAll();
  // Logins of that role then give tokens of that life.
  void AddAppRole(const std::string& role_id, const std::string& secret_id, int ttl);
  void AddKubernetesRole(const std::string& role, const std::string& jwt, int ttl);
  // Tokens other than the root's may not use that path, "transit/encrypt/k".
  void Deny(const std::string& path);

  // How often that path was asked for, "auth/approle/login".
  int Requests(const std::string& path) const;
  // Whether that transit key is there, in the root namespace.
  bool HasKey(const std::string& key) const;

 private:
  struct Token {
    int ttl;
    bool renewable;
  };

  FakeResponse Handle(const FakeRequest& request);
  FakeResponse HandleSys(const FakeRequest& request, const std::string& path);
  FakeResponse HandleAuth(const FakeRequest& request, const std::string& path,
                          const std::string& token);
  FakeResponse LogIn(const std::map<std::string, std::pair<std::string, int>>& roles,
                     const std::string& name, const std::string& secret);
  FakeResponse AuthReply(const std::string& token);
  // Whether faults answer in the request's place.
  bool Fails(FakeResponse* response);

  mutable std::mutex mutex_;
  VaultFaults faults_;
  std::map<std::string, Token> tokens_;
  std::map<std::string, std::pair<std::string, int>> app_roles_, kubernetes_roles_;
  std::set<std::string> denied_;
  std::map<std::string, int> requests_;
  std::map<std::string, TransitEngine> engines_;  // by namespace
  std::unique_ptr<FakeHttpServer> server_;        // last: its threads use the others
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_FAKE_VAULT_FAKE_VAULT_H_
