#include "kms/service/token_maker.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <utility>

#include "kms/service/records.h"

namespace fieldkms {
namespace {

// Of numbers with six random digits, of which every second is taken, as many are missed with
// a chance of one in a million.
constexpr int kMostDraws = 20;

constexpr int kMostMetadata = 16;
constexpr size_t kLongestName = 64;
constexpr size_t kLongestMetadata = 2'048;

absl::Status NoneFree(const LoadedField& field) {
  return PolicyError(field,
                     "so many of its tokens are taken that no free one was found: its "
                     "tokens are too short");
}

// The metadata alone, with its entries in order, as the store keeps it.
absl::StatusOr<std::string> EncodeMetadata(const v1::TokenSettings& settings) {
  if (settings.metadata().empty()) return std::string();
  size_t size = 0;
  for (const auto& [name, text] : settings.metadata()) {
    if (name.empty() || name.size() > kLongestName) {
      return InvalidField("settings.metadata", "has a name that is not 1 to 64 bytes");
    }
    size += name.size() + text.size();
  }
  if (settings.metadata_size() > kMostMetadata || size > kLongestMetadata) {
    return InvalidField("settings.metadata", "has more than 16 entries or 2,048 bytes");
  }
  v1::TokenSettings kept;
  *kept.mutable_metadata() = settings.metadata();
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    kept.SerializeToCodedStream(&coded);
  }
  return bytes;
}

// How long a token lives, by its policy and by what was asked for; 0: for ever.
absl::StatusOr<std::chrono::seconds> LifeOf(const LoadedField& field,
                                            const v1::TokenSettings& settings) {
  std::chrono::seconds life = field.policy.token->ttl;
  if (life.count() == 0 && !field.format->may_be_kept) life = kMaxVolatileTtl;
  if (settings.has_ttl()) {
    FIELDKMS_ASSIGN_OR_RETURN(const std::chrono::seconds asked,
                              WholeSeconds(settings.ttl(), "settings.ttl"));
    if (asked.count() == 0) return InvalidField("settings.ttl", "must be above zero");
    if (asked > (life.count() == 0 ? kMaxTokenTtl : life)) {
      return InvalidField("settings.ttl", "is longer than the field's tokens may live");
    }
    life = asked;
  }
  return life;
}

void Fill(const PutOutcome& outcome, bool convergent, v1::TokenValue* out) {
  out->set_token(outcome.token);
  if (outcome.expire_time) ToProto(*outcome.expire_time, out->mutable_expire_time());
  out->set_existed(convergent && outcome.result == PutResult::kExists);
}

}  // namespace

absl::StatusOr<TokenRecord> TokenMaker::RecordFor(const LoadedField& field,
                                                  const v1::TokenSettings& settings) {
  const TokenPolicy& policy = *field.policy.token;
  TokenRecord record;
  record.convergent = policy.convergent;
  record.single_use = policy.single_use;
  record.create_time = run_.context().service.clock.Now();
  FIELDKMS_ASSIGN_OR_RETURN(record.metadata, EncodeMetadata(settings));
  FIELDKMS_ASSIGN_OR_RETURN(const std::chrono::seconds life, LifeOf(field, settings));
  if (life.count() != 0) record.expire_time = record.create_time + life;
  FIELDKMS_RETURN_IF_ERROR(DrawToken(policy.text, run_.canonical(), &record.token));
  if (!policy.lookup_key.empty()) {
    FIELDKMS_RETURN_IF_ERROR(seal_.Lookup(field, &record.lookup));
  }
  return record;
}

absl::Status TokenMaker::Add(int item, const LoadedField& field, std::string_view value,
                             const v1::TokenSettings& settings, v1::TokenValue* out) {
  if (!field.policy.token) return PolicyError(field, "it has no tokens");
  if (LooksLikeToken(field.policy.token->text, value)) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::kValueInvalid,
                 field.record.name + ": the value looks like a token of the field", "value");
  }
  if (!field.format->may_be_kept) return AddVolatile(field, value, settings, out);
  FIELDKMS_ASSIGN_OR_RETURN(TokenRecord record, RecordFor(field, settings));
  if (!settings.subject().empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(record.subject,
                              subjects_.HandleOf({settings.subject(), field.record.field_id}));
  }
  FIELDKMS_RETURN_IF_ERROR(seal_.Seal(field, record.token, value, record.subject, &record.sealed));
  drafts_.push_back({item, &field, value, out, settings.subject(), std::move(record)});
  return absl::OkStatus();
}

