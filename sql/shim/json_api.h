// JsonApi: the service's calls as plain HTTP and JSON. openapi.yaml describes it, and is served.
#ifndef FIELDKMS_SQL_SHIM_JSON_API_H_
#define FIELDKMS_SQL_SHIM_JSON_API_H_

#include "sql/shim/backend.h"
#include "sql/shim/http_server.h"
#include "sql/shim/peers.h"

namespace fieldkms::shim {

class Router;

// The text of openapi.yaml.
std::string_view OpenApiDocument();

// Thread-safe. Both it is given outlive it.
class JsonApi final : public HttpHandler {
 public:
  JsonApi(Backend& backend, const Peers& peers) : backend_(backend), peers_(peers) {}

  void AddTo(Router& router);

  HttpAdmission Admit(const HttpHead& head) override;
  void Handle(HttpRequest request, HttpReply reply) override;

 private:
  HttpResponse Answer(const HttpRequest& request);

  Backend& backend_;
  const Peers& peers_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_JSON_API_H_
