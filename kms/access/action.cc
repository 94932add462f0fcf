#include "kms/access/action.h"

#include <array>

namespace fieldkms {
namespace {

constexpr std::array<std::string_view, kActionCount> kNames = {
    "encrypt",  "decrypt",    "rewrap",        "key.create",
    "key.read", "key.rotate", "tenant.create", "tenant.read"};

}  // namespace

std::string_view ActionName(Action action) { return kNames[static_cast<size_t>(action)]; }

std::optional<Action> ParseAction(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Action>(i);
  }
  return std::nullopt;
}

}  // namespace fieldkms
