#include "rotation/column_values.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "clients/cpp/rpc_status.h"
#include "clients/cpp/wipe.h"
#include "crypto/bytes.h"
#include "crypto/status.h"
#include "crypto/utf8.h"
#include "rotation/cell.h"
#include "rotation/cell_faults.h"
#include "rotation/envelope_target.h"

namespace fieldkms::rotation {
namespace {

// Whether an error says that the value is at fault, and not that the service could not.
std::string_view FaultOf(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case Reason::kDecryptFailed:
      return kNotOpened;
    case Reason::kValueInvalid:
      return kNoValue;
    default:
      return {};
  }
}

// Runs `call` on a request made of those of `made` that are not bad, and gives each its result.
// `add` adds the request's item of one, `take` takes its result. Both messages are wiped.
template <class Request, class Call, class AddItem, class TakeResult>
absl::Status RunBatch(Request* request, const Call& call, MadeValues* made, const AddItem& add,
                      const TakeResult& take) {
  const WipeGuard wipe_request(request);
  std::vector<MadeValue*> asked;
  for (MadeValue& one : *made) {
    if (!one.bad.empty()) continue;
    add(one, request->add_items());
    asked.push_back(&one);
  }
  if (asked.empty()) return absl::OkStatus();
  auto response = call(*request);
  FIELDKMS_RETURN_IF_ERROR(response.status());
  const WipeGuard wipe_response(&*response);
  if (static_cast<size_t>(response->results_size()) != asked.size()) {
    return Bug("the service answered another number of values than it was asked");
  }
  for (size_t i = 0; i < asked.size(); ++i) {
    auto* const result = response->mutable_results(static_cast<int>(i));
    if (!result->has_error()) {
      FIELDKMS_RETURN_IF_ERROR(take(result, asked[i]));
      continue;
    }
    const absl::Status status = StatusOfItem(result->error());
    asked[i]->bad = FaultOf(status);
    if (asked[i]->bad.empty()) return status;
  }
  return absl::OkStatus();
}

// Whether a column of text can hold it.
bool IsText(std::string_view value) {
  char32_t point = 0;
  while (!value.empty()) {
    if (!TakeCodePoint(&value, &point) || point == 0) return false;
  }
  return true;
}

// What is made of plaintexts: bad ones stay so, and the plaintexts stay where they are.
MadeValues EmptyLike(const MadeValues& plaintexts) {
  MadeValues made(plaintexts.size());
  for (size_t i = 0; i < made.size(); ++i) {
    made[i].row = plaintexts[i].row;
    made[i].bad = plaintexts[i].bad;
  }
  return made;
}

}  // namespace

MadeValue::~MadeValue() { WipeText(&value); }

uint32_t IndexVersion(const std::optional<std::string>& index) {
  if (!index || index->size() < 2) return 0;
  const auto byte = [&](size_t i) { return uint32_t{static_cast<uint8_t>((*index)[i])}; };
  return byte(0) << 8 | byte(1);
}

uint32_t TextVersion(const std::optional<std::string>& version) {
  uint32_t number = 0;
  if (version) std::from_chars(version->data(), version->data() + version->size(), number);
  return number;
}

// Of cells that are one envelope; others are bad.
std::vector<std::string> ColumnValues::Envelopes(std::span<const TableRow> rows,
                                                 MadeValues* made) const {
  std::vector<std::string> envelopes(made->size());
  for (size_t i = 0; i < made->size(); ++i) {
    MadeValue& one = (*made)[i];
    auto found = EnvelopesIn(cipher_.shape, *rows[one.row].cells[column_]);
    if (found.ok() && found->size() == 1) {
      envelopes[i] = std::move(found->front());
    } else {
      one.bad = kMalformed;
    }
  }
  return envelopes;
}

MadeValues ColumnValues::Pick(std::span<const TableRow> rows,
                              std::span<const size_t> picked) const {
  MadeValues made(picked.size());
  for (size_t i = 0; i < picked.size(); ++i) {
    made[i].row = picked[i];
    if (cipher_.bound_to_row && !RowKeyOf(rows[picked[i]])) made[i].bad = kNoRowKey;
  }
  return made;
}

