// The calls on values of fields: each an operation on one item, alone or in a batch.
#ifndef FIELDKMS_KMS_SERVICE_FIELD_METHODS_H_
#define FIELDKMS_KMS_SERVICE_FIELD_METHODS_H_

#include "crypto/names.h"
#include "fieldkms/v1/field_service.pb.h"
#include "kms/service/batch.h"
#include "kms/service/field_run.h"
#include "kms/service/protected_values.h"
#include "kms/service/token_seal.h"

namespace fieldkms {

// An operation is a small class:
//   using Request, Response;             // of one value
//   using BatchRequest, BatchResponse;   // of many
//   static constexpr const char *kName, *kBatchName;
//   static constexpr Action kAction;
//   static constexpr MethodInfo::Kind kKind;
//   explicit Operation(FieldRun&);
//   template <class Item, class Options, class Result>
//   absl::StatusOr<RunState> Run(int index, const LoadedField&, const ItemPlace&, const Item&,
//                                const Options&, Result*);
//   absl::Status Prepare(const BatchRequest&);  // before the items of a run that may block
//   void Finish(const FailItemFunction&);   // where items are carried out together: after all
// Item and Result: those of a batch; of one value, the request and the response themselves.
// Options: the request, for what the items of a batch have in common.

// The messages of an operation.
template <class OneRequest, class OneResponse, class ManyRequest, class ManyResponse>
struct OperationOn {
  using Request = OneRequest;
  using Response = OneResponse;
  using BatchRequest = ManyRequest;
  using BatchResponse = ManyResponse;
};

// The entries of the context that an item, or the items of a batch, have.
template <class Message>
const ContextField& ContextOf(const Message& message) {
  if constexpr (requires { message.context(); }) {
    return message.context();
  } else {
    return Workspace::NoContext();
  }
}
template <class Message>
const ContextField& SharedContextOf(const Message& message) {
  if constexpr (requires { message.shared_context(); }) {
    return message.shared_context();
  } else {
    return Workspace::NoContext();
  }
}

// Carries out what was put off, if anything. `fail` as Finish has it.
template <class Operation>
void FinishOperation(Operation& operation, const FailItemFunction& fail) {
  if constexpr (requires { operation.Finish(fail); }) operation.Finish(fail);
}

// Makes the data subjects of a batch's items in one call of the store. Fields that cannot be had
// are left to the items themselves. `subject(item)`: its id, "" for none.
template <class Request, class SubjectFunction>
absl::Status EnsureSubjects(FieldRun& run, const Request& request, const SubjectFunction& subject) {
  std::vector<std::string> names;
  std::vector<uint64_t> fields;
  for (const auto& item : request.items()) {
    std::string name = subject(item);
    if (name.empty() || name.size() > kMaxSubjectId) continue;
    const auto field = run.Find(item.field().empty() ? request.field() : item.field());
    if (!field.ok() || *field == nullptr || !(*field)->format->may_be_kept) continue;
    names.push_back(std::move(name));
    fields.push_back((*field)->record.field_id);
  }
  std::vector<SubjectKeys::Use> uses;
  for (size_t i = 0; i < names.size(); ++i) uses.push_back({names[i], fields[i]});
  return SubjectKeys(run.context(), run.tenant()).Ensure(uses);
}

// Wipes a message's `value`, where it has one: a field's value or a whole document.
template <class Message>
void WipeValue(Message* message) {
  if constexpr (requires { message->mutable_value(); }) WipeString(message->mutable_value());
}

// Of a message with a `protected_value`, keeps that for another answer.
template <class Message>
void KeepProtectedValue(Message* message) {
  if constexpr (requires { message->release_protected_value(); }) {
    if (!message->has_protected_value()) return;
    ProtectedValues::OfThread().Give(
        std::unique_ptr<v1::ProtectedValue>(message->release_protected_value()));
  }
}

template <class Operation>
class FieldMethod {
 public:
  using Request = typename Operation::Request;
  using Response = typename Operation::Response;
  static constexpr MethodInfo kInfo{Operation::kName, Operation::kAction, Operation::kKind};

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant()));
    FIELDKMS_RETURN_IF_ERROR(CheckKeyName(request.field(), "field"));
    plan->scope = CallPlan::Scope::kField;
    plan->tenant = request.tenant();
    plan->field = request.field();
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    SingleNonce nonce;
    FieldRun run(context, Operation::kAction, request.tenant(), nonce);
    FIELDKMS_ASSIGN_OR_RETURN(const LoadedField* const field, run.Find(request.field()));
    if (field == nullptr) return RunState::kNeedsIo;
    const ItemPlace place{Workspace::NoContext(), ContextOf(request)};
    Operation operation(run);
    FIELDKMS_ASSIGN_OR_RETURN(const RunState state,
                              operation.Run(0, *field, place, request, request, response));
    absl::Status failed;
    if (state == RunState::kDone) {
      FinishOperation(operation, [&](int, const absl::Status& status) { failed = status; });
    }
    FIELDKMS_RETURN_IF_ERROR(failed);
    return state;
  }
  static void WipeRequest(Request* request) { WipeValue(request); }
  static void WipeResponse(Response* response) {
    WipeValue(response);
    KeepProtectedValue(response);
  }
  static size_t CountMessages(const Request& request) { return Size(ContextOf(request)); }
};

