#include "tests/support/moto/moto_server.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "kms/root/http_client.h"

namespace fieldkms::testing {
namespace {

// The first start makes a virtual environment.
constexpr std::chrono::seconds kStartTimeout(240);

constexpr std::string_view kRegion = "eu-central-1";

const char* TestEnvironment(const char* name) {
  const std::string_view wanted(name);
  if (wanted == "AWS_ACCESS_KEY_ID") return "AKIDEXAMPLE";
  if (wanted == "AWS_SECRET_ACCESS_KEY") return "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  return nullptr;
}

}  // namespace

MotoServer& MotoServer::Shared() {
  static MotoServer server;
  return server;
}

MotoServer::MotoServer() {
  SubprocessOptions child;
  child.argv = {FIELDKMS_MOTO_SCRIPT, FIELDKMS_MOTO_VENV};
  child.stdout_path = directory_.File("out");
  child.stderr_path = directory_.File("log");
  process_ = std::make_unique<Subprocess>(child);
  url_ = AwaitUrl();
}

std::string MotoServer::AwaitUrl() {
  constexpr std::string_view kRunning = "Running on ";
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  for (;;) {
    const bool ended = process_->WaitFor(std::chrono::milliseconds(20)).has_value();
    const std::string log = ReadFile(directory_.File("log"));
    const size_t at = log.find(kRunning);
    const size_t end = at == std::string::npos ? at : log.find('\n', at);
    if (end != std::string::npos) {
      return log.substr(at + kRunning.size(), end - at - kRunning.size());
    }
    if (ended || std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("moto's server does not start: " + log);
    }
  }
}

std::string MotoServer::Call(std::string_view operation, const std::string& body) {
  HttpRequest request{"POST", url_ + "/", {}, body};
  request.headers = {{"Content-Type", "application/x-amz-json-1.1"},
                     {"X-Amz-Target", "TrentService." + std::string(operation)},
                     {"Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/" +
                                           std::string(kRegion) + "/kms/aws4_request"}};
  const auto response = MakeHttpClient({}).value()->Send(request, kNoDeadline);
  if (!response.ok()) throw std::runtime_error(response.status().ToString());
  if (response->status != 200) throw std::runtime_error(response->body);
  return response->body;
}

std::string MotoServer::CreateKey() {
  return nlohmann::json::parse(Call("CreateKey", "{}")).at("KeyMetadata").at("Arn");
}

AwsRootOptions MotoServer::Options(const std::string& key) const {
  AwsRootOptions options;
  options.key = key;
  options.region = kRegion;
  options.endpoint = url_;
  return options;
}

AwsRootSurroundings MotoServer::Surroundings() {
  AwsRootSurroundings surroundings;
  surroundings.environment = &TestEnvironment;
  return surroundings;
}

}  // namespace fieldkms::testing
