// Checks of doctor.h about what the service says of itself.
#include <fmt/format.h>
#include <unistd.h>

#include "clients/cli/doctor.h"
#include "clients/cli/report.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr int64_t kStoreSilence = 10;  // seconds; a replica asks its store every one

Finding StoreLink(const v1::StoreStatus& store) {
  if (!store.has_seen_ago()) return {"store link", Level::kOk, store.kind(), ""};
  const std::string detail =
      fmt::format("{}, seen {} s ago", store.kind(), store.seen_ago().seconds());
  if (store.seen_ago().seconds() < kStoreSilence) return {"store link", Level::kOk, detail, ""};
  return {"store link", Level::kFail, detail,
          "the service does not reach its store, and will refuse to use its keys before long; "
          "look into fieldkmsd's log"};
}

Finding RootOfTrust(const v1::RootStatus& root) {
  switch (root.state()) {
    case v1::ROOT_STATE_DOWN:
      return {"root of trust", Level::kFail,
              fmt::format("{}: down since {}, {}", root.description(), TimeForPeople(root.since()),
                          root.last_error_reason()),
              "keys that are loaded serve on for a while; look into fieldkmsd's log"};
    case v1::ROOT_STATE_TRYING:
      return {"root of trust", Level::kWarn, root.description() + ": being tried again",
              "it was down; ask again in a minute"};
    default:
      return {"root of trust", Level::kOk, root.description(), ""};
  }
}

Finding KeyMemory(const v1::MemoryStatus& memory) {
  const std::string detail = fmt::format("{} of {} KiB locked", memory.locked_bytes() >> 10,
                                         memory.reserved_bytes() >> 10);
  if (memory.locked_bytes() >= memory.reserved_bytes()) {
    return {"key memory", Level::kOk, detail, ""};
  }
  return {"key memory", Level::kWarn, detail,
          "keys may be swapped out: raise LimitMEMLOCK= of fieldkmsd's unit"};
}

}  // namespace

std::vector<Finding> FindingsOf(const v1::GetStatusResponse& status) {
  return {StoreLink(status.store()), RootOfTrust(status.root()), KeyMemory(status.memory())};
}

std::vector<Finding> CheckStatus(Client* client) {
  const absl::StatusOr<v1::GetStatusResponse> status = client->GetStatus();
  if (status.ok()) return FindingsOf(*status);
  if (ReasonOf(status.status()) == Reason::kPermissionDenied) {
    return {{"status", Level::kOk,
             "user " + std::to_string(geteuid()) + " may not read it (system.read)", ""}};
  }
  return {{"status", Level::kFail, ErrorText(status.status()), "look into fieldkmsd's log"}};
}

}  // namespace fieldkms
