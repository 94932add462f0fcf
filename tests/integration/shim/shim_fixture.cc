#include "tests/integration/shim/shim_fixture.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "clients/cpp/field_client.h"
#include "crypto/context.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

std::string ConfigOf(const std::string& target, const std::string& socket, const std::string& audit,
                     const std::string& more, const std::string& listen) {
  return "service: " + target + "\nlisten:\n  unix: " + socket + "\n" + listen +
         "audit: {file: " + audit + "}\n" + R"(roles:
  all:
    - actions: [encrypt, decrypt, rewrap, key.create, key.read, key.rotate, key.update, key.destroy,
                mac.compute, mac.verify, datakey.generate, random.generate, rotation.read,
                rotation.manage, system.read, audit.read, field.create, field.read, field.protect, field.reveal,
                field.mask, field.index, field.validate, field.tokenize, field.detokenize]
      tenants: ["*"]
      keys: ["*"]
      fields: ["*"]
      mask_level: full
  narrow:
    - {actions: [decrypt, rewrap], tenants: [acme], keys: [plain, moving]}
    - {actions: [field.reveal], tenants: [acme], fields: ["customers.*"]}
peers:
  postgres:
    users: [")" +
         std::to_string(getuid()) + R"("]
    sessions:
      - {database: shop, role: "app_*", roles: [all]}
      - {database: shop, role: narrow, roles: [narrow]}
)" + more;
}

}  // namespace

std::string PkContext(std::string_view value) {
  std::vector<ContextEntry> entries = {{"pk", value}};
  std::string canonical;
  if (!AppendContext(entries, &canonical).ok()) throw std::logic_error("context");
  return canonical;
}

ShimTest::ShimTest() : daemon_({.data_dir = dir_.File("data")}) {}

void ShimTest::Start(const std::string& more, const std::string& listen) {
  ASSERT_OK(daemon_.Start());
  ASSERT_OK_AND_ASSIGN(client_, Client::Create({.target = daemon_.target()}));
  WriteFile(dir_.File("shim.yaml"),
            ConfigOf(daemon_.target(), SocketPath(), AuditFile(), more, listen));
  StartShim();
}

void ShimTest::StartShim() {
  SubprocessOptions options;
  options.argv = {BinaryPath("fieldkms-shim"), "--config", dir_.File("shim.yaml")};
  options.stderr_path = dir_.File("shim.log");
  const size_t before = access(options.stderr_path.c_str(), F_OK) == 0 ? Log().size() : 0;
  shim_ = std::make_unique<Subprocess>(options);
  while (Log().find("\"serving\"", before) == std::string::npos) {
    ASSERT_FALSE(shim_->WaitFor(std::chrono::milliseconds(10))) << Log();
  }
}

ExitStatus ShimTest::StopShim() {
  shim_->Signal(SIGTERM);
  return shim_->Wait();
}

std::string ShimTest::Log() const {
  return access(dir_.File("shim.log").c_str(), F_OK) == 0 ? ReadFile(dir_.File("shim.log")) : "";
}

void ShimTest::MakeKeys() {
  v1::CreateTenantRequest tenant;
  tenant.set_tenant("acme");
  ASSERT_OK(client_->CreateTenant(tenant));
  const auto make = [&](const std::string& name, v1::KeyPurpose purpose, bool leased) {
    v1::CreateKeyRequest key;
    key.set_tenant("acme");
    key.set_name(name);
    key.set_purpose(purpose);
    if (leased) {
      key.mutable_lease()->mutable_longest()->set_seconds(300);
      key.mutable_lease()->set_most_messages(1'000'000);
    }
    ASSERT_OK(client_->CreateKey(key));
  };
  make("plain", v1::KEY_PURPOSE_ENCRYPT, false);
  make("leased", v1::KEY_PURPOSE_ENCRYPT, true);
  make("search", v1::KEY_PURPOSE_BLIND_INDEX, false);
  make("tokens", v1::KEY_PURPOSE_TOKEN, false);
  v1::CreateFieldRequest field;
  field.set_tenant("acme");
  field.set_name("customers.card");
  field.set_format(v1::FIELD_FORMAT_PAN);
  field.set_key("plain");
  field.mutable_blind_index()->set_key("search");
  field.mutable_token()->set_key("tokens");
  ASSERT_OK(FieldClient(*client_).CreateField(field));
}

shim::Frame ShimTest::FrameOf(shim::FrameOp op, std::string_view name,
                              std::vector<shim::FramePart> parts, std::string_view detail) {
  shim::Frame frame;
  frame.op = op;
  frame.deadline = 20'000;
  frame.session_user = "alice";
  frame.current_role = "app_rw";
  frame.database = "shop";
  frame.tenant = "acme";
  frame.name = name;
  frame.detail = detail;
  frame.parts = std::move(parts);
  return frame;
}

FrameAnswer ShimTest::Ask(const shim::Frame& frame) const {
  RawHttp http(SocketPath());
  const RawResponse response = http.PostFrame(shim::EncodeFrame(frame));
  EXPECT_EQ(response.status, 200) << response.body;
  const auto answer =
      ReadFrameAnswer(frame.op, shim::ShapeOf(frame.op).parts_of_result, response.body);
  EXPECT_TRUE(answer.has_value());
  return answer.value_or(FrameAnswer());
}

std::string ShimTest::AskOne(const shim::Frame& frame) const {
  const FrameAnswer answer = Ask(frame);
  const auto told = [](const FrameFailure& failure) {
    return std::to_string(failure.kind) + " " + failure.reason;
  };
  if (answer.error) return told(*answer.error);
  if (answer.results.size() != 1) return "results: " + std::to_string(answer.results.size());
  if (answer.results[0].error) return told(*answer.results[0].error);
  return answer.results[0].parts[0].value_or("absent");
}

}  // namespace fieldkms::testing
