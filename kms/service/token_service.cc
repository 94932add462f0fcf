// Tokenize, Detokenize, Erase, alone and in batches.
#include "kms/service/field_methods.h"
#include "kms/service/field_service.h"
#include "kms/service/method_call.h"
#include "kms/service/records.h"
#include "kms/service/token_eraser.h"
#include "kms/service/token_maker.h"
#include "kms/service/token_reader.h"

namespace fieldkms {
namespace {

// Replicas forward single requests alone.
template <class Request>
bool IsForwarded(const Request& request) {
  if constexpr (requires { request.forwarded(); }) return request.forwarded();
  return false;
}

struct Tokenize : OperationOn<v1::TokenizeRequest, v1::TokenizeResponse, v1::BatchTokenizeRequest,
                              v1::BatchTokenizeResponse> {
  static constexpr const char* kName = "FieldService.Tokenize";
  static constexpr const char* kBatchName = "FieldService.BatchTokenize";
  static constexpr Action kAction = Action::kFieldTokenize;
  static constexpr auto kKind = MethodInfo::Kind::kRead;  // runs where it may block

  explicit Tokenize(FieldRun& run) : run_(run), tokens_(run) {}

  absl::Status Prepare(const BatchRequest& request) {
    return EnsureSubjects(run_, request,
                          [](const auto& item) { return item.settings().subject(); });
  }

  template <class Item, class Options, class Result>
  absl::StatusOr<RunState> Run(int index, const LoadedField& field, const ItemPlace&,
                               const Item& item, const Options&, Result* result) {
    FIELDKMS_RETURN_IF_ERROR(run_.Canonicalise(field, item.value()));
    FIELDKMS_RETURN_IF_ERROR(
        tokens_.Add(index, field, item.value(), item.settings(), result->mutable_token()));
    return RunState::kDone;
  }
  void Finish(const FailItemFunction& fail) { tokens_.Finish(fail); }

 private:
  FieldRun& run_;
  TokenMaker tokens_;
};

struct Detokenize : OperationOn<v1::DetokenizeRequest, v1::DetokenizeResponse,
                                v1::BatchDetokenizeRequest, v1::BatchDetokenizeResponse> {
  static constexpr const char* kName = "FieldService.Detokenize";
  static constexpr const char* kBatchName = "FieldService.BatchDetokenize";
  static constexpr Action kAction = Action::kFieldDetokenize;
  static constexpr auto kKind = MethodInfo::Kind::kRead;

  explicit Detokenize(FieldRun& run) : tokens_(run) {}

  template <class Item, class Options, class Result>
  absl::StatusOr<RunState> Run(int index, const LoadedField& field, const ItemPlace&,
                               const Item& item, const Options& options, Result* result) {
    const auto tell = [result](MaskLevel shown, const TokenRecord* record) -> absl::Status {
      result->set_view(static_cast<v1::View>(shown));
      if (record == nullptr) return absl::OkStatus();
      ToProto(record->create_time, result->mutable_create_time());
      if (record->expire_time && !record->single_use) {
        ToProto(*record->expire_time, result->mutable_expire_time());
      }
      return DecodeMetadata(record->metadata, result->mutable_metadata());
    };
    FIELDKMS_RETURN_IF_ERROR(tokens_.Add(index, field, item.token(), options.view(),
                                         IsForwarded(options), {result->mutable_value(), tell}));
    return RunState::kDone;
  }
  void Finish(const FailItemFunction& fail) { tokens_.Finish(fail); }

 private:
  TokenReader tokens_;
};

struct Erase : OperationOn<v1::EraseRequest, v1::EraseResponse, v1::BatchEraseRequest,
                           v1::BatchEraseResponse> {
  static constexpr const char* kName = "FieldService.Erase";
  static constexpr const char* kBatchName = "FieldService.BatchErase";
  static constexpr Action kAction = Action::kFieldErase;
  static constexpr auto kKind = MethodInfo::Kind::kMutation;

  explicit Erase(FieldRun& run) : tokens_(run) {}

  template <class Item, class Options, class Result>
  absl::StatusOr<RunState> Run(int index, const LoadedField& field, const ItemPlace&,
                               const Item& item, const Options& options, Result* result) {
    const auto tell = [result](uint64_t erased) { result->set_erased_count(erased); };
    if (item.has_token()) {
      FIELDKMS_RETURN_IF_ERROR(
          tokens_.AddToken(index, field, item.token(), IsForwarded(options), tell));
    } else if (item.has_value()) {
      FIELDKMS_RETURN_IF_ERROR(tokens_.AddValue(index, field, item.value(), tell));
    } else {
      return InvalidField("token", "is required, or a value");
    }
    return RunState::kDone;
  }
  void Finish(const FailItemFunction& fail) { tokens_.Finish(fail); }

 private:
  TokenEraser tokens_;
};

}  // namespace

void AddTokenMethods(Engine& engine, FieldAsyncService& service, ServiceContext& context) {
  using Async = FieldAsyncService;
  AddMethod<FieldMethod<Tokenize>>(engine, service, &Async::RequestTokenize, context, kBusyMethod);
  AddMethod<FieldBatchMethod<Tokenize>>(engine, service, &Async::RequestBatchTokenize, context);
  AddMethod<FieldMethod<Detokenize>>(engine, service, &Async::RequestDetokenize, context,
                                     kBusyMethod);
  AddMethod<FieldBatchMethod<Detokenize>>(engine, service, &Async::RequestBatchDetokenize, context);
  AddMethod<FieldMethod<Erase>>(engine, service, &Async::RequestErase, context);
  AddMethod<FieldBatchMethod<Erase>>(engine, service, &Async::RequestBatchErase, context);
}

}  // namespace fieldkms
