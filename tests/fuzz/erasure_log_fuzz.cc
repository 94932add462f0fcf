// Erasure logs: what is read, in whatever pieces it comes, is the same; lines that parse are
// written identically; and what is told is what the lines say, in numbers that follow each other.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "kms/erasure/erasure_line.h"
#include "kms/erasure/erasure_scan.h"
#include "tests/fuzz/require.h"

namespace fieldkms {
namespace {

// What a scan in pieces of `step` bytes comes to, as text.
std::string Scanned(std::string_view log, size_t step) {
  std::string told;
  ErasureScan scan([&](const LoggedErasure& erasure, bool also_held) {
    Require(CheckErasure(erasure).ok() && erasure.number >= 1);
    AppendErasure(erasure, &told);
    told += also_held ? '!' : '.';
    return absl::OkStatus();
  });
  absl::Status status;
  for (size_t from = 0; status.ok() && from < log.size(); from += step) {
    status = scan.Feed(log.substr(from, step));
  }
  if (status.ok()) status = scan.Finish();
  if (!status.ok()) return "damaged";  // what was told by then depends on no piece, but may differ
  Require(scan.whole_bytes() <= log.size() && scan.Open().size() <= scan.last());
  Require(scan.torn() == (scan.whole_bytes() != log.size()));
  return told + std::to_string(scan.last());
}

void FuzzLine(std::string_view line) {
  std::string again;
  if (const auto log = ParseErasureHeader(line)) AppendErasureHeader(*log, &again);
  if (const auto parsed = ParseErasureLine(line)) {
    Require(again.empty());
    if (const auto* const erasure = std::get_if<LoggedErasure>(&*parsed)) {
      AppendErasure(*erasure, &again);
    } else {
      AppendErasureEnd(std::get<LoggedEnd>(*parsed), &again);
    }
  }
  Require(again.empty() || again == line);
}

}  // namespace
}  // namespace fieldkms

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view log(reinterpret_cast<const char*>(data), size);
  const std::string whole = fieldkms::Scanned(log, std::max<size_t>(size, 1));
  fieldkms::Require(fieldkms::Scanned(log, 1) == whole);
  fieldkms::Require(fieldkms::Scanned(log, 7) == whole);
  fieldkms::FuzzLine(log.substr(0, log.find('\n') + 1));
  fieldkms::FuzzLine(log.substr(log.find('\n') + 1));
  return 0;
}
