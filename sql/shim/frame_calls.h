// FrameCalls answers POST /v1/frames.
#ifndef FIELDKMS_SQL_SHIM_FRAME_CALLS_H_
#define FIELDKMS_SQL_SHIM_FRAME_CALLS_H_

#include "sql/shim/backend.h"
#include "sql/shim/http_server.h"
#include "sql/shim/peers.h"

namespace fieldkms::shim {

// Thread-safe. Both it is given outlive it.
class FrameCalls final : public HttpHandler {
 public:
  FrameCalls(Backend& backend, const Peers& peers) : backend_(backend), peers_(peers) {}

  // 403 for peers that are not known, 405, 415.
  HttpAdmission Admit(const HttpHead& head) override;
  // 400 and 413 for what is no frame; else 200, with what else is wrong told in the answer.
  void Handle(HttpRequest request, HttpReply reply) override;

 private:
  Backend& backend_;
  const Peers& peers_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_FRAME_CALLS_H_
