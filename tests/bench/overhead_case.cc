#include <fmt/format.h>

#include "tests/bench/bench_case.h"
#include "tests/bench/report.h"
#include "tests/bench/sample_sealer.h"

namespace fieldkms::bench {

// The bytes that a 16-byte value grows by, in an envelope sealed here and now.
absl::StatusOr<BenchResult> RunOverhead(const BenchOptions& /*options*/) {
  FIELDKMS_ASSIGN_OR_RETURN(SampleSealer sample, SampleSealer::Create());
  std::string envelope;
  FIELDKMS_RETURN_IF_ERROR(sample.Seal(kSampleValue, &envelope));
  FIELDKMS_RETURN_IF_ERROR(sample.CheckOpens(envelope));
  const double added = static_cast<double>(envelope.size() - kSampleValue.size());
  PrintSettings({{"suite", "1 (XAES-256-GCM)"}, {"checked", "the envelope opens to its value"}});
  PrintTable({"part", "bytes"}, {{"value", fmt::format("{}", kSampleValue.size())},
                                 {"envelope", fmt::format("{}", envelope.size())},
                                 {"added", fmt::format("{}", added)}});
  constexpr double kDesigned = 53;  // header 13, nonce 24, tag 16
  return BenchResult{kDesigned / added, added, kDesigned, "bytes"};
}

}  // namespace fieldkms::bench
