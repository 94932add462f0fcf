#include "kms/settings/yaml_reader.h"

#include <algorithm>
#include <charconv>

namespace fieldkms {
namespace {

template <class T>
bool ParseWhole(std::string_view text, T* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

std::string FormatNumber(double value) {
  char text[32];
  const auto result = std::to_chars(text, text + sizeof text, value);
  return std::string(text, result.ptr);
}

std::string FormatDuration(std::chrono::milliseconds value) {
  if (value.count() % 1000 != 0) return std::to_string(value.count()) + "ms";
  return std::to_string(value.count() / 1000) + "s";
}

}  // namespace

std::string ReadText(const YAML::Node& node) {
  if (!node.IsScalar()) throw YamlError(node, "must be one plain value");
  return node.Scalar();
}

bool ReadBool(const YAML::Node& node) {
  const std::string text = ReadText(node);
  if (text != "true" && text != "false") throw YamlError(node, "must be true or false");
  return text == "true";
}

int ReadInt(const YAML::Node& node, int min, int max) {
  int value = 0;
  if (!ParseWhole(ReadText(node), &value) || value < min || value > max) {
    throw YamlError(
        node, "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return value;
}

double ReadNumber(const YAML::Node& node, double min, double max) {
  double value = 0;
  if (!ParseWhole(ReadText(node), &value) || !(value >= min && value <= max)) {
    throw YamlError(node,
                    "must be a number from " + FormatNumber(min) + " to " + FormatNumber(max));
  }
  return value;
}

std::chrono::milliseconds ReadDuration(const YAML::Node& node, std::chrono::milliseconds min,
                                       std::chrono::milliseconds max) {
  struct Unit {
    std::string_view name;
    int64_t milliseconds;
  };
  // "ms" before "m" and "s", which are its ends.
  static constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}};
  const std::string text = ReadText(node);
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.name)) continue;
    const std::string_view digits =
        std::string_view(text).substr(0, text.size() - unit.name.size());
    int32_t count = 0;
    if (!ParseWhole(digits, &count)) break;
    const std::chrono::milliseconds value(count * unit.milliseconds);
    if (value >= min && value <= max) return value;
    break;
  }
  throw YamlError(node, "must be a duration such as 500ms, 30s or 5m, from " + FormatDuration(min) +
                            " to " + FormatDuration(max));
}

size_t ReadChoice(const YAML::Node& node, std::span<const std::string_view> choices) {
  const std::string text = ReadText(node);
  const auto found = std::find(choices.begin(), choices.end(), text);
  if (found != choices.end()) return static_cast<size_t>(found - choices.begin());
  std::string message = "must be one of:";
  for (const std::string_view choice : choices) message += " " + std::string(choice);
  throw YamlError(node, message + DidYouMean(text, {choices.begin(), choices.end()}));
}

std::vector<std::string> ReadTexts(const YAML::Node& node) {
  if (node.IsScalar()) return {ReadText(node)};
  if (!node.IsSequence() || node.size() == 0) {
    throw YamlError(node, "must be a list of at least one value");
  }
  std::vector<std::string> texts;
  for (const YAML::Node& item : node) texts.push_back(ReadText(item));
  return texts;
}

}  // namespace fieldkms
