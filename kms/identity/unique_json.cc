#include "kms/identity/unique_json.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace fieldkms {
namespace {

constexpr int kMaxDepth = 16;

}  // namespace

std::optional<nlohmann::json> ParseUniqueObject(std::string_view text) {
  std::vector<std::set<std::string>> open;  // members of the objects that are being read
  bool good = true;
  const auto look = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    using Event = nlohmann::json::parse_event_t;
    good = good && depth <= kMaxDepth;
    if (event == Event::object_start) open.emplace_back();
    if (event == Event::object_end && !open.empty()) open.pop_back();
    if (event == Event::key && !open.empty()) {
      good = open.back().insert(value.get<std::string>()).second && good;
    }
    return good;  // what is turned down is left out, and its members are not kept
  };
  nlohmann::json parsed = nlohmann::json::parse(text, look, /*allow_exceptions=*/false);
  if (!good || !parsed.is_object()) return std::nullopt;
  return parsed;
}

}  // namespace fieldkms
