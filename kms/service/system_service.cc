#include "kms/service/system_service.h"

#include <algorithm>

#include "crypto/secret_bytes.h"
#include "crypto/status.h"
#include "kms/service/method_call.h"
#include "kms/service/records.h"

namespace fieldkms {
namespace {

void DescribeStore(const RunContext& context, const KeyringStatus& keyring, v1::StoreStatus* out) {
  out->set_kind(context.service.replica.store_kind);
  out->set_newest_change(keyring.change);
  // It may have been seen after the call began.
  const auto never = std::chrono::steady_clock::time_point();
  if (keyring.store_seen != never) {
    const std::chrono::nanoseconds ago = context.now - keyring.store_seen;
    ToProto(std::max(ago, std::chrono::nanoseconds::zero()), out->mutable_seen_ago());
  }
}

v1::RootState RootStateOf(BreakerState state) {
  switch (state) {
    case BreakerState::kClosed:
      return v1::ROOT_STATE_UP;
    case BreakerState::kOpen:
      return v1::ROOT_STATE_DOWN;
    case BreakerState::kHalfOpen:
      return v1::ROOT_STATE_TRYING;
  }
  return v1::ROOT_STATE_UNSPECIFIED;
}

void DescribeRoot(const Replica& replica, v1::RootStatus* out) {
  out->set_description(replica.root.Describe());
  if (!replica.root_health) return;
  const RootHealth health = replica.root_health();
  out->set_state(RootStateOf(health.state));
  ToProto(health.since, out->mutable_since());
  if (health.last_error != Reason::kUnspecified) {
    const std::string_view reason = ReasonName(health.last_error);
    out->set_last_error_reason(reason.data(), reason.size());
  }
}

void DescribeMemory(v1::MemoryStatus* out) {
  const SecretMemoryStats memory = GetSecretMemoryStats();
  out->set_reserved_bytes(memory.reserved);
  out->set_locked_bytes(memory.locked);
  out->set_in_use_bytes(memory.in_use);
}

// Of no tenant: so it takes a rule for all of them.
struct GetStatusMethod {
  using Request = v1::GetStatusRequest;
  using Response = v1::GetStatusResponse;
  static constexpr MethodInfo kInfo{"SystemService.GetStatus", Action::kSystemRead,
                                    MethodInfo::Kind::kInline};
  absl::Status Describe(const Request&, CallPlan* plan) {
    plan->scope = CallPlan::Scope::kTenant;
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request&, Response* response) {
    const Replica& replica = context.service.replica;
    const KeyringStatus keyring = context.service.keyring.Status();
    response->set_version(replica.version);
    response->set_replica_id(replica.id);
    ToProto(replica.start_time, response->mutable_start_time());
    DescribeStore(context, keyring, response->mutable_store());
    DescribeRoot(replica, response->mutable_root());
    response->mutable_keyring()->set_loaded_keys(keyring.loaded_keys);
    response->mutable_keyring()->set_loaded_versions(keyring.loaded_versions);
    response->mutable_keyring()->set_loaded_keks(keyring.loaded_keks);
    DescribeMemory(response->mutable_memory());
    return RunState::kDone;
  }
};

}  // namespace

void AddSystemService(Engine& engine, SystemAsyncService& service, ServiceContext& context) {
  engine.AddService(service, v1::SystemService::service_full_name());
  AddMethod<GetStatusMethod>(engine, service, &SystemAsyncService::RequestGetStatus, context);
}

}  // namespace fieldkms