absl::Status TokenMaker::AddVolatile(const LoadedField& field, std::string_view value,
                                     const v1::TokenSettings& settings, v1::TokenValue* out) {
  if (!settings.metadata().empty() || !settings.subject().empty()) {
    return InvalidField(settings.subject().empty() ? "settings.metadata" : "settings.subject",
                        "is not for CVVs, of which nothing is stored");
  }
  FIELDKMS_ASSIGN_OR_RETURN(const std::chrono::seconds life, LifeOf(field, settings));
  ServiceContext& service = run_.context().service;
  FIELDKMS_ASSIGN_OR_RETURN(*out->mutable_token(), service.volatile_values.Put(field, value, life));
  ToProto(service.clock.Now() + life, out->mutable_expire_time());
  return absl::OkStatus();
}

void TokenMaker::Finish(const FailItemFunction& fail) {
  ForEachField(drafts_, [&](const LoadedField& field, const std::vector<Draft*>& part) {
    Put(field, part, fail);
  });
  drafts_.clear();
}

absl::Status TokenMaker::Redraw(const LoadedField& field, Draft* draft) {
  // All that a token has of its value it has of the token before.
  const std::string before = draft->record.token;
  FIELDKMS_RETURN_IF_ERROR(DrawToken(field.policy.token->text, before, &draft->record.token));
  return seal_.Seal(field, draft->record.token, draft->value, draft->record.subject,
                    &draft->record.sealed);
}

absl::Status TokenMaker::RenewSubjects(const LoadedField& field,
                                       const std::vector<Draft*>& drafts) {
  std::vector<SubjectKeys::Use> uses;
  for (const Draft* const draft : drafts) {
    if (!draft->subject.empty()) uses.push_back({draft->subject, field.record.field_id});
  }
  for (const SubjectKeys::Use& use : uses) subjects_.Forget(use);
  FIELDKMS_RETURN_IF_ERROR(subjects_.Ensure(uses));
  for (Draft* const draft : drafts) {
    if (draft->subject.empty()) continue;
    TokenRecord& record = draft->record;
    FIELDKMS_ASSIGN_OR_RETURN(record.subject,
                              subjects_.HandleOf({draft->subject, field.record.field_id}));
    FIELDKMS_RETURN_IF_ERROR(
        seal_.Seal(field, record.token, draft->value, record.subject, &record.sealed));
  }
  return absl::OkStatus();
}

void TokenMaker::Put(const LoadedField& field, std::vector<Draft*> drafts,
                     const FailItemFunction& fail) {
  RunContext& context = run_.context();
  const bool convergent = field.policy.token->convergent;
  for (int draws = 1; !drafts.empty(); ++draws) {
    std::vector<TokenRecord> records;
    records.reserve(drafts.size());
    for (Draft* const draft : drafts) records.push_back(std::move(draft->record));
    const auto put = context.service.tokens.PutTokens(
        DomainOf(field), records, context.service.clock.Now(), context.deadline);
    for (size_t i = 0; i < drafts.size(); ++i) drafts[i]->record = std::move(records[i]);
    if (ReasonOf(put.status()) == Reason::kSubjectNotFound && draws < kMostDraws &&
        RenewSubjects(field, drafts).ok()) {
      continue;
    }
    if (!put.ok()) {
      for (const Draft* const draft : drafts) fail(draft->item, put.status());
      return;
    }
    std::vector<Draft*> again;
    for (size_t i = 0; i < drafts.size(); ++i) {
      Draft* const draft = drafts[i];
      if ((*put)[i].result != PutResult::kTaken) {
        Fill((*put)[i], convergent, draft->out);
        continue;
      }
      const absl::Status drawn = draws < kMostDraws ? Redraw(field, draft) : NoneFree(field);
      if (drawn.ok()) {
        again.push_back(draft);
      } else {
        fail(draft->item, drawn);
      }
    }
    drafts = std::move(again);
  }
}

}  // namespace fieldkms
