#include "tests/support/fake_vault/fake_vault.h"

#include <utility>

namespace fieldkms::testing {
namespace {

using nlohmann::json;

std::string HeaderOf(const FakeRequest& request, const std::string& name) {
  const auto found = request.headers.find(name);
  return found == request.headers.end() ? "" : found->second;
}

std::string TokenOf(const FakeRequest& request) {
  const std::string bearer = HeaderOf(request, "authorization");
  return bearer.starts_with("Bearer ") ? bearer.substr(7) : HeaderOf(request, "x-vault-token");
}

std::string NamespaceOf(const FakeRequest& request) {
  std::string name = HeaderOf(request, "x-vault-namespace");
  while (name.ends_with('/')) name.pop_back();
  return name;
}

bool IsLogin(const std::string& path) { return path.ends_with("/login"); }

FakeResponse Json(int status, const json& body) { return {status, body.dump()}; }

json BodyOf(const FakeRequest& request) {
  json body = json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  return body.is_object() ? body : json::object();
}

}  // namespace

FakeVault::FakeVault(const TlsFiles* tls) {
  tokens_[kRootToken] = {0, false};
  server_ = std::make_unique<FakeHttpServer>(
      [this](const FakeRequest& request) { return Handle(request); }, tls);
}

void FakeVault::SetFaults(const VaultFaults& faults) {
  const std::lock_guard lock(mutex_);
  faults_ = faults;
}

std::string FakeVault::MakeToken(int ttl, bool renewable) {
  const std::lock_guard lock(mutex_);
  const std::string token = "hvs.token-number-" + std::to_string(1000 + tokens_.size());
  tokens_[token] = {ttl, renewable};
  return token;
}

void FakeVault::Revoke(const std::string& token) {
  const std::lock_guard lock(mutex_);
  // Its place stays, so that no later token has its name.
  tokens_[token].ttl = -1;
}

void FakeVault::RevokeAll() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, token] : tokens_) {
    if (name != kRootToken) token.ttl = -1;
  }
}

void FakeVault::AddAppRole(const std::string& role_id, const std::string& secret_id, int ttl) {
  const std::lock_guard lock(mutex_);
  app_roles_[role_id] = {secret_id, ttl};
}

void FakeVault::AddKubernetesRole(const std::string& role, const std::string& jwt, int ttl) {
  const std::lock_guard lock(mutex_);
  kubernetes_roles_[role] = {jwt, ttl};
}

void FakeVault::Deny(const std::string& path) {
  const std::lock_guard lock(mutex_);
  denied_.insert(path);
}

int FakeVault::Requests(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = requests_.find(path);
  return found == requests_.end() ? 0 : found->second;
}

bool FakeVault::HasKey(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = engines_.find("");
  return found != engines_.end() && found->second.Has(key);
}

bool FakeVault::Fails(FakeResponse* response) {
  if (faults_.hang) {
    *response = {.way = FakeResponse::Way::kHang};
  } else if (faults_.drop) {
    *response = {.way = FakeResponse::Way::kDrop};
  } else if (faults_.sealed) {
    *response = ErrorReply(503, "Vault is sealed");
  } else if (faults_.standby) {
    *response = {.status = 307, .headers = {{"Location", "https://leader.invalid/"}}};
  } else if (faults_.limited > 0) {
    --faults_.limited;
    *response = ErrorReply(429, "request path: rate limit quota exceeded");
    if (faults_.retry_after >= 0) {
      response->headers["Retry-After"] = std::to_string(faults_.retry_after);
    }
  } else if (faults_.failing > 0) {
    --faults_.failing;
    *response = ErrorReply(500, "internal error");
  } else {
    return false;
  }
  return true;
}

FakeResponse FakeVault::Handle(const FakeRequest& request) {
  const std::lock_guard lock(mutex_);
  if (!request.path.starts_with("/v1/")) return ErrorReply(404, "");
  const std::string path = request.path.substr(4);
  ++requests_[path];
  if (path.starts_with("sys/")) return HandleSys(request, path.substr(4));
  FakeResponse failure;
  if (Fails(&failure)) return failure;
  const std::string token = TokenOf(request);
  const auto found = tokens_.find(token);
  const bool valid = found != tokens_.end() && found->second.ttl >= 0;
  if (!IsLogin(path) && (!valid || (token != kRootToken && denied_.contains(path)))) {
    return ErrorReply(403, "permission denied");
  }
  if (path.starts_with("auth/")) return HandleAuth(request, path.substr(5), token);
  if (!path.starts_with("transit/")) {
    return ErrorReply(404, "no handler for route \"" + path + "\". route entry not found.");
  }
  TransitEngine& engine = engines_[NamespaceOf(request)];
  engine.ignores_aad = faults_.ignores_aad;
  engine.refuses_aad = faults_.refuses_aad;
  engine.mixes_answers = faults_.mixes_answers;
  const std::string method = request.query == "list=true" ? "LIST" : request.method;
  return engine.Handle(method, path.substr(8), BodyOf(request));
}

FakeResponse FakeVault::HandleSys(const FakeRequest&, const std::string& path) {
  if (path == "init") return Json(200, {{"initialized", true}});
  if (path == "seal-status") {
    return Json(200, {{"type", "shamir"},
                      {"initialized", true},
                      {"sealed", faults_.sealed},
                      {"t", 1},
                      {"n", 1},
                      {"progress", 0},
                      {"version", "1.19.0"},
                      {"storage_type", "inmem"}});
  }
  if (path == "health") {
    const int status = faults_.sealed ? 503 : faults_.standby ? 429 : 200;
    return Json(status, {{"initialized", true},
                         {"sealed", faults_.sealed},
                         {"standby", faults_.standby},
                         {"version", "1.19.0"}});
  }
  return ErrorReply(404, "unsupported path");
}

FakeResponse FakeVault::LogIn(const std::map<std::string, std::pair<std::string, int>>& roles,
                              const std::string& name, const std::string& secret) {
  const auto role = roles.find(name);
  if (role == roles.end() || role->second.first != secret) {
    return ErrorReply(400, "invalid role or secret ID");
  }
  const std::string token = "hvs.token-number-" + std::to_string(1000 + tokens_.size());
  tokens_[token] = {role->second.second, true};
  return AuthReply(token);
}

FakeResponse FakeVault::AuthReply(const std::string& token) {
  const Token& life = tokens_[token];
  return Json(200, {{"request_id", "0c7f44a0-0000-4000-8000-000000000001"},
                    {"data", nullptr},
                    {"auth",
                     {{"client_token", token},
                      {"policies", {"default", "fieldkms"}},
                      {"lease_duration", life.ttl},
                      {"renewable", life.renewable}}}});
}

FakeResponse FakeVault::HandleAuth(const FakeRequest& request, const std::string& path,
                                   const std::string& token) {
  const json body = BodyOf(request);
  if (path == "approle/login") {
    return LogIn(app_roles_, body.value("role_id", ""), body.value("secret_id", ""));
  }
  if (path == "kubernetes/login") {
    return LogIn(kubernetes_roles_, body.value("role", ""), body.value("jwt", ""));
  }
  if (path == "token/renew-self") {
    return tokens_[token].renewable ? AuthReply(token) : ErrorReply(400, "lease is not renewable");
  }
  if (path == "token/lookup-self") {
    const Token& life = tokens_[token];
    return DataReply({{"id", token}, {"ttl", life.ttl}, {"renewable", life.renewable}});
  }
  return ErrorReply(404, "no handler for route");
}

}  // namespace fieldkms::testing
