// Router gives each request to what answers it.
#ifndef FIELDKMS_SQL_SHIM_ROUTER_H_
#define FIELDKMS_SQL_SHIM_ROUTER_H_

#include <string>
#include <vector>

#include "sql/shim/http_server.h"

namespace fieldkms::shim {

// Fill it before it serves; thread-safe from then on.
class Router final : public HttpHandler {
 public:
  // Requests whose path is `path`, or is below it where it ends in "/". The longest that fits
  // counts. `handler` outlives this.
  void Add(std::string path, HttpHandler& handler);

  // 404 where there is no route.
  HttpAdmission Admit(const HttpHead& head) override;
  void Handle(HttpRequest request, HttpReply reply) override;

 private:
  HttpHandler* Find(std::string_view path) const;

  struct Route {
    std::string path;
    HttpHandler* handler;
  };
  std::vector<Route> routes_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_ROUTER_H_
