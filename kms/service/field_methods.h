// The calls on values of fields: each an operation on one item, alone or in a batch.
#ifndef FIELDKMS_KMS_SERVICE_FIELD_METHODS_H_
#define FIELDKMS_KMS_SERVICE_FIELD_METHODS_H_

#include "crypto/names.h"
#include "fieldkms/v1/field_service.pb.h"
#include "kms/service/batch.h"
#include "kms/service/item_field.h"

namespace fieldkms {

// An operation is a small class:
//   using Request, Response;             // of one value
//   using BatchRequest, BatchResponse;   // of many
//   static constexpr const char *kName, *kBatchName;
//   static constexpr Action kAction;
//   template <class Item, class Options, class Result>
//   static absl::StatusOr<RunState> Run(ItemField&, const LoadedField&, const ItemPlace&,
//                                       const Item&, const Options&, Result*);
// Item and Result: those of a batch; of one value, the request and the response themselves.
// Options: the request, for what the items of a batch have in common.

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

// Wipes a message's `value`, where it has one: a field's value or a whole document.
template <class Message>
void WipeValue(Message* message) {
  if constexpr (requires { message->mutable_value(); }) WipeString(message->mutable_value());
}

template <class Operation>
class FieldMethod {
 public:
  using Request = typename Operation::Request;
  using Response = typename Operation::Response;
  static constexpr MethodInfo kInfo{Operation::kName, Operation::kAction,
                                    MethodInfo::Kind::kInline};

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
    ItemField item(context, Operation::kAction, request.tenant(), nonce);
    FIELDKMS_ASSIGN_OR_RETURN(const LoadedField* const field, item.Find(request.field()));
    if (field == nullptr) return RunState::kNeedsIo;
    const ItemPlace place{Workspace::NoContext(), ContextOf(request)};
    return Operation::Run(item, *field, place, request, request, response);
  }
  static void WipeRequest(Request* request) { WipeValue(request); }
  static void WipeResponse(Response* response) { WipeValue(response); }
  static size_t CountMessages(const Request& request) { return Size(ContextOf(request)); }
};

template <class Operation>
class FieldBatchMethod {
 public:
  using Request = typename Operation::BatchRequest;
  using Response = typename Operation::BatchResponse;
  static constexpr MethodInfo kInfo{Operation::kBatchName, Operation::kAction,
                                    MethodInfo::Kind::kInline};

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
    ItemField items(context, Operation::kAction, request.tenant(), nonces);
    return RunBatch(context, request.items_size(), &next_, response,
                    [&](int index, typename Response::Result* result) {
                      return RunOne(items, request, request.items(index), result);
                    });
  }
  static void WipeRequest(Request* request) {
    for (auto& item : *request->mutable_items()) WipeValue(&item);
  }
  static void WipeResponse(Response* response) {
    for (auto& result : *response->mutable_results()) WipeValue(&result);
  }
  static size_t CountMessages(const Request& request) {
    size_t count = Size(SharedContextOf(request)) + static_cast<size_t>(request.items_size());
    for (const auto& item : request.items()) count += Size(ContextOf(item));
    return count;
  }

 private:
  static absl::StatusOr<RunState> RunOne(ItemField& items, const Request& request,
                                         const typename Request::Item& item,
                                         typename Response::Result* result) {
    FIELDKMS_ASSIGN_OR_RETURN(const std::string_view name,
                              ItemKey(item.field(), request.field(), "field"));
    if (name.empty()) return CheckKeyName(name, "field");  // neither names one
    FIELDKMS_ASSIGN_OR_RETURN(const LoadedField* const field, items.Find(name));
    if (field == nullptr) return RunState::kNeedsIo;
    const ItemPlace place{SharedContextOf(request), ContextOf(item)};
    return Operation::Run(items, *field, place, item, request, result);
  }

  int next_ = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_FIELD_METHODS_H_
