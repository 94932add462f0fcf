#include "kms/service/token_reader.h"

#include <utility>

#include "crypto/wiped_string.h"
#include "kms/store/store_errors.h"

namespace fieldkms {

absl::Status TokenReader::Add(int item, const LoadedField& field, std::string_view token,
                              v1::View view, bool forwarded, Told out) {
  if (!field.policy.token) return PolicyError(field, "it has no tokens");
  FIELDKMS_ASSIGN_OR_RETURN(const MaskLevel level, run_.LevelFor(field, view));
  // What is no token may be a value, which is not to reach the store or its log.
  if (!LooksLikeToken(field.policy.token->text, token)) return TokenNotFound();
  wanted_.push_back({item, &field, token, level, forwarded, std::move(out)});
  return absl::OkStatus();
}

void TokenReader::Finish(const FailItemFunction& fail) {
  ForEachField(wanted_, [&](const LoadedField& field, const std::vector<Wanted*>& part) {
    Read(field, part, fail);
  });
  wanted_.clear();
}

void TokenReader::Read(const LoadedField& field, const std::vector<Wanted*>& wanted,
                       const FailItemFunction& fail) {
  if (!field.format->may_be_kept) {
    for (const Wanted* const one : wanted) {
      const absl::Status taken = TakeVolatile(field, *one);
      if (!taken.ok()) fail(one->item, taken);
    }
    return;
  }
  const absl::StatusOr<Records> records = Fetch(field, wanted);
  for (size_t i = 0; i < wanted.size(); ++i) {
    const absl::Status told =
        records.ok() ? Tell(field, (*records)[i], *wanted[i]) : records.status();
    if (!told.ok()) fail(wanted[i]->item, told);
  }
}

absl::Status TokenReader::TakeVolatile(const LoadedField& field, const Wanted& wanted) {
  RunContext& context = run_.context();
  WipedString value;
  FIELDKMS_RETURN_IF_ERROR(context.service.volatile_values.Take(
      field, wanted.token, !wanted.forwarded, context.deadline, value.get()));
  run_.Show(field, wanted.level, *value, wanted.out.value);
  return wanted.out.tell(wanted.level, nullptr);
}

absl::StatusOr<TokenReader::Records> TokenReader::Fetch(const LoadedField& field,
                                                        const std::vector<Wanted*>& wanted) {
  // Before a single-use token is taken out that could not be opened.
  FIELDKMS_RETURN_IF_ERROR(seal_.CheckKey(field));
  std::vector<std::string_view> tokens;
  for (const Wanted* const one : wanted) tokens.push_back(one->token);
  RunContext& context = run_.context();
  FIELDKMS_ASSIGN_OR_RETURN(
      Records records, context.service.tokens.GetTokens(
                           DomainOf(field), tokens, context.service.clock.Now(), context.deadline));
  FIELDKMS_RETURN_IF_ERROR(LoadSubjectsOf(records));
  FIELDKMS_RETURN_IF_ERROR(Use(field, &records));
  return records;
}

// All at once, and before a single-use token is taken out that could not be opened.
absl::Status TokenReader::LoadSubjectsOf(const Records& records) {
  std::vector<std::string_view> handles;
  for (const std::optional<TokenRecord>& record : records) {
    if (record && !record->subject.empty()) handles.push_back(record->subject);
  }
  return SubjectKeys(run_.context(), run_.tenant()).Load(handles);
}

absl::Status TokenReader::Use(const LoadedField& field, Records* records) {
  std::vector<size_t> places;
  std::vector<std::string_view> tokens;
  for (size_t i = 0; i < records->size(); ++i) {
    if (!(*records)[i] || !(*records)[i]->single_use) continue;
    places.push_back(i);
    tokens.push_back((*records)[i]->token);
  }
  if (tokens.empty()) return absl::OkStatus();
  RunContext& context = run_.context();
  FIELDKMS_ASSIGN_OR_RETURN(
      Records used, context.service.tokens.UseTokens(
                        DomainOf(field), tokens, context.service.clock.Now(), context.deadline));
  for (size_t i = 0; i < places.size(); ++i) (*records)[places[i]] = std::move(used[i]);
  return absl::OkStatus();
}

absl::Status TokenReader::Tell(const LoadedField& field, const std::optional<TokenRecord>& record,
                               const Wanted& wanted) {
  if (!record) return TokenNotFound();
  WipedString value;
  FIELDKMS_RETURN_IF_ERROR(seal_.Open(field, record->token, record->sealed, value.get()));
  run_.Show(field, wanted.level, *value, wanted.out.value);
  return wanted.out.tell(wanted.level, &*record);
}

absl::Status DecodeMetadata(std::string_view bytes,
                            google::protobuf::Map<std::string, std::string>* metadata) {
  v1::TokenSettings kept;
  if (!kept.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return StoreCorrupt("the metadata of a token is damaged");
  }
  metadata->swap(*kept.mutable_metadata());
  return absl::OkStatus();
}

}  // namespace fieldkms
