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

// `outcomes`: how many tokens of each there were.
template <class Doomed, class Outcomes>
void TellAll(const std::vector<Doomed*>& part, const absl::StatusOr<Outcomes>& outcomes,
             const FailItemFunction& fail) {
  for (size_t i = 0; i < part.size(); ++i) {
    if (outcomes.ok()) {
      part[i]->tell((*outcomes)[i]);
    } else {
      fail(part[i]->item, outcomes.status());
    }
  }
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
  TellAll(part,
          context.service.tokens.EraseTokens(DomainOf(field), NamesOf(part), context.deadline),
          fail);
}

void TokenEraser::EraseValues(const LoadedField& field, const std::vector<Doomed*>& part,
                              const FailItemFunction& fail) {
  const RunContext& context = run_.context();
  TellAll(
      part,
      context.service.tokens.EraseTokensByLookup(DomainOf(field), NamesOf(part), context.deadline),
      fail);
}

}  // namespace fieldkms
