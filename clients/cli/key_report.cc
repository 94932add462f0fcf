#include "clients/cli/key_report.h"

#include <map>

#include "clients/cli/durations.h"

namespace fieldkms {
namespace {

// "" for a key that has none.
std::string SuiteName(v1::Suite suite) {
  return suite == v1::SUITE_UNSPECIFIED ? "" : WithoutPrefix(v1::Suite_Name(suite), "SUITE_");
}

Json LeaseJson(const v1::Key& key) {
  if (!key.has_lease()) return nullptr;
  return {{"longest_seconds", key.lease().longest().seconds()},
          {"most_messages", key.lease().most_messages()}};
}

// In the order of their names, which protobuf does not keep.
std::map<std::string, std::string> Labels(const v1::Key& key) {
  return {key.labels().begin(), key.labels().end()};
}

}  // namespace

std::string PurposeName(v1::KeyPurpose purpose) {
  return WithoutPrefix(v1::KeyPurpose_Name(purpose), "KEY_PURPOSE_");
}

std::string StateName(v1::KeyVersionState state) {
  return WithoutPrefix(v1::KeyVersionState_Name(state), "KEY_VERSION_STATE_");
}

std::string OriginName(v1::KeyOrigin origin) {
  return WithoutPrefix(v1::KeyOrigin_Name(origin), "KEY_ORIGIN_");
}

Json KeyJson(const v1::Key& key) {
  Json json = {{"tenant", key.tenant()},
               {"name", key.name()},
               {"key_id", key.key_id()},
               {"purpose", PurposeName(key.purpose())},
               {"suite", SuiteName(key.suite())},
               {"primary_version", key.primary_version()},
               {"min_decrypt_version", key.min_decrypt_version()},
               {"exportable", key.exportable()},
               {"audit_per_operation", key.audit_per_operation()},
               {"rotation_period_seconds", key.rotation_period().seconds()}};
  json["next_rotation_time"] =
      key.has_next_rotation_time() ? Json(TimeForJson(key.next_rotation_time())) : Json(nullptr);
  json["lease"] = LeaseJson(key);
  json["labels"] = Labels(key);
  json["create_time"] = TimeForJson(key.create_time());
  json["primary_create_time"] = TimeForJson(key.primary_create_time());
  json["etag"] = key.etag();
  return json;
}

std::vector<std::pair<std::string, std::string>> KeyProperties(const v1::Key& key) {
  std::vector<std::pair<std::string, std::string>> rows = {
      {"tenant", key.tenant()},
      {"name", key.name()},
      {"key id", key.key_id()},
      {"purpose", PurposeName(key.purpose())},
      {"primary version", std::to_string(key.primary_version())},
      {"created", TimeForPeople(key.create_time())},
      {"rotated", TimeForPeople(key.primary_create_time())}};
  if (key.suite() != v1::SUITE_UNSPECIFIED) rows.push_back({"suite", SuiteName(key.suite())});
  if (key.min_decrypt_version() > 1) {
    rows.push_back({"opens from version", std::to_string(key.min_decrypt_version())});
  }
  if (key.has_rotation_period()) {
    rows.push_back({"rotates every", FormatSeconds(key.rotation_period().seconds())});
    rows.push_back({"next rotation", TimeForPeople(key.next_rotation_time())});
  }
  if (key.exportable()) rows.push_back({"exportable", "yes"});
  if (key.audit_per_operation()) rows.push_back({"audit per operation", "yes"});
  if (key.has_lease()) {
    rows.push_back({"lease", FormatSeconds(key.lease().longest().seconds()) + ", " +
                                 std::to_string(key.lease().most_messages()) + " messages"});
  }
  for (const auto& [name, value] : Labels(key)) rows.push_back({"label " + name, value});
  rows.push_back({"etag", key.etag()});
  return rows;
}

absl::StatusOr<ExitCode> ShowKey(Session* session, const absl::StatusOr<v1::Key>& key) {
  if (!key.ok()) return key.status();
  return session->Show(KeyJson(*key), Properties(KeyProperties(*key)));
}

}  // namespace fieldkms
