// fieldkms-sample: a customer table, protected through the service, step by step.
// Used by deploy/quickstart; an example of clients/cpp with libpqxx.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <clocale>
#include <exception>
#include <string>

#include "clients/cpp/client.h"
#include "crypto/status.h"
#include "deploy/sample/stages.h"

namespace fieldkms::sample {
namespace {

using Action = absl::Status (*)(const Stage&);

struct Command {
  const char* name;
  const char* help;
  Action action;
};

constexpr Command kCommands[] = {
    {"load", "Make the tables and load the customers", &Load},
    {"protect", "Encrypt customers into customers_protected", &Protect},
    {"verify", "Decrypt everything and compare byte by byte", &Verify},
    {"show", "Show a few customers as stored, and as each role sees them", &Show},
    {"find", "Find a customer by the blind index of a card number", &Find},
    {"misplace", "Show that a moved ciphertext does not open", &Misplace},
    {"rotate", "Rotate a key and all its rows, while others read and write", &Rotate},
};

int Fail(const absl::Status& status) {
  fmt::print(stderr, "fieldkms-sample: {} ({})\n", std::string(status.message()),
             absl::StatusCodeToString(status.code()));
  return 1;
}

int Run(int argc, char** argv) {
  Stage stage;
  ClientOptions options;
  options.timeout = std::chrono::seconds(60);
  CLI::App app("Protects a sample customer table through FieldKMS");
  app.require_subcommand(1);
  app.add_option("--dsn", stage.dsn, "libpq connection string")->required();
  app.add_option("--target", options.target, "unix:/path/of/fieldkmsd.sock")->required();
  app.add_option("--tenant", stage.tenant, "tenant that owns the fields")->required();
  app.add_option("--other-tenant", stage.other_tenant, "tenant to bring a ciphertext to")
      ->required();
  app.add_option("--rows", stage.rows, "customers")->check(CLI::Range(100, 1'000'000));
  Action action = nullptr;
  for (const Command& command : kCommands) {
    app.add_subcommand(command.name, command.help)->callback([&action, &command] {
      action = command.action;
    });
  }
  CLI11_PARSE(app, argc, argv);

  auto client = Client::Create(options);
  if (!client.ok()) return Fail(client.status());
  stage.client = client->get();
  absl::Status status = action(stage);
  return status.ok() ? 0 : Fail(status);
}

}  // namespace
}  // namespace fieldkms::sample

int main(int argc, char** argv) {
  // For the width of names in a table; the locale is built into glibc.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  try {
    return fieldkms::sample::Run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "fieldkms-sample: {}\n", error.what());
    return 1;
  }
}
