#include "clients/cli/usage_error.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/names.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kMaxOptionName = 32;

std::vector<std::string_view> Views(const std::vector<std::string>& names) {
  return {names.begin(), names.end()};
}

// The command that was given, as far as it is known.
const CLI::App& GivenCommand(const CLI::App& app) {
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return *command;
}

std::vector<std::string> CommandNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* known : command.get_subcommands({})) names.push_back(known->get_name());
  return names;
}

// The options of a command and of those above it.
std::vector<std::string> OptionNames(const CLI::App& given) {
  std::vector<std::string> names;
  for (const CLI::App* command = &given; command != nullptr; command = command->get_parent()) {
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

// "--page-size" of "--page-size=7"; "" for what does not look like an option.
std::string OptionName(const std::string& argument) {
  const std::string name = argument.substr(0, argument.find('='));
  const bool like_one = name.size() > 2 && name.size() <= kMaxOptionName &&
                        name.starts_with("--") && std::all_of(name.begin(), name.end(), [](char c) {
                          return (c >= 'a' && c <= 'z') || c == '-';
                        });
  return like_one ? name : std::string();
}

// About arguments that no command takes; "" if they are not what is wrong.
std::string AboutExtras(const CLI::App& app) {
  const std::vector<std::string> extras = app.remaining(/*recurse=*/true);
  if (extras.empty()) return "";
  const CLI::App& given = GivenCommand(app);
  // Options of a command that is not known are not known either: the command first.
  const std::vector<std::string> commands = CommandNames(given);
  if (!commands.empty() && !extras.front().starts_with('-')) {
    return "there is no such command" + DidYouMean(extras.front(), Views(commands));
  }
  for (const std::string& extra : extras) {
    const std::string option = OptionName(extra);
    if (option.empty()) continue;
    return "there is no option " + option + DidYouMean(option, Views(OptionNames(given)));
  }
  return "there are more arguments than the command takes; values are given on standard input, "
         "never as arguments";
}

// A complaint about an option's value, up to the value.
std::string AboutValue(std::string_view message) {
  // "Could not convert: --timeout = abc", "--timeout: Value abc not in range".
  const size_t at = message.find("--");
  const size_t end = message.find_first_of(" :", at);
  if (at == std::string_view::npos) return "an option has a value that it does not take";
  return std::string(message.substr(at, end - at)) + " does not take that value";
}

}  // namespace

absl::Status UsageStatus(const CLI::App& app, const CLI::ParseError& error) {
  std::string message = AboutExtras(app);
  if (message.empty()) {
    const bool of_value = dynamic_cast<const CLI::ConversionError*>(&error) != nullptr ||
                          dynamic_cast<const CLI::ValidationError*>(&error) != nullptr;
    message = of_value ? AboutValue(error.what()) : error.what();
  }
  if (message.ends_with('\n')) message.pop_back();
  return Error(absl::StatusCode::kInvalidArgument, Reason::kInvalidField,
               message + "; --help tells more");
}

absl::Status WithField(const absl::Status& status, std::string_view field) {
  return Error(status.code(), ReasonOf(status), MessageOf(status), field);
}

}  // namespace fieldkms
