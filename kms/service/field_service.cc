#include "kms/service/field_service.h"

#include <optional>

#include "kms/service/field_methods.h"
#include "kms/service/item_protect.h"
#include "kms/service/item_reveal.h"
#include "kms/service/method_call.h"
#include "kms/service/token_maker.h"

namespace fieldkms {
namespace {

struct Protect : OperationOn<v1::ProtectRequest, v1::ProtectResponse, v1::BatchProtectRequest,
                             v1::BatchProtectResponse> {
  static constexpr const char* kName = "FieldService.Protect";
  static constexpr const char* kBatchName = "FieldService.BatchProtect";
  static constexpr Action kAction = Action::kFieldProtect;
  static constexpr auto kKind = MethodInfo::Kind::kInline;

  explicit Protect(FieldRun& run)
      : run_(run), protect_(run), subjects_(run.context(), run.tenant()) {}

  absl::Status Prepare(const BatchRequest& request) {
    return EnsureSubjects(run_, request, [](const auto& item) { return item.subject(); });
  }

  template <class Item, class Options, class Result>
  absl::StatusOr<RunState> Run(int index, const LoadedField& field, const ItemPlace& place,
                               const Item& item, const Options&, Result* result) {
    const bool stores = field.policy.token.has_value() && field.format->may_be_kept;
    const bool waits = stores || !item.subject().empty();
    if (waits && !run_.context().may_block) return RunState::kNeedsIo;
    std::string_view subject;
    if (!item.subject().empty()) {
      FIELDKMS_ASSIGN_OR_RETURN(subject,
                                subjects_.HandleOf({item.subject(), field.record.field_id}));
    }
    if (!result->has_protected_value()) {
      result->set_allocated_protected_value(ProtectedValues::OfThread().Take().release());
    }
    v1::ProtectedValue* const made = result->mutable_protected_value();
    FIELDKMS_ASSIGN_OR_RETURN(const RunState state,
                              protect_.Protect(field, place, item.value(), subject, made));
    if (!stores || state == RunState::kNeedsIo) return state;
    if (!tokens_) tokens_.emplace(run_);
    v1::TokenSettings settings;
    settings.set_subject(item.subject());
    FIELDKMS_RETURN_IF_ERROR(
        tokens_->Add(index, field, item.value(), settings, made->mutable_token()));
    return RunState::kDone;
  }
  void Finish(const FailItemFunction& fail) {
    if (tokens_) tokens_->Finish(fail);
  }

 private:
  FieldRun& run_;
  ItemProtect protect_;
  SubjectKeys subjects_;
  std::optional<TokenMaker> tokens_;
};

template <class Item>
ItemReveal::Source SourceOf(const Item& item) {
  using Kind = ItemReveal::Source::Kind;
  if (item.has_ciphertext()) return {Kind::kCiphertext, item.ciphertext()};
  if (item.has_document()) return {Kind::kDocument, item.document()};
  if (item.has_fpe()) return {Kind::kFpe, item.fpe().text(), item.fpe().key_version()};
  return {};
}

struct Reveal : OperationOn<v1::RevealRequest, v1::RevealResponse, v1::BatchRevealRequest,
                            v1::BatchRevealResponse> {
  static constexpr const char* kName = "FieldService.Reveal";
  static constexpr const char* kBatchName = "FieldService.BatchReveal";
  static constexpr Action kAction = Action::kFieldReveal;
  static constexpr auto kKind = MethodInfo::Kind::kInline;

  explicit Reveal(FieldRun& run) : run_(run), reveal_(run) {}

  absl::Status Prepare(const BatchRequest& request) {
    return LoadSubjects(
        run_.context(), run_.tenant(), request.items(),
        [](const BatchRequest::Item& item) -> std::string_view { return item.ciphertext(); });
  }

  template <class Item, class Options, class Result>
  absl::StatusOr<RunState> Run(int, const LoadedField& field, const ItemPlace& place,
                               const Item& item, const Options& options, Result* result) {
    ItemReveal::Revealed out{result->mutable_value()};
    FIELDKMS_ASSIGN_OR_RETURN(const RunState state,
                              reveal_.Reveal(field, place, SourceOf(item), options.view(), &out));
    result->set_view(static_cast<v1::View>(out.shown));
    result->set_key_version(out.key_version);
    return state;
  }

 private:
  FieldRun& run_;
  ItemReveal reveal_;
};

struct Mask
    : OperationOn<v1::MaskRequest, v1::MaskResponse, v1::BatchMaskRequest, v1::BatchMaskResponse> {
  static constexpr const char* kName = "FieldService.Mask";
  static constexpr const char* kBatchName = "FieldService.BatchMask";
  static constexpr Action kAction = Action::kFieldMask;
  static constexpr auto kKind = MethodInfo::Kind::kInline;

  explicit Mask(FieldRun& run) : protect_(run) {}

  template <class Item, class Options, class Result>
  absl::StatusOr<RunState> Run(int, const LoadedField& field, const ItemPlace&, const Item& item,
                               const Options&, Result* result) {
    FIELDKMS_RETURN_IF_ERROR(protect_.Mask(field, item.value(), result->mutable_mask()));
    return RunState::kDone;
  }

 private:
  ItemProtect protect_;
};

struct BlindIndex : OperationOn<v1::BlindIndexRequest, v1::BlindIndexResponse,
                                v1::BatchBlindIndexRequest, v1::BatchBlindIndexResponse> {
  static constexpr const char* kName = "FieldService.BlindIndex";
  static constexpr const char* kBatchName = "FieldService.BatchBlindIndex";
  static constexpr Action kAction = Action::kFieldIndex;
  static constexpr auto kKind = MethodInfo::Kind::kInline;

  explicit BlindIndex(FieldRun& run) : protect_(run) {}

  template <class Item, class Options, class Result>
  absl::StatusOr<RunState> Run(int, const LoadedField& field, const ItemPlace&, const Item& item,
                               const Options&, Result* result) {
    v1::BlindIndexValue* const indexes = result->mutable_indexes();
    indexes->Clear();  // of a run that needed I/O in between
    return protect_.BlindIndex(field, item.value(), indexes);
  }

 private:
  ItemProtect protect_;
};

struct Validate : OperationOn<v1::ValidateRequest, v1::ValidateResponse, v1::BatchValidateRequest,
                              v1::BatchValidateResponse> {
  static constexpr const char* kName = "FieldService.Validate";
  static constexpr const char* kBatchName = "FieldService.BatchValidate";
  static constexpr Action kAction = Action::kFieldValidate;
  static constexpr auto kKind = MethodInfo::Kind::kInline;

  explicit Validate(FieldRun& run) : run_(run) {}

  template <class Item, class Options, class Result>
  absl::StatusOr<RunState> Run(int, const LoadedField& field, const ItemPlace&, const Item& item,
                               const Options&, Result* result) {
    v1::Verdict* const verdict = result->mutable_verdict();
    const FieldRule* const broken = run_.Validate(field, item.value());
    verdict->set_valid(broken == nullptr);
    if (broken == nullptr) return RunState::kDone;
    verdict->set_rule(std::string(broken->id));
    verdict->set_says(std::string(broken->says));
    verdict->set_source(std::string(broken->source));
    return RunState::kDone;
  }

 private:
  FieldRun& run_;
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
  AddTokenMethods(engine, service, context);
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
