#include "sql/shim/vault_sys.h"

#include <array>
#include <chrono>

#include "fieldkms/version.h"

namespace fieldkms::shim {
namespace {

enum class SysPath { kHealth, kSealStatus, kInit, kMounts, kLookupSelf, kRenewSelf, kNone };

SysPath SysPathOf(std::string_view path) {
  struct Known {
    std::string_view path;
    SysPath is;
  };
  static constexpr std::array kPaths = {
      Known{"sys/health", SysPath::kHealth},
      Known{"sys/seal-status", SysPath::kSealStatus},
      Known{"sys/init", SysPath::kInit},
      Known{"sys/mounts", SysPath::kMounts},
      Known{"auth/token/lookup-self", SysPath::kLookupSelf},
      Known{"auth/token/renew-self", SysPath::kRenewSelf},
  };
  for (const Known& known : kPaths) {
    if (known.path == path) return known.is;
  }
  return SysPath::kNone;
}

HttpResponse JsonResponse(int status, const Json& json) {
  return HttpResponse(status, "application/json", json.dump());
}

int64_t UnixTime() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// To Vault's clients a service that does not serve is sealed.
HttpResponse Health(bool serving) {
  return JsonResponse(serving ? 200 : 503, {{"initialized", true},
                                            {"sealed", !serving},
                                            {"standby", false},
                                            {"performance_standby", false},
                                            {"replication_performance_mode", "disabled"},
                                            {"replication_dr_mode", "disabled"},
                                            {"server_time_utc", UnixTime()},
                                            {"version", kVersion},
                                            {"cluster_name", "fieldkms"}});
}

HttpResponse SealStatus(bool serving) {
  return JsonResponse(200, {{"type", "fieldkms"},
                            {"initialized", true},
                            {"sealed", !serving},
                            {"t", 1},
                            {"n", 1},
                            {"progress", 0},
                            {"nonce", ""},
                            {"version", kVersion},
                            {"migration", false},
                            {"recovery_seal", false},
                            {"storage_type", "fieldkms"}});
}

HttpResponse Mounts(const Backend& backend) {
  const Json mount = {{"type", "transit"},
                      {"description", "keys of FieldKMS"},
                      {"accessor", "transit_fieldkms"},
                      {"config", {{"default_lease_ttl", 0}, {"max_lease_ttl", 0}}},
                      {"local", false},
                      {"options", nullptr},
                      {"seal_wrap", false}};
  return VaultData({{backend.config().vault.mount + "/", mount}});
}

// The token itself is not said back.
HttpResponse LookupSelf(const Asker& asker) {
  return VaultData({{"accessor", ""},
                    {"creation_time", 0},
                    {"creation_ttl", 0},
                    {"display_name", asker.identity},
                    {"entity_id", ""},
                    {"expire_time", nullptr},
                    {"explicit_max_ttl", 0},
                    {"id", ""},
                    {"meta", nullptr},
                    {"num_uses", 0},
                    {"orphan", true},
                    {"path", "auth/token/create"},
                    {"policies", {"fieldkms"}},
                    {"renewable", false},
                    {"ttl", 0},
                    {"type", "service"}});
}

// Tokens do not end, so there is nothing to renew, and no error either.
HttpResponse RenewSelf(const HttpHead& head) {
  Json body = {{"request_id", ""},
               {"lease_id", ""},
               {"renewable", false},
               {"lease_duration", 0},
               {"data", nullptr},
               {"wrap_info", nullptr},
               {"warnings", {"tokens of this server do not expire"}},
               {"auth",
                {{"client_token", BearerToken(head)},
                 {"accessor", ""},
                 {"policies", {"fieldkms"}},
                 {"token_policies", {"fieldkms"}},
                 {"metadata", nullptr},
                 {"lease_duration", 0},
                 {"renewable", false},
                 {"entity_id", ""},
                 {"token_type", "service"},
                 {"orphan", true}}}};
  HttpResponse response = JsonResponse(200, body);
  WipeJson(&body);
  return response;
}

}  // namespace

bool IsOpenVaultPath(std::string_view path) {
  return TellsHealth(path) || SysPathOf(path) == SysPath::kInit;
}

bool TellsHealth(std::string_view path) {
  const SysPath is = SysPathOf(path);
  return is == SysPath::kHealth || is == SysPath::kSealStatus;
}

bool IsVaultSysPath(std::string_view path) { return SysPathOf(path) != SysPath::kNone; }

HttpResponse AnswerOpenVault(std::string_view method, std::string_view path, bool serving) {
  const SysPath is = SysPathOf(path);
  if (method != "GET" && (is != SysPath::kHealth || method != "HEAD")) {
    return VaultErrors(405, "unsupported operation");
  }
  if (is == SysPath::kHealth) return Health(serving);
  if (is == SysPath::kSealStatus) return SealStatus(serving);
  return JsonResponse(200, {{"initialized", true}});
}

HttpResponse AnswerVaultSys(const Backend& backend, const HttpHead& head, std::string_view path,
                            const Asker& asker) {
  const SysPath is = SysPathOf(path);
  const bool writes = head.method == "POST" || head.method == "PUT";
  if (is == SysPath::kRenewSelf ? !writes : head.method != "GET") {
    return VaultErrors(405, "unsupported operation");
  }
  if (is == SysPath::kMounts) return Mounts(backend);
  if (is == SysPath::kLookupSelf) return LookupSelf(asker);
  return RenewSelf(head);
}

}  // namespace fieldkms::shim
