// VaultApi: the transit engine of HashiCorp Vault and OpenBao over HTTP, with our keys, so that
// clients of theirs work as they are. docs/shim.md says what differs.
#ifndef FIELDKMS_SQL_SHIM_VAULT_API_H_
#define FIELDKMS_SQL_SHIM_VAULT_API_H_

#include "sql/shim/backend.h"
#include "sql/shim/http_server.h"
#include "sql/shim/peers.h"
#include "sql/shim/service_health.h"

namespace fieldkms::shim {

class Router;

// Thread-safe. Both it is given outlive it. One tenant: that of Config::vault.
class VaultApi final : public HttpHandler {
 public:
  VaultApi(Backend& backend, const Peers& peers);

  // Its paths: /v1/MOUNT/, /v1/sys/ and /v1/auth/.
  void AddTo(Router& router);

  HttpAdmission Admit(const HttpHead& head) override;
  void Handle(HttpRequest request, HttpReply reply) override;

 private:
  void HandleOpen(const std::string& method, std::string_view path, const HttpReply& reply);
  HttpResponse Answer(const HttpRequest& request);
  HttpResponse AnswerTransit(const HttpRequest& request, std::string_view path, const Asker& asker);

  Backend& backend_;
  const Peers& peers_;
  const std::string mount_;  // "transit/"
  ServiceHealth health_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_VAULT_API_H_
