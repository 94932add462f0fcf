#include "tests/bench/shim_process.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string_view>
#include <utility>

#include "crypto/status.h"

namespace fieldkms::bench {
namespace {

using fieldkms::testing::ReadFile;

constexpr std::chrono::hours kLongest(1);
constexpr uint64_t kMostMessages = uint64_t{1} << 40;  // no renewal for want of messages
constexpr std::chrono::seconds kStartTimeout(30);

// Whose a PostgresServer is.
uid_t PostgresUid() {
  const passwd* const user = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
  return user == nullptr ? ::geteuid() : user->pw_uid;
}

std::string PeerConfig(ShimProcess::Peers peers) {
  const uid_t self = ::geteuid();
  if (peers == ShimProcess::Peers::kPrograms) {
    return fmt::format("  bench: {{users: [\"{}\"], roles: [bench]}}\nvault: {{tenant: {}}}\n",
                       self, kBenchTenant);
  }
  const uid_t postgres = PostgresUid();
  const std::string users = postgres == self ? fmt::format("\"{}\"", self)
                                             : fmt::format("\"{}\", \"{}\"", postgres, self);
  return fmt::format(
      "  postgres:\n    users: [{}]\n    sessions:\n      - {{role: postgres, roles: [bench]}}\n",
      users);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ShimProcess>> ShimProcess::Start(Peers peers,
                                                                AuditDurability durability) {
  std::unique_ptr<ShimProcess> shim(new ShimProcess);
  std::filesystem::permissions(shim->directory(), std::filesystem::perms(0711));
  shim->durability_ = durability;
  FIELDKMS_ASSIGN_OR_RETURN(shim->daemon_, ServerProcess::StartDaemon({.durability = durability}));
  FIELDKMS_ASSIGN_OR_RETURN(shim->client_, Client::Create({.target = shim->daemon_->target()}));
  FIELDKMS_RETURN_IF_ERROR(shim->MakeKeys());
  FIELDKMS_RETURN_IF_ERROR(shim->Launch(peers));
  return shim;
}

absl::Status ShimProcess::MakeKeys() {
  // Of one suite, so that leased and unleased figures differ by the lease alone.
  for (const bool leased : {true, false}) {
    v1::CreateKeyRequest key;
    key.set_tenant(std::string(kBenchTenant));
    key.set_name(leased ? kLeasedKey : kUnleasedKey);
    key.set_suite(v1::SUITE_KC_XAES_256_GCM);
    if (leased) {
      key.mutable_lease()->mutable_longest()->set_seconds(std::chrono::seconds(kLongest).count());
      key.mutable_lease()->set_most_messages(kMostMessages);
    }
    FIELDKMS_RETURN_IF_ERROR(client_->CreateKey(key).status());
  }
  return absl::OkStatus();
}

absl::Status ShimProcess::Launch(Peers peers) {
  const std::string config = dir_.File("shim.yaml");
  const std::string log = dir_.File("shim.log");
  fieldkms::testing::WriteFile(
      config, fmt::format(R"(service: {}
listen:
  unix: {}
  mode: "0666"
audit:
  file: {}
leases:
  time: 1h
memory:
  lock: preferred
roles:
  bench:
    - actions: [encrypt, decrypt, field.index]
      tenants: [{}]
      keys: ["*"]
      fields: ["*"]
peers:
{})",
                          daemon_->target(), socket_, dir_.File("audit.jsonl"), kBenchTenant,
                          PeerConfig(peers)));
  fieldkms::testing::WriteFile(log, "");
  shim_ = std::make_unique<fieldkms::testing::Subprocess>(fieldkms::testing::SubprocessOptions{
      .argv = {fieldkms::testing::BinaryPath("fieldkms-shim"), "--config", config},
      .stderr_path = log});
  const auto give_up = std::chrono::steady_clock::now() + kStartTimeout;
  while (ReadFile(log).find("\"serving\"") == std::string::npos) {
    if (shim_->WaitFor(std::chrono::milliseconds(5)) ||
        std::chrono::steady_clock::now() > give_up) {
      return absl::UnavailableError("the shim does not start: " + ReadFile(log));
    }
  }
  return absl::OkStatus();
}

absl::Status ShimProcess::CheckLastCall(bool leased) const {
  const std::string trail = ReadFile(dir_.File("audit.jsonl"));
  const size_t before = trail.size() < 2 ? std::string::npos : trail.rfind('\n', trail.size() - 2);
  const std::string_view last =
      std::string_view(trail).substr(before == std::string::npos ? 0 : before + 1);
  if (last.empty()) return absl::InternalError("no call was audited");
  if ((last.find("\"lease_id\"") != std::string_view::npos) == leased) return absl::OkStatus();
  return absl::InternalError(leased ? "a call was made without its lease"
                                    : "a lease was used where none was meant");
}

Settings ShimProcess::DescribeSecurity(bool leases) const {
  return {
      {"service", fmt::format("fieldkmsd on the same machine; {}; audit: one record a call, {}",
                              DescribeAccess(),
                              durability_ == AuditDurability::kFsync ? "synced" : "not synced")},
      {"shim",
       "fieldkms-shim on the same machine, rules by role; audit: one record a call, written, "
       "not synced (as shipped)"},
      {"leases", leases ? "of an hour, in the shim, for one of two keys; suite 2 "
                          "(KC-XAES-256-GCM) for both"
                        : "none: there are none for this"},
      {"memory", "locked where the limit allows it"}};
}

}  // namespace fieldkms::bench
