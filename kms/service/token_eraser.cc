#include "kms/service/token_eraser.h"

#include <utility>

namespace fieldkms {
namespace {

template <class Doomed>
std::vector<std::string_view> NamesOf(const std::vector<Doomed*>& part) {
  std::vector<std::string_view> names;
  for (const Doomed* const one : part) names.push_back(one->name);
  return names;
}

absl::Status OnHold() {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kLegalHold,
               "a token of a data subject on legal hold is not erased", "token");
}

template <class Doomed>
void FailAll(const std::vector<Doomed*>& part, const absl::Status& status,
             const FailItemFunction& fail) {
  for (const Doomed* const one : part) fail(one->item, status);
}

}  // namespace

absl::Status TokenEraser::AddToken(int item, const LoadedField& field, std::string_view token,
                                   bool forwarded, TellFunction tell) {
  if (!field.policy.token) return PolicyError(field, "it has no tokens");
  // What is no token may be a value, which is not to reach the store or its log.
  if (!LooksLikeToken(field.policy.token->text, token)) {
    tell(0);
  } else if (!field.format->may_be_kept) {
    const RunContext& context = run_.context();
    FIELDKMS_ASSIGN_OR_RETURN(
        const uint64_t erased,
        context.service.volatile_values.Erase(field, token, !forwarded, context.deadline));
    tell(erased);
  } else {
    tokens_.push_back({item, &field, std::string(token), std::move(tell)});
  }
  return absl::OkStatus();
}

absl::Status TokenEraser::AddValue(int item, const LoadedField& field, std::string_view value,
                                   TellFunction tell) {
  if (!field.policy.token || field.policy.token->lookup_key.empty()) {
    return PolicyError(field, "its tokens are not found by value: it has no `lookup_key`");
  }
  FIELDKMS_RETURN_IF_ERROR(run_.Canonicalise(field, value));
  std::string lookup;
  FIELDKMS_RETURN_IF_ERROR(seal_.Lookup(field, &lookup));
  values_.push_back({item, &field, std::move(lookup), std::move(tell)});
  return absl::OkStatus();
}

void TokenEraser::Finish(const FailItemFunction& fail) {
  ForEachField(tokens_, [&](const LoadedField& field, const std::vector<Doomed*>& part) {
    EraseTokens(field, part, fail);
  });
  ForEachField(values_, [&](const LoadedField& field, const std::vector<Doomed*>& part) {
    EraseValues(field, part, fail);
  });
  tokens_.clear();
  values_.clear();
}

void TokenEraser::EraseTokens(const LoadedField& field, const std::vector<Doomed*>& part,
                              const FailItemFunction& fail) {
  const RunContext& context = run_.context();
  const auto erased =
      context.service.erasures.EraseTokens(DomainOf(field), NamesOf(part), context.deadline);
  if (!erased.ok()) return FailAll(part, erased.status(), fail);
  for (size_t i = 0; i < part.size(); ++i) {
    if ((*erased)[i] == EraseResult::kHeld) {
      fail(part[i]->item, OnHold());
    } else {
      part[i]->tell((*erased)[i] == EraseResult::kErased ? 1 : 0);
    }
  }
}

void TokenEraser::EraseValues(const LoadedField& field, const std::vector<Doomed*>& part,
                              const FailItemFunction& fail) {
  const RunContext& context = run_.context();
  const auto erased = context.service.erasures.EraseTokensByLookup(DomainOf(field), NamesOf(part),
                                                                   context.deadline);
  if (!erased.ok()) return FailAll(part, erased.status(), fail);
  for (size_t i = 0; i < part.size(); ++i) {
    if ((*erased)[i].held != 0) {
      fail(part[i]->item, OnHold());  // what is not on hold is gone
    } else {
      part[i]->tell((*erased)[i].erased);
    }
  }
}

}  // namespace fieldkms
