// Measuring contenders in turn.
//
// A machine's speed drifts by more than what is measured here. So contenders take
// short turns (A B C, C B A, A B C, ...), and two are compared turn by turn: the
// ratio of a round has both of its sides from the same moment, and the median of
// the rounds ignores those that something else disturbed.
#ifndef FIELDKMS_TESTS_BENCH_IN_TURN_H_
#define FIELDKMS_TESTS_BENCH_IN_TURN_H_

#include <functional>
#include <span>
#include <vector>

namespace fieldkms::bench {

// Measures for about `seconds` and returns a rate: more is better.
using Contender = std::function<double(double seconds)>;

// The middle value (the mean of the two middle ones); 0 for none.
double Median(std::vector<double> values);
// The value below which a share `p` (0 to 1) of the values lies; 0 for none.
double Percentile(std::vector<double> values, double p);

// What one contender reached in each round.
using Rates = std::vector<double>;

// MeasureInTurn runs rounds for about `seconds` in all, each with one turn of
// `turn_seconds` a contender, at least three rounds, after one turn each that does
// not count. Returns the rates of each contender, in their order.
std::vector<Rates> MeasureInTurn(std::span<const Contender> contenders, double seconds,
                                 double turn_seconds);

// The median over rounds of ours[i] / baseline[i], and the spread of its middle
// half.
struct Ratio {
  double median = 0;
  double low = 0;   // lower quartile
  double high = 0;  // upper quartile
};
Ratio Compare(const Rates& ours, const Rates& baseline);

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_IN_TURN_H_