void ColumnValues::AddContext(const TableRow& row, ContextEntries* context) const {
  AddRowContext(plan_, column_, row, cipher_.bound_to_row ? RowKeyOf(row) : std::nullopt, context);
}

absl::Status ColumnValues::CheckTarget(const std::string& envelope) const {
  if (IsOfTarget(envelope, options_.target)) return absl::OkStatus();
  const std::optional<SealedUnder> under = SealedUnderOf(envelope);
  if (under && under->key_id == options_.target.key_id) return NotHeardOfTarget();
  return DatabaseRefused(
      "the field seals under another key than the job is about: has it been given another one? "
      "Start a job of that key");
}

// A document may have no member that is protected; and it may have had envelopes before.
absl::Status ColumnValues::TakeDocument(std::string_view source, std::string document,
                                        MadeValue* made) const {
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<std::string> before,
                            EnvelopesIn(cipher_.shape, source));
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<std::string> after,
                            EnvelopesIn(cipher_.shape, document));
  for (const std::string& envelope : after) {
    if (std::find(before.begin(), before.end(), envelope) != before.end()) continue;
    FIELDKMS_RETURN_IF_ERROR(CheckTarget(envelope));
  }
  made->value = std::move(document);
  return absl::OkStatus();
}

absl::Status ColumnValues::Take(const std::string& envelope, MadeValue* made) const {
  FIELDKMS_RETURN_IF_ERROR(CheckTarget(envelope));
  FIELDKMS_ASSIGN_OR_RETURN(made->value, CellOfEnvelope(cipher_.shape, envelope));
  return absl::OkStatus();
}

absl::StatusOr<MadeValues> ColumnValues::Open(std::span<const TableRow> rows,
                                              std::span<const size_t> picked) const {
  MadeValues made = Pick(rows, picked);
  return cipher_.field.empty() ? Decrypt(rows, std::move(made)) : Reveal(rows, std::move(made));
}

absl::StatusOr<MadeValues> ColumnValues::Reveal(std::span<const TableRow> rows,
                                                MadeValues made) const {
  std::vector<std::string> envelopes;
  if (!IsJson()) envelopes = Envelopes(rows, &made);
  v1::BatchRevealRequest request;
  request.set_tenant(options_.tenant);
  request.set_field(cipher_.field);
  request.set_view(v1::VIEW_FULL);
  AddColumnContext(cipher_, /*with_field=*/false, request.mutable_shared_context());
  FIELDKMS_RETURN_IF_ERROR(RunBatch(
      &request, calls_.reveal, &made,
      [&](const MadeValue& one, v1::BatchRevealRequest::Item* item) {
        AddContext(rows[one.row], item->mutable_context());
        if (IsJson()) {
          item->set_document(*rows[one.row].cells[column_]);
        } else {
          item->set_ciphertext(std::move(envelopes[static_cast<size_t>(&one - made.data())]));
        }
      },
      [](v1::BatchRevealResponse::Result* result, MadeValue* one) {
        one->value = result->value();
        one->version = result->key_version();
        return absl::OkStatus();
      }));
  return made;
}

absl::StatusOr<MadeValues> ColumnValues::Decrypt(std::span<const TableRow> rows,
                                                 MadeValues made) const {
  std::vector<std::string> envelopes = Envelopes(rows, &made);
  const bool holds_bytes = cipher_.companion_bytes || !cipher_.source.empty();
  v1::BatchDecryptRequest request;
  request.set_tenant(options_.tenant);
  AddColumnContext(cipher_, /*with_field=*/false, request.mutable_shared_context());
  FIELDKMS_RETURN_IF_ERROR(RunBatch(
      &request, calls_.decrypt, &made,
      [&](const MadeValue& one, v1::BatchDecryptRequest::Item* item) {
        AddContext(rows[one.row], item->mutable_context());
        item->set_ciphertext(std::move(envelopes[static_cast<size_t>(&one - made.data())]));
      },
      [holds_bytes](v1::BatchDecryptResponse::Result* result, MadeValue* one) {
        one->value = result->plaintext();
        one->version = result->key_version();
        if (!holds_bytes && !IsText(one->value)) one->bad = kNoText;
        return absl::OkStatus();
      }));
  return made;
}

