#include "sql/shim/router.h"

#include <utility>

namespace fieldkms::shim {

void Router::Add(std::string path, HttpHandler& handler) {
  routes_.push_back({std::move(path), &handler});
}

HttpHandler* Router::Find(std::string_view path) const {
  const Route* best = nullptr;
  for (const Route& route : routes_) {
    const bool fits = route.path.back() == '/' ? path.starts_with(route.path) : path == route.path;
    if (fits && (best == nullptr || route.path.size() > best->path.size())) best = &route;
  }
  return best == nullptr ? nullptr : best->handler;
}

HttpAdmission Router::Admit(const HttpHead& head) {
  if (HttpHandler* const handler = Find(head.path)) return handler->Admit(head);
  HttpAdmission admission;
  admission.refusal = PlainResponse(404, "there is nothing at this path");
  return admission;
}

void Router::Handle(HttpRequest request, HttpReply reply) {
  HttpHandler* const handler = Find(request.path);  // it was admitted
  handler->Handle(std::move(request), std::move(reply));
}

}  // namespace fieldkms::shim
