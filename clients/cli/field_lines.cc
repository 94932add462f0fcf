#include "clients/cli/field_lines.h"

#include <fmt/format.h>

#include "clients/cli/base64_text.h"
#include "clients/cli/ciphertext.h"
#include "clients/cli/field_report.h"
#include "crypto/envelope.h"
#include "crypto/hex.h"
#include "crypto/status.h"

namespace fieldkms {

std::string Members(const Json& json) {
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.substr(1, text.size() - 2);
}

absl::Status AppendOneLine(std::string_view value, WipedBuffer* out) {
  if (value.find('\n') != std::string_view::npos) {
    return Error(absl::StatusCode::kOutOfRange, Reason::kUnspecified,
                 "the value has a line break in it; --json can show it");
  }
  AppendText(value, out);
  return absl::OkStatus();
}

void AppendJsonString(std::string_view value, WipedBuffer* out) {
  out->push_back('"');
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(byte);
    } else if (byte < 0x20) {
      AppendText(fmt::format("\\u{:04x}", byte), out);
    } else {
      out->push_back(byte);
    }
  }
  out->push_back('"');
}

template <class Item>
absl::Status SetSource(std::string_view text, uint32_t fpe_version, Item* item) {
  if (fpe_version != 0) {
    item->mutable_fpe()->set_text(std::string(text));
    item->mutable_fpe()->set_key_version(fpe_version);
    return absl::OkStatus();
  }
  if (text.starts_with('{') || text.starts_with('[')) {
    item->set_document(std::string(text));
    return absl::OkStatus();
  }
  FIELDKMS_ASSIGN_OR_RETURN(std::string envelope, EnvelopeFromLine(text));
  item->set_ciphertext(std::move(envelope));
  return absl::OkStatus();
}
template absl::Status SetSource(std::string_view, uint32_t, v1::RevealRequest*);
template absl::Status SetSource(std::string_view, uint32_t, v1::BatchRevealRequest::Item*);

absl::Status ProtectLines::Add(ByteView line) {
  FIELDKMS_RETURN_IF_ERROR(FieldCodec::Add(line));
  if (!subject_.empty()) request_.mutable_items()->rbegin()->set_subject(subject_);
  return absl::OkStatus();
}

absl::Status ProtectLines::AppendText(int index, WipedBuffer* out) const {
  const v1::ProtectedValue& made = response_.results(index).protected_value();
  if (!made.ciphertext().empty()) {
    fieldkms::AppendText(EncodeText(AsBytes(made.ciphertext())), out);
    return absl::OkStatus();
  }
  if (!made.document().empty()) return AppendOneLine(made.document(), out);
  return AppendOneLine(made.has_fpe() ? made.fpe().text() : made.token().token(), out);
}

void ProtectLines::AppendJson(int index, WipedBuffer* out) const {
  fieldkms::AppendText(Members(ProtectedJson(response_.results(index).protected_value())), out);
}

RevealLines::RevealLines(v1::BatchRevealRequest shared, uint32_t fpe_version)
    : BatchCodec(std::move(shared),
                 [](Client* client, const v1::BatchRevealRequest& request) {
                   return FieldClient(*client).BatchReveal(request);
                 }),
      fpe_version_(fpe_version) {}

absl::Status RevealLines::Add(ByteView line) {
  v1::BatchRevealRequest::Item item;
  FIELDKMS_RETURN_IF_ERROR(SetSource(AsText(line), fpe_version_, &item));
  request_.add_items()->Swap(&item);
  return absl::OkStatus();
}

absl::Status RevealLines::AppendText(int index, WipedBuffer* out) const {
  return AppendOneLine(response_.results(index).value(), out);
}

void RevealLines::AppendJson(int index, WipedBuffer* out) const {
  const auto& result = response_.results(index);
  AppendRevealedJson(result.value(), result.view(), result.key_version(), out);
}

absl::Status MaskLines::AppendText(int index, WipedBuffer* out) const {
  return AppendOneLine(response_.results(index).mask(), out);
}

void MaskLines::AppendJson(int index, WipedBuffer* out) const {
  fieldkms::AppendText(Members({{"mask", response_.results(index).mask()}}), out);
}

absl::Status IndexLines::AppendText(int index, WipedBuffer* out) const {
  fieldkms::AppendText(IndexesText(response_.results(index).indexes()), out);
  return absl::OkStatus();
}

void IndexLines::AppendJson(int index, WipedBuffer* out) const {
  fieldkms::AppendText(IndexesJson(response_.results(index).indexes()), out);
}

absl::Status ValidateLines::Send(Client* client) {
  FIELDKMS_RETURN_IF_ERROR(BatchCodec::Send(client));
  all_valid_ = all_valid_ && response_.invalid_count() == 0;
  return absl::OkStatus();
}

absl::Status ValidateLines::AppendText(int index, WipedBuffer* out) const {
  const v1::Verdict& verdict = response_.results(index).verdict();
  fieldkms::AppendText(verdict.valid() ? "valid" : verdict.rule(), out);
  return absl::OkStatus();
}

void ValidateLines::AppendJson(int index, WipedBuffer* out) const {
  fieldkms::AppendText(VerdictJson(response_.results(index).verdict()), out);
}

void AppendRevealedJson(std::string_view value, v1::View view, uint32_t key_version,
                        WipedBuffer* out) {
  AppendText("\"value\":", out);
  AppendJsonString(value, out);
  AppendText(fmt::format(",\"view\":\"{}\",\"key_version\":{}", ViewName(view), key_version), out);
}

std::string IndexesJson(const v1::BlindIndexValue& indexes) {
  Json older = Json::array();
  for (const std::string& index : indexes.older()) older.push_back(EncodeHex(AsBytes(index)));
  return Members({{"index", EncodeHex(AsBytes(indexes.index()))}, {"older", std::move(older)}});
}

std::string IndexesText(const v1::BlindIndexValue& indexes) {
  std::string text = EncodeHex(AsBytes(indexes.index()));
  for (const std::string& index : indexes.older()) text += ' ' + EncodeHex(AsBytes(index));
  return text;
}

std::string VerdictJson(const v1::Verdict& verdict) {
  Json json = {{"valid", verdict.valid()}};
  if (!verdict.valid()) {
    json["rule"] = verdict.rule();
    json["says"] = verdict.says();
    json["source"] = verdict.source();
  }
  return Members(json);
}

}  // namespace fieldkms