absl::StatusOr<MadeValues> ColumnValues::OpenSource(const SourceOpener& opener,
                                                    std::span<const TableRow> rows,
                                                    std::span<const size_t> picked) const {
  std::vector<SourceCell> cells;
  cells.reserve(picked.size());
  for (const size_t row : picked) {
    SourceCell& cell = cells.emplace_back();
    cell.value = *rows[row].cells[CompanionSlot(plan_, column_)];
    cell.is_text = !cipher_.companion_bytes;
    for (const size_t beside : cipher_.source_columns) {
      cell.beside.emplace_back(rows[row].context[beside]);
    }
  }
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<SourceValue> opened, opener.Open(cells));
  if (opened.size() != picked.size()) return Bug("a source opened another number of values");
  MadeValues made(picked.size());
  for (size_t i = 0; i < picked.size(); ++i) {
    made[i].row = picked[i];
    made[i].bad = opened[i].bad;
    if (made[i].bad.empty()) made[i].value = AsText(opened[i].value);
  }
  return made;
}

absl::StatusOr<MadeValues> ColumnValues::Seal(std::span<const TableRow> rows,
                                              std::span<const size_t> picked,
                                              const SourceOpener* opener) const {
  MadeValues made = Pick(rows, picked);
  Plaintexts plaintexts;
  plaintexts.reserve(picked.size());
  if (opener == nullptr) {
    for (const size_t row : picked) {
      plaintexts.emplace_back(*rows[row].cells[CompanionSlot(plan_, column_)]);
    }
    return SealAll(rows, plaintexts, std::move(made));
  }
  FIELDKMS_ASSIGN_OR_RETURN(const MadeValues opened, OpenSource(*opener, rows, picked));
  for (size_t i = 0; i < picked.size(); ++i) {
    if (made[i].bad.empty()) made[i].bad = opened[i].bad;
    plaintexts.emplace_back(opened[i].value);
  }
  return SealAll(rows, plaintexts, std::move(made));
}

absl::StatusOr<MadeValues> ColumnValues::SealAll(std::span<const TableRow> rows,
                                                 const Plaintexts& plaintexts,
                                                 MadeValues made) const {
  return cipher_.field.empty() ? Encrypt(rows, plaintexts, std::move(made))
                               : Protect(rows, plaintexts, std::move(made));
}

absl::StatusOr<MadeValues> ColumnValues::Protect(std::span<const TableRow> rows,
                                                 const Plaintexts& plaintexts,
                                                 MadeValues made) const {
  const auto plaintext_of = [&](const MadeValue& one) {
    return plaintexts[static_cast<size_t>(&one - made.data())];
  };
  v1::BatchProtectRequest request;
  request.set_tenant(options_.tenant);
  request.set_field(cipher_.field);
  AddColumnContext(cipher_, /*with_field=*/false, request.mutable_shared_context());
  FIELDKMS_RETURN_IF_ERROR(RunBatch(
      &request, calls_.protect, &made,
      [&](const MadeValue& one, v1::BatchProtectRequest::Item* item) {
        AddContext(rows[one.row], item->mutable_context());
        const std::string_view plaintext = plaintext_of(one);
        item->set_value(plaintext.data(), plaintext.size());
      },
      [&](v1::BatchProtectResponse::Result* result, MadeValue* one) -> absl::Status {
        v1::ProtectedValue* const value = result->mutable_protected_value();
        one->version = value->key_version();
        one->index = std::move(*value->mutable_blind_index());
        if (!IsJson()) return Take(value->ciphertext(), one);
        return TakeDocument(plaintext_of(*one), std::move(*value->mutable_document()), one);
      }));
  return made;
}

