#include "sql/shim/peers.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "kms/access/glob.h"
#include "kms/observe/log.h"

namespace fieldkms::shim {
namespace {

constexpr size_t kMostSessions = 4096;

bool MatchesAny(const std::vector<std::string>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [text](const std::string& pattern) { return GlobMatches(pattern, text); });
}

bool Fits(const SessionGrant& grant, const SessionClaims& claims) {
  return MatchesAny(grant.databases, claims.database) &&
         MatchesAny(grant.session_users, claims.session_user) &&
         MatchesAny(grant.current_roles, claims.current_role);
}

// One text for each uid and claims: none of them can be taken for another, since lengths stand
// before texts.
void SessionKey(uid_t uid, const SessionClaims& claims, std::string* key) {
  key->assign(std::to_string(uid));
  for (const std::string_view text : {claims.session_user, claims.current_role, claims.database}) {
    key->append(":").append(std::to_string(text.size())).append(":").append(text);
  }
}

}  // namespace

Peers::Peers(const Config& config, const Tokens& tokens) : roles_(config.roles), tokens_(tokens) {
  for (const auto& [name, from] : config.peers) {
    auto peer = std::make_shared<Peer>();
    peer->name = name;
    peer->sessions = from.sessions;
    if (from.sessions.empty()) {
      auto program = std::make_shared<Asker>();
      program->identity = name;
      program->rules = RulesOf(from.roles);
      peer->program = std::move(program);
    }
    for (const uid_t uid : from.users) by_uid_[uid] = peer;
  }
  for (const auto& [name, roles] : config.token_roles) {
    auto asker = std::make_shared<Asker>();
    asker->identity = name;
    asker->rules = RulesOf(roles);
    by_identity_[name] = std::move(asker);
  }
}

AccessRules Peers::RulesOf(const std::vector<std::string>& roles) const {
  AccessRules rules;
  for (const std::string& role : roles) {
    const auto found = roles_.find(role);
    if (found == roles_.end()) continue;  // the configuration was checked
    for (const AccessRule& rule : found->second) rules.Add(rule);
  }
  return rules;
}

const std::string* Peers::NameOf(uid_t uid) const {
  const auto found = by_uid_.find(uid);
  return found == by_uid_.end() ? nullptr : &found->second->name;
}

bool Peers::IsDatabase(uid_t uid) const {
  const auto found = by_uid_.find(uid);
  return found != by_uid_.end() && found->second->program == nullptr;
}

std::shared_ptr<const Asker> Peers::MakeSession(const Peer& peer,
                                                const SessionClaims& claims) const {
  auto asker = std::make_shared<Asker>();
  asker->identity = peer.name;
  asker->is_session = true;
  asker->session_user = claims.session_user;
  asker->current_role = claims.current_role;
  asker->database = claims.database;
  for (const SessionGrant& grant : peer.sessions) {
    if (!Fits(grant, claims)) continue;
    for (const std::string& role : grant.roles) {
      const auto found = roles_.find(role);
      if (found == roles_.end()) continue;
      for (const AccessRule& rule : found->second) asker->rules.Add(rule);
    }
  }
  return asker;
}

std::shared_ptr<const Asker> Peers::AskerOf(uid_t uid, const SessionClaims& claims) const {
  const auto found = by_uid_.find(uid);
  if (found == by_uid_.end()) return nullptr;
  const Peer& peer = *found->second;
  if (peer.program != nullptr) return peer.program;
  thread_local std::string key;
  SessionKey(uid, claims, &key);
  const std::lock_guard lock(mutex_);
  const auto known = sessions_.find(key);
  if (known != sessions_.end()) return known->second;
  if (sessions_.size() >= kMostSessions) sessions_.clear();
  return sessions_[key] = MakeSession(peer, claims);
}

std::shared_ptr<const Asker> Peers::AskerOf(const HttpHead& head) const {
  if (const std::string_view token = BearerToken(head); !token.empty()) {
    const auto known = by_identity_.find(tokens_.IdentityOf(token));
    return known == by_identity_.end() ? nullptr : known->second;
  }
  if (!head.peer.unix) return nullptr;
  return AskerOf(head.peer.uid, {head.Header("FieldKMS-Session-User"), head.Header("FieldKMS-Role"),
                                 head.Header("FieldKMS-Database")});
}

void Peers::NoteStranger(const HttpHead& head) const {
  ++strangers_;
  const int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                          std::chrono::steady_clock::now().time_since_epoch())
                          .count();
  int64_t last = strangers_logged_.load();
  if (now == last || !strangers_logged_.compare_exchange_strong(last, now)) return;
  // A token may stand where none belongs: of the request nothing is logged.
  Log(LogLevel::kWarning, "turned_away",
      {{"count", strangers_.exchange(0)},
       {"unix", head.peer.unix},
       {"uid", head.peer.uid},
       {"token", !BearerToken(head).empty()}});
}

std::string_view BearerToken(const HttpHead& head) {
  if (const std::string_view token = head.Header("X-Vault-Token"); !token.empty()) return token;
  const std::string_view authorization = head.Header("Authorization");
  constexpr std::string_view kBearer = "Bearer ";
  return authorization.starts_with(kBearer) ? authorization.substr(kBearer.size())
                                            : std::string_view();
}

}  // namespace fieldkms::shim
