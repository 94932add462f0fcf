// The routes of the JSON API: each a call of the service, by protobuf's JSON mapping.
#ifndef FIELDKMS_SQL_SHIM_JSON_ROUTES_H_
#define FIELDKMS_SQL_SHIM_JSON_ROUTES_H_

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/access/action.h"
#include "sql/shim/backend.h"
#include "sql/shim/peers.h"

namespace fieldkms::shim {

// A call, as its route sees it. Views: valid during it.
struct JsonCall {
  Backend& backend;
  const Asker& asker;
  std::string_view body;  // JSON; empty: {}
  std::string_view query;
  std::string name;  // what stands for {name} or {id} in the path, decoded
  // For the audit record:
  std::string tenant = {};
  uint64_t items = 1;
  uint64_t failed = 0;
  LocalTally local = {};
};

struct JsonRoute {
  std::string_view method;
  // "/v1/keys/{name}/versions" or "/v1/fields/{name}:protect": one part at most is a name.
  std::string_view path;
  Action action;
  // The right that it takes is checked there. Blocks. The answer is JSON.
  absl::StatusOr<std::string> (*run)(JsonCall& call);
};

std::span<const JsonRoute> JsonRoutes();

struct JsonMatch {
  const JsonRoute* route = nullptr;  // null: there is none for the method
  bool is_path = false;              // of another method
  std::string name;
};
JsonMatch MatchJsonRoute(std::string_view method, std::string_view path);

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_JSON_ROUTES_H_
