// Who asks, and what the shim's own rules let them do. What the service allows the shim itself is
// the other half: a call needs both.
#ifndef FIELDKMS_SQL_SHIM_PEERS_H_
#define FIELDKMS_SQL_SHIM_PEERS_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "kms/access/access_rules.h"
#include "sql/shim/config.h"
#include "sql/shim/http_message.h"
#include "sql/shim/tokens.h"

namespace fieldkms::shim {

// What a database says of the session that asks. It cannot be proven here.
struct SessionClaims {
  std::string_view session_user;
  std::string_view current_role;
  std::string_view database;
};

// One who asks: a program, or a session of a database server. Immutable.
struct Asker {
  std::string identity;  // the peer's name, or that of a token
  bool is_session = false;
  std::string session_user, current_role, database;
  AccessRules rules;
};

// Thread-safe.
class Peers {
 public:
  // `config` has been checked; `tokens` outlives this.
  Peers(const Config& config, const Tokens& tokens);

  // The name of the peer that a uid is, or "". Without a lock or allocation worth the name.
  const std::string* NameOf(uid_t uid) const;
  // Whether it is a database server: it must say for whom it asks.
  bool IsDatabase(uid_t uid) const;

  // Who asks by this uid with these claims. Claims of programs are not looked at. Never null for
  // a uid that has a name; what no grant fits has no rules, and may do nothing.
  std::shared_ptr<const Asker> AskerOf(uid_t uid, const SessionClaims& claims) const;

  // Who asks over HTTP: by the token in X-Vault-Token or Authorization, or by the uid with the
  // claims in the headers FieldKMS-Session-User, FieldKMS-Role and FieldKMS-Database. Null:
  // nobody known; a token that is given must be right, whoever the peer is.
  std::shared_ptr<const Asker> AskerOf(const HttpHead& head) const;

  // Logs that somebody was turned away of whom nothing is known; once a second, with how many there
  // were, since anybody can be turned away at no cost.
  void NoteStranger(const HttpHead& head) const;

 private:
  struct Peer {
    std::string name;
    std::vector<SessionGrant> sessions;
    std::shared_ptr<const Asker> program;  // null: a database server
  };

  AccessRules RulesOf(const std::vector<std::string>& roles) const;
  std::shared_ptr<const Asker> MakeSession(const Peer& peer, const SessionClaims& claims) const;

  const std::map<std::string, std::vector<AccessRule>> roles_;
  const Tokens& tokens_;
  std::unordered_map<uid_t, std::shared_ptr<const Peer>> by_uid_;
  std::unordered_map<std::string, std::shared_ptr<const Asker>> by_identity_;

  mutable std::atomic<int64_t> strangers_ = 0;         // not logged yet
  mutable std::atomic<int64_t> strangers_logged_ = 0;  // when: steady clock, seconds

  // Sessions that asked before; bounded, since claims can be made up without end.
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::string, std::shared_ptr<const Asker>> sessions_;
};

// "Bearer x" and "x" in X-Vault-Token; "" where there is none.
std::string_view BearerToken(const HttpHead& head);

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_PEERS_H_
