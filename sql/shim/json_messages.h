// Messages as JSON, and what must be right about a request before it is sent. Internal to the JSON
// API.
#ifndef FIELDKMS_SQL_SHIM_JSON_MESSAGES_H_
#define FIELDKMS_SQL_SHIM_JSON_MESSAGES_H_

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sql/shim/json_routes.h"

namespace fieldkms::shim {

// Error: kInvalidArgument, kRequestMalformed: no words of the parser's, which repeat what it read.
absl::Status ReadMessage(std::string_view json, google::protobuf::Message* message);
// The caller wipes it.
absl::StatusOr<std::string> WriteMessage(const google::protobuf::Message& message);

// google.rpc.Status as JSON, with the HTTP status of its code.
std::string WriteStatus(const absl::Status& status);
int HttpStatusOf(absl::StatusCode code);

absl::Status JsonDenied();

// Sets a text of a request from the path or query: what the body says must be the same, or nothing.
// Error: InvalidField.
absl::Status SetOnce(std::string_view field, std::string_view from_path, std::string* member);

// Items name no other field or key than the path: rights were checked for that one.
template <class Request>
absl::Status CheckItems(const Request& request, const std::string& name) {
  for (const auto& item : request.items()) {
    std::string other;
    if constexpr (requires { item.field(); }) other = item.field();
    if constexpr (requires { item.key(); }) other = item.key();
    if constexpr (requires { item.destination_key(); }) other = item.destination_key();
    if (!other.empty() && other != name) {
      return InvalidField("items", "an item names another field or key than the path");
    }
  }
  return absl::OkStatus();
}

// As much as the rules let the caller see, where the request says nothing; never more.
template <class Request>
absl::Status SetView(const JsonCall& call, Action action, const std::string& name,
                     Request* request) {
  const auto most =
      static_cast<v1::View>(call.asker.rules.MayView(action, request->tenant(), name));
  if (request->view() == v1::VIEW_UNSPECIFIED) request->set_view(most);
  return request->view() > most ? JsonDenied() : absl::OkStatus();
}

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_JSON_MESSAGES_H_
