#include "tests/bench/in_turn.h"

#include <algorithm>
#include <cmath>

namespace fieldkms::bench {

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

double Percentile(std::vector<double> values, double p) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double rank = std::ceil(p * static_cast<double>(values.size()));
  const size_t index = static_cast<size_t>(std::max(rank, 1.0)) - 1;
  return values[std::min(index, values.size() - 1)];
}

std::vector<Rates> MeasureInTurn(std::span<const Contender> contenders, double seconds,
                                 double turn_seconds) {
  for (const Contender& contender : contenders) contender(turn_seconds);
  const double round_seconds = turn_seconds * static_cast<double>(contenders.size());
  const int rounds = std::max(3, static_cast<int>(seconds / round_seconds));
  std::vector<Rates> rates(contenders.size());
  for (int round = 0; round < rounds; ++round) {
    for (size_t turn = 0; turn < contenders.size(); ++turn) {
      const size_t who = round % 2 == 0 ? turn : contenders.size() - 1 - turn;
      rates[who].push_back(contenders[who](turn_seconds));
    }
  }
  return rates;
}

Ratio Compare(const Rates& ours, const Rates& baseline) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(ours.size(), baseline.size()); ++i) {
    ratios.push_back(ours[i] / baseline[i]);
  }
  return {Median(ratios), Percentile(ratios, 0.25), Percentile(ratios, 0.75)};
}

}  // namespace fieldkms::bench
