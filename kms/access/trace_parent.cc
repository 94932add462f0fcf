#include "kms/access/trace_parent.h"

#include <algorithm>

namespace fieldkms {
namespace {

// "00-<trace id>-<parent id>-<flags>"
constexpr size_t kTraceAt = 3;
constexpr size_t kTraceSize = 32;
constexpr size_t kParentAt = kTraceAt + kTraceSize + 1;
constexpr size_t kParentSize = 16;
constexpr size_t kFlagsAt = kParentAt + kParentSize + 1;
constexpr size_t kSize = kFlagsAt + 2;

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) { return text.find_first_not_of('0') == text.npos; }

}  // namespace

std::string_view TraceIdOf(std::string_view header) {
  if (header.size() < kSize) return {};
  const std::string_view version = header.substr(0, 2);
  const std::string_view trace = header.substr(kTraceAt, kTraceSize);
  const std::string_view parent = header.substr(kParentAt, kParentSize);
  const bool ends =
      version == "00" ? header.size() == kSize : header.size() == kSize || header[kSize] == '-';
  const bool dashes =
      header[kTraceAt - 1] == '-' && header[kParentAt - 1] == '-' && header[kFlagsAt - 1] == '-';
  const bool hex =
      IsHex(version) && IsHex(trace) && IsHex(parent) && IsHex(header.substr(kFlagsAt, 2));
  const bool fits = ends && dashes && hex && version != "ff";
  return fits && !IsZero(trace) && !IsZero(parent) ? trace : std::string_view();
}

}  // namespace fieldkms
