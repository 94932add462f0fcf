#include "kms/access/action.h"

#include <array>

namespace fieldkms {
namespace {

constexpr std::array<std::string_view, kActionCount> kNames = {
    "encrypt",           "decrypt",       "rewrap",           "key.create",
    "key.read",          "key.rotate",    "tenant.create",    "tenant.read",
    "key.update",        "key.disable",   "key.destroy",      "alias.set",
    "mac.compute",       "mac.verify",    "datakey.generate", "random.generate",
    "tenant.rotate_kek", "root.rotate",   "operation.read",   "system.read",
    "lease.acquire",     "key.import",    "key.export",       "field.create",
    "field.read",        "field.update",  "field.protect",    "field.reveal",
    "field.mask",        "field.index",   "field.validate",   "field.tokenize",
    "field.detokenize",  "field.erase",   "subject.read",     "subject.hold",
    "subject.erase",     "rotation.read", "rotation.manage",  "rotation.work",
    "audit.read"};
static_assert(!kNames.back().empty(), "kNames must name every action, in their order");

}  // namespace

std::string_view ActionName(Action action) { return kNames[static_cast<size_t>(action)]; }

std::optional<Action> ParseAction(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Action>(i);
  }
  return std::nullopt;
}

}  // namespace fieldkms
