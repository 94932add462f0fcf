#include "kms/service/field_service.h"

#include "kms/service/field_methods.h"
#include "kms/service/method_call.h"

namespace fieldkms {
namespace {

struct Protect {
  using Request = v1::ProtectRequest;
  using Response = v1::ProtectResponse;
  using BatchRequest = v1::BatchProtectRequest;
  using BatchResponse = v1::BatchProtectResponse;
  static constexpr const char* kName = "FieldService.Protect";
  static constexpr const char* kBatchName = "FieldService.BatchProtect";
  static constexpr Action kAction = Action::kFieldProtect;

  template <class Item, class Options, class Result>
  static absl::StatusOr<RunState> Run(ItemField& items, const LoadedField& field,
                                      const ItemPlace& place, const Item& item, const Options&,
                                      Result* result) {
    return items.Protect(field, place, item.value(), result->mutable_protected_value());
  }
};

template <class Item>
ItemField::Source SourceOf(const Item& item) {
  using Kind = ItemField::Source::Kind;
  if (item.has_ciphertext()) return {Kind::kCiphertext, item.ciphertext()};
  if (item.has_document()) return {Kind::kDocument, item.document()};
  if (item.has_fpe()) return {Kind::kFpe, item.fpe().text(), item.fpe().key_version()};
  return {};
}

struct Reveal {
  using Request = v1::RevealRequest;
  using Response = v1::RevealResponse;
  using BatchRequest = v1::BatchRevealRequest;
  using BatchResponse = v1::BatchRevealResponse;
  static constexpr const char* kName = "FieldService.Reveal";
  static constexpr const char* kBatchName = "FieldService.BatchReveal";
  static constexpr Action kAction = Action::kFieldReveal;

  template <class Item, class Options, class Result>
  static absl::StatusOr<RunState> Run(ItemField& items, const LoadedField& field,
                                      const ItemPlace& place, const Item& item,
                                      const Options& options, Result* result) {
    ItemField::Revealed out{result->mutable_value()};
    FIELDKMS_ASSIGN_OR_RETURN(const RunState state,
                              items.Reveal(field, place, SourceOf(item), options.view(), &out));
    result->set_view(static_cast<v1::View>(out.shown));
    result->set_key_version(out.key_version);
    return state;
  }
};

struct Mask {
  using Request = v1::MaskRequest;
  using Response = v1::MaskResponse;
  using BatchRequest = v1::BatchMaskRequest;
  using BatchResponse = v1::BatchMaskResponse;
  static constexpr const char* kName = "FieldService.Mask";
  static constexpr const char* kBatchName = "FieldService.BatchMask";
  static constexpr Action kAction = Action::kFieldMask;

  template <class Item, class Options, class Result>
  static absl::StatusOr<RunState> Run(ItemField& items, const LoadedField& field, const ItemPlace&,
                                      const Item& item, const Options&, Result* result) {
    FIELDKMS_RETURN_IF_ERROR(items.Mask(field, item.value(), result->mutable_mask()));
    return RunState::kDone;
  }
};

struct BlindIndex {
  using Request = v1::BlindIndexRequest;
  using Response = v1::BlindIndexResponse;
  using BatchRequest = v1::BatchBlindIndexRequest;
  using BatchResponse = v1::BatchBlindIndexResponse;
  static constexpr const char* kName = "FieldService.BlindIndex";
  static constexpr const char* kBatchName = "FieldService.BatchBlindIndex";
  static constexpr Action kAction = Action::kFieldIndex;

  template <class Item, class Options, class Result>
  static absl::StatusOr<RunState> Run(ItemField& items, const LoadedField& field, const ItemPlace&,
                                      const Item& item, const Options&, Result* result) {
    v1::BlindIndexValue* const indexes = result->mutable_indexes();
    indexes->Clear();  // of a run that needed I/O in between
    return items.BlindIndex(field, item.value(), indexes);
  }
};

struct Validate {
  using Request = v1::ValidateRequest;
  using Response = v1::ValidateResponse;
  using BatchRequest = v1::BatchValidateRequest;
  using BatchResponse = v1::BatchValidateResponse;
  static constexpr const char* kName = "FieldService.Validate";
  static constexpr const char* kBatchName = "FieldService.BatchValidate";
  static constexpr Action kAction = Action::kFieldValidate;

  template <class Item, class Options, class Result>
  static absl::StatusOr<RunState> Run(ItemField& items, const LoadedField& field, const ItemPlace&,
                                      const Item& item, const Options&, Result* result) {
    v1::Verdict* const verdict = result->mutable_verdict();
    const FieldRule* const broken = items.Validate(field, item.value());
    verdict->set_valid(broken == nullptr);
    if (broken == nullptr) return RunState::kDone;
    verdict->set_rule(std::string(broken->id));
    verdict->set_says(std::string(broken->says));
    verdict->set_source(std::string(broken->source));
    return RunState::kDone;
  }
};

// Counts, beside what failed, what is not legal.
struct BatchValidateMethod : FieldBatchMethod<Validate> {
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const RunState state,
                              FieldBatchMethod::Run(context, request, response));
    if (state == RunState::kNeedsIo) return state;
    const auto invalid = std::count_if(
        response->results().begin(), response->results().end(),
        [](const auto& result) { return result.has_verdict() && !result.verdict().valid(); });
    response->set_invalid_count(static_cast<uint32_t>(invalid));
    return state;
  }
};

}  // namespace

void AddFieldService(Engine& engine, FieldAsyncService& service, ServiceContext& context) {
  using Async = FieldAsyncService;
  engine.AddService(service, v1::FieldService::service_full_name());
  AddFieldAdminMethods(engine, service, context);
  AddMethod<FieldMethod<Protect>>(engine, service, &Async::RequestProtect, context, kBusyMethod);
  AddMethod<FieldBatchMethod<Protect>>(engine, service, &Async::RequestBatchProtect, context);
  AddMethod<FieldMethod<Reveal>>(engine, service, &Async::RequestReveal, context, kBusyMethod);
  AddMethod<FieldBatchMethod<Reveal>>(engine, service, &Async::RequestBatchReveal, context);
  AddMethod<FieldMethod<Mask>>(engine, service, &Async::RequestMask, context);
  AddMethod<FieldBatchMethod<Mask>>(engine, service, &Async::RequestBatchMask, context);
  AddMethod<FieldMethod<BlindIndex>>(engine, service, &Async::RequestBlindIndex, context,
                                     kBusyMethod);
  AddMethod<FieldBatchMethod<BlindIndex>>(engine, service, &Async::RequestBatchBlindIndex, context);
  AddMethod<FieldMethod<Validate>>(engine, service, &Async::RequestValidate, context);
  AddMethod<BatchValidateMethod>(engine, service, &Async::RequestBatchValidate, context);
}

}  // namespace fieldkms