template <class Operation>
class FieldBatchMethod {
 public:
  using Request = typename Operation::BatchRequest;
  using Response = typename Operation::BatchResponse;
  static constexpr MethodInfo kInfo{Operation::kBatchName, Operation::kAction, Operation::kKind};

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(
        DescribeBatch(request.tenant(), request.field(), "field", request.items_size(), plan));
    const bool one_field = std::all_of(request.items().begin(), request.items().end(),
                                       [](const auto& item) { return item.field().empty(); });
    if (!one_field) return absl::OkStatus();
    FIELDKMS_RETURN_IF_ERROR(CheckKeyName(request.field(), "field"));
    plan->scope = CallPlan::Scope::kField;
    plan->field = request.field();
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    NonceRun nonces;
    FieldRun run(context, Operation::kAction, request.tenant(), nonces);
    Operation operation(run);
    if constexpr (requires { operation.Prepare(request); }) {
      if (context.may_block) FIELDKMS_RETURN_IF_ERROR(operation.Prepare(request));
    }
    FIELDKMS_ASSIGN_OR_RETURN(const RunState state,
                              RunBatch(context, request.items_size(), &next_, response,
                                       [&](int index, typename Response::Result* result) {
                                         return RunOne(run, operation, request, index, result);
                                       }));
    if (state == RunState::kDone) FIELDKMS_RETURN_IF_ERROR(Finish(context, operation, response));
    return state;
  }
  static void WipeRequest(Request* request) {
    for (auto& item : *request->mutable_items()) WipeValue(&item);
  }
  static void WipeResponse(Response* response) {
    for (auto& result : *response->mutable_results()) {
      WipeValue(&result);
      KeepProtectedValue(&result);
    }
  }
  static size_t CountMessages(const Request& request) {
    size_t count = Size(SharedContextOf(request)) + static_cast<size_t>(request.items_size());
    for (const auto& item : request.items()) count += Size(ContextOf(item));
    return count;
  }

 private:
  static absl::StatusOr<RunState> RunOne(FieldRun& run, Operation& operation,
                                         const Request& request, int index,
                                         typename Response::Result* result) {
    const typename Request::Item& item = request.items(index);
    FIELDKMS_ASSIGN_OR_RETURN(const std::string_view name,
                              ItemKey(item.field(), request.field(), "field"));
    if (name.empty()) return CheckKeyName(name, "field");  // neither names one
    FIELDKMS_ASSIGN_OR_RETURN(const LoadedField* const field, run.Find(name));
    if (field == nullptr) return RunState::kNeedsIo;
    const ItemPlace place{SharedContextOf(request), ContextOf(item)};
    return operation.Run(index, *field, place, item, request, result);
  }

  // As RunBatch: what was not tried at all, for want of the store, is to be retried as a whole.
  static absl::Status Finish(RunContext& context, Operation& operation, Response* response) {
    int outages = 0;
    absl::Status outage;
    FinishOperation(operation, [&](int index, const absl::Status& status) {
      typename Response::Result* const result = response->mutable_results(index);
      WipeValue(result);
      result->Clear();
      FailItem(index, status, result->mutable_error(), &context.outcome);
      if (!IsOutage(status)) return;
      ++outages;
      outage = status;
    });
    if (outages == response->results_size()) return outage;
    response->set_failed_count(context.outcome.failed);
    return absl::OkStatus();
  }

  int next_ = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_FIELD_METHODS_H_
