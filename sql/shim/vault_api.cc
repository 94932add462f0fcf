#include "sql/shim/vault_api.h"

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "clients/cpp/call_timeout.h"
#include "clients/cpp/call_trace.h"
#include "crypto/status.h"
#include "sql/shim/router.h"
#include "sql/shim/vault_call.h"
#include "sql/shim/vault_sys.h"

namespace fieldkms::shim {
namespace {

constexpr size_t kMostBody = 32 << 20;  // Vault's own limit
constexpr std::string_view kRoot = "/v1/";
constexpr std::chrono::seconds kHealthPatience{2};

struct Operation {
  std::string_view method;
  std::string_view first;  // of the path below the mount
  size_t least, most;      // parts of it
  size_t key_at;           // which of them is the key; 0: none
  std::string_view last;   // of a path of three parts below keys/; empty: it has none
  std::string_view name;   // in the audit trail
  HttpResponse (*run)(VaultCall&);
};

constexpr std::array kOperations = {
    Operation{"POST", "encrypt", 2, 2, 1, "", "vault.encrypt", VaultEncrypt},
    Operation{"POST", "decrypt", 2, 2, 1, "", "vault.decrypt", VaultDecrypt},
    Operation{"POST", "rewrap", 2, 2, 1, "", "vault.rewrap", VaultRewrap},
    Operation{"POST", "hmac", 2, 3, 1, "", "vault.hmac", VaultHmac},
    Operation{"POST", "verify", 2, 3, 1, "", "vault.verify", VaultVerify},
    Operation{"POST", "datakey", 3, 3, 2, "", "vault.datakey", VaultDatakey},
    Operation{"POST", "random", 1, 3, 0, "", "vault.random", VaultRandom},
    Operation{"LIST", "keys", 1, 1, 0, "", "vault.keys.list", VaultListKeys},
    Operation{"POST", "keys", 2, 2, 1, "", "vault.keys.create", VaultCreateKey},
    Operation{"GET", "keys", 2, 2, 1, "", "vault.keys.read", VaultReadKey},
    Operation{"DELETE", "keys", 2, 2, 1, "", "vault.keys.delete", VaultDeleteKey},
    Operation{"POST", "keys", 3, 3, 1, "config", "vault.keys.config", VaultConfigureKey},
    Operation{"POST", "keys", 3, 3, 1, "rotate", "vault.keys.rotate", VaultRotateKey},
};

// False for a path with a part that is no part of one.
bool SplitPath(std::string_view path, std::vector<std::string>* parts) {
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.empty() || !PercentDecode(part, false, &parts->emplace_back())) return false;
  }
  return !parts->empty();
}

bool IsPath(const Operation& operation, const std::vector<std::string>& parts) {
  return operation.first == parts[0] && parts.size() >= operation.least &&
         parts.size() <= operation.most && (operation.last.empty() || operation.last == parts[2]);
}

// Writes by PUT are writes; reading a list is LIST, or GET with list=true.
std::string MethodOf(const HttpHead& head) {
  if (head.method == "PUT") return "POST";
  if (head.method == "GET" && QueryParameter(head.query, "list") == "true") return "LIST";
  return head.method;
}

// Vault says the path back; ours could hold anything, and stays with the client.
HttpResponse NoRoute() { return VaultErrors(404, "no handler for route. route entry not found."); }

}  // namespace

VaultApi::VaultApi(Backend& backend, const Peers& peers)
    : backend_(backend),
      peers_(peers),
      mount_(backend.config().vault.mount + "/"),
      health_(backend.workers(), [&backend] {
        const CallTimeout timeout(kHealthPatience);
        return backend.client().CheckHealth().ok();
      }) {}

void VaultApi::AddTo(Router& router) {
  router.Add(std::string(kRoot) + mount_, *this);
  router.Add(std::string(kRoot) + "sys/", *this);
  router.Add(std::string(kRoot) + "auth/", *this);
}

HttpAdmission VaultApi::Admit(const HttpHead& head) {
  HttpAdmission admission;
  admission.known = peers_.AskerOf(head) != nullptr;
  // What is open to anybody takes no body.
  if (IsOpenVaultPath(std::string_view(head.path).substr(kRoot.size()))) return admission;
  admission.most_body = kMostBody;
  if (!admission.known) {
    peers_.NoteStranger(head);
    admission.refusal = VaultErrors(403, "permission denied");
  }
  return admission;
}

void VaultApi::Handle(HttpRequest request, HttpReply reply) {
  const std::string_view path = std::string_view(request.path).substr(kRoot.size());
  if (IsOpenVaultPath(path)) return HandleOpen(request.method, path, reply);
  const auto held = std::make_shared<const HttpRequest>(std::move(request));
  const bool queued = backend_.workers().Submit([this, held, reply] { reply(Answer(*held)); });
  if (!queued) reply(VaultFailure(ShimOverloaded()));
}

void VaultApi::HandleOpen(const std::string& method, std::string_view path,
                          const HttpReply& reply) {
  if (!TellsHealth(path)) return reply(AnswerOpenVault(method, path, true));
  const bool asked = health_.Ask([method, path = std::string(path), reply](bool serving) {
    reply(AnswerOpenVault(method, path, serving));
  });
  if (!asked) reply(VaultFailure(ShimOverloaded()));
}

HttpResponse VaultApi::Answer(const HttpRequest& request) {
  const CallTimeout timeout(backend_.config().timeout);
  const CallTrace trace(std::string(request.Header("traceparent")));
  const std::string_view path = std::string_view(request.path).substr(kRoot.size());
  // Tokens may have changed since the head was read.
  const std::shared_ptr<const Asker> asker = peers_.AskerOf(request);
  if (asker == nullptr) return VaultErrors(403, "permission denied");
  if (IsVaultSysPath(path)) return AnswerVaultSys(backend_, request, path, *asker);
  if (!path.starts_with(mount_)) return NoRoute();
  return AnswerTransit(request, path.substr(mount_.size()), *asker);
}

HttpResponse VaultApi::AnswerTransit(const HttpRequest& request, std::string_view path,
                                     const Asker& asker) {
  JsonBody json;
  VaultCall call{backend_, asker, MethodOf(request), {}, json, json.root()};
  if (!SplitPath(path, &call.parts)) return NoRoute();
  const Operation* operation = nullptr;
  bool is_path = false;
  for (const Operation& known : kOperations) {
    if (!IsPath(known, call.parts)) continue;
    is_path = true;
    if (known.method == call.method) operation = &known;
  }
  if (operation == nullptr) {
    return is_path ? VaultErrors(405, "unsupported operation") : NoRoute();
  }
  if (!json.Read(request.body)) return VaultErrors(400, "error parsing JSON");
  if (operation->key_at > 0) call.key = call.parts[operation->key_at];
  HttpResponse response = operation->run(call);
  UseRecord record;
  record.refused = response.status == 403;
  record.asker = &asker;
  record.peer = request.peer;
  record.op = operation->name;
  record.tenant = call.tenant();
  record.name = call.key;
  record.items = call.items;
  record.SetLocal(call.local);
  record.failed = response.status >= 400 && call.failed == 0 ? call.items : call.failed;
  if (const absl::Status audited = backend_.audit().Record(record); !audited.ok()) {
    return VaultFailure(audited);
  }
  return response;
}

}  // namespace fieldkms::shim
