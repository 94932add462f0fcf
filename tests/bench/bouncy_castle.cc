#include "tests/bench/bouncy_castle.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace fieldkms::bench {
namespace {

using fieldkms::testing::ReadFile;
using fieldkms::testing::RunCommand;

constexpr const char* kLibrary = "/usr/share/java/bcprov.jar";
constexpr std::chrono::milliseconds kPoll(1);
constexpr std::chrono::seconds kPatience(60);  // beyond what was asked for

// Java that can run a source file: with a compiler, which Debian's JRE lacks.
bool HasJava() {
  try {
    const auto modules = RunCommand({.argv = {"java", "--list-modules"}});
    return modules.status.code == 0 && modules.out.find("jdk.compiler@") != std::string::npos;
  } catch (const std::system_error&) {
    return false;
  }
}

absl::Status CheckPackages() {
  std::string missing;
  if (!HasJava()) missing += " openjdk-17-jdk-headless";
  if (!std::filesystem::exists(kLibrary)) missing += " libbcprov-java";
  if (missing.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError("the baseline lacks packages: apt install" + missing);
}

}  // namespace

absl::StatusOr<std::unique_ptr<BouncyCastle>> BouncyCastle::Start(const Ff1Sample& sample) {
  if (absl::Status status = CheckPackages(); !status.ok()) return status;
  std::unique_ptr<BouncyCastle> started(new BouncyCastle);
  started->process_ =
      std::make_unique<fieldkms::testing::Subprocess>(fieldkms::testing::SubprocessOptions{
          .argv = {"java", "-cp", kLibrary, FIELDKMS_BASELINES "/Ff1Baseline.java", sample.key,
                   sample.tweak, sample.digits},
          .stdout_path = started->dir_.File("out"),
          .stderr_path = started->dir_.File("err")});
  const std::string line = started->NextLine();
  const size_t space = line.find(' ');
  started->ciphertext_ = line.substr(0, space);
  started->version_ = line.substr(space + 1);
  return started;
}

double BouncyCastle::Rate(double seconds) {
  process_->WriteStdin(fmt::format("{}\n", seconds));
  return std::stod(NextLine());
}

std::string BouncyCastle::NextLine() {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    const bool ended = process_->WaitFor(kPoll).has_value();
    const std::string text = ReadFile(dir_.File("out"));
    if (const size_t line_end = text.find('\n', read_); line_end != std::string::npos) {
      const std::string line = text.substr(read_, line_end - read_);
      read_ = line_end + 1;
      return line;
    }
    if (ended) break;
  }
  throw std::runtime_error("no answer from Bouncy Castle: " + ReadFile(dir_.File("err")));
}

}  // namespace fieldkms::bench
