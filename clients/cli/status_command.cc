// fieldkms status
#include <fmt/format.h>

#include <string>

#include "clients/cli/commands.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

std::string RootStateName(v1::RootState state) {
  switch (state) {
    case v1::ROOT_STATE_UP:
      return "UP";
    case v1::ROOT_STATE_DOWN:
      return "DOWN";
    case v1::ROOT_STATE_TRYING:
      return "TRYING";
    default:
      return "UNKNOWN";
  }
}

double Seconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + duration.nanos() / 1e9;
}

Json StatusJson(const v1::GetStatusResponse& status) {
  Json store = {{"kind", status.store().kind()}, {"newest_change", status.store().newest_change()}};
  store["seen_seconds_ago"] =
      status.store().has_seen_ago() ? Json(Seconds(status.store().seen_ago())) : Json(nullptr);
  Json root = {{"description", status.root().description()},
               {"state", RootStateName(status.root().state())},
               {"last_error_reason", status.root().last_error_reason()}};
  root["since"] =
      status.root().has_since() ? Json(TimeForJson(status.root().since())) : Json(nullptr);
  return {{"version", status.version()},
          {"replica_id", status.replica_id()},
          {"start_time", TimeForJson(status.start_time())},
          {"store", std::move(store)},
          {"root", std::move(root)},
          {"keyring",
           {{"loaded_keys", status.keyring().loaded_keys()},
            {"loaded_versions", status.keyring().loaded_versions()},
            {"loaded_keks", status.keyring().loaded_keks()}}},
          {"memory",
           {{"reserved_bytes", status.memory().reserved_bytes()},
            {"locked_bytes", status.memory().locked_bytes()},
            {"in_use_bytes", status.memory().in_use_bytes()}}}};
}

std::string StatusText(const v1::GetStatusResponse& status) {
  const auto& store = status.store();
  const auto& root = status.root();
  std::string seen = "not followed";
  if (store.has_seen_ago()) seen = fmt::format("seen {:.1f} s ago", Seconds(store.seen_ago()));
  std::string root_text = root.description();
  if (root.state() != v1::ROOT_STATE_UNSPECIFIED) {
    root_text +=
        fmt::format(", {} since {}", RootStateName(root.state()), TimeForPeople(root.since()));
  }
  std::vector<std::pair<std::string, std::string>> rows = {
      {"version", status.version()},
      {"replica", status.replica_id()},
      {"started", TimeForPeople(status.start_time())},
      {"store", fmt::format("{}, {}, change {}", store.kind(), seen, store.newest_change())},
      {"root", root_text},
      {"loaded", fmt::format("{} keys, {} versions, {} KEKs", status.keyring().loaded_keys(),
                             status.keyring().loaded_versions(), status.keyring().loaded_keks())},
      {"key memory",
       fmt::format("{} of {} bytes in use, {} locked", status.memory().in_use_bytes(),
                   status.memory().reserved_bytes(), status.memory().locked_bytes())}};
  if (!root.last_error_reason().empty()) {
    rows.push_back({"last root error", root.last_error_reason()});
  }
  return Properties(rows);
}

}  // namespace

void AddStatusCommand(CLI::App* app, Session* session) {
  CLI::App* const command =
      app->add_subcommand("status", "Show how the service is: its store, root, keys and memory");
  session->Bind(command, [session]() -> absl::StatusOr<ExitCode> {
    FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
    FIELDKMS_ASSIGN_OR_RETURN(const v1::GetStatusResponse status, client->GetStatus());
    return session->Show(StatusJson(status), StatusText(status));
  });
}

}  // namespace fieldkms