absl::StatusOr<MadeValues> ColumnValues::Encrypt(std::span<const TableRow> rows,
                                                 const Plaintexts& plaintexts,
                                                 MadeValues made) const {
  v1::BatchEncryptRequest request;
  request.set_tenant(options_.tenant);
  request.set_key(options_.key);
  AddColumnContext(cipher_, /*with_field=*/false, request.mutable_shared_context());
  FIELDKMS_RETURN_IF_ERROR(RunBatch(
      &request, calls_.encrypt, &made,
      [&](const MadeValue& one, v1::BatchEncryptRequest::Item* item) {
        AddContext(rows[one.row], item->mutable_context());
        const std::string_view plaintext = plaintexts[static_cast<size_t>(&one - made.data())];
        item->set_plaintext(plaintext.data(), plaintext.size());
      },
      [&](v1::BatchEncryptResponse::Result* result, MadeValue* one) {
        one->version = result->key_version();
        return Take(result->ciphertext(), one);
      }));
  return made;
}

absl::StatusOr<MadeValues> ColumnValues::Index(const MadeValues& plaintexts) const {
  MadeValues made = EmptyLike(plaintexts);
  v1::BatchBlindIndexRequest request;
  request.set_tenant(options_.tenant);
  request.set_field(cipher_.field);
  FIELDKMS_RETURN_IF_ERROR(RunBatch(
      &request, calls_.blind_index, &made,
      [&](const MadeValue& one, v1::BatchBlindIndexRequest::Item* item) {
        item->set_value(plaintexts[static_cast<size_t>(&one - made.data())].value);
      },
      [&](v1::BatchBlindIndexResponse::Result* result, MadeValue* one) {
        one->value = std::move(*result->mutable_indexes()->mutable_index());
        one->version = IndexVersion(one->value);
        return one->version < options_.target.version ? NotHeardOfTarget() : absl::OkStatus();
      }));
  return made;
}

absl::StatusOr<MadeValues> ColumnValues::ReadTexts(std::span<const TableRow> rows,
                                                   std::span<const size_t> picked) const {
  const size_t companion = CompanionSlot(plan_, column_);
  MadeValues made(picked.size());
  for (size_t i = 0; i < picked.size(); ++i) {
    made[i].row = picked[i];
    made[i].version = TextVersion(rows[picked[i]].cells[companion]);
    if (made[i].version == 0) made[i].bad = kNoVersion;
  }
  v1::BatchRevealRequest request;
  request.set_tenant(options_.tenant);
  request.set_field(cipher_.field);
  request.set_view(v1::VIEW_FULL);
  FIELDKMS_RETURN_IF_ERROR(RunBatch(
      &request, calls_.reveal, &made,
      [&](const MadeValue& one, v1::BatchRevealRequest::Item* item) {
        item->mutable_fpe()->set_text(*rows[one.row].cells[column_]);
        item->mutable_fpe()->set_key_version(one.version);
      },
      [](v1::BatchRevealResponse::Result* result, MadeValue* one) {
        one->value = result->value();
        return absl::OkStatus();
      }));
  return made;
}

absl::StatusOr<MadeValues> ColumnValues::MakeTexts(const MadeValues& plaintexts) const {
  MadeValues made = EmptyLike(plaintexts);
  v1::BatchProtectRequest request;
  request.set_tenant(options_.tenant);
  request.set_field(cipher_.field);
  FIELDKMS_RETURN_IF_ERROR(RunBatch(
      &request, calls_.protect, &made,
      [&](const MadeValue& one, v1::BatchProtectRequest::Item* item) {
        item->set_value(plaintexts[static_cast<size_t>(&one - made.data())].value);
      },
      [&](v1::BatchProtectResponse::Result* result, MadeValue* one) {
        v1::FpeText* const text = result->mutable_protected_value()->mutable_fpe();
        one->value = std::move(*text->mutable_text());
        one->version = text->key_version();
        return one->version < options_.target.version ? NotHeardOfTarget() : absl::OkStatus();
      }));
  return made;
}

}  // namespace fieldkms::rotation
