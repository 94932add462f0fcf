#include "clients/cli/token_lines.h"

#include <map>
#include <utility>

#include "clients/cli/base64_text.h"
#include "clients/cli/field_report.h"
#include "clients/cli/token_report.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

// A line of text as it is; one that ends as on Windows without that.
std::string TokenOf(ByteView line) {
  std::string token(AsText(line));
  if (token.ends_with('\r')) token.pop_back();
  return token;
}

}  // namespace

absl::Status TokenizeLines::Add(ByteView line) {
  FIELDKMS_RETURN_IF_ERROR(FieldCodec::Add(line));
  *request_.mutable_items()->rbegin()->mutable_settings() = settings_;
  return absl::OkStatus();
}

absl::Status TokenizeLines::AppendText(int index, WipedBuffer* out) const {
  fieldkms::AppendText(response_.results(index).token().token(), out);
  return absl::OkStatus();
}

void TokenizeLines::AppendJson(int index, WipedBuffer* out) const {
  fieldkms::AppendText(Members(TokenJson(response_.results(index).token())), out);
}

DetokenizeLines::DetokenizeLines(v1::BatchDetokenizeRequest shared)
    : BatchCodec(std::move(shared), [](Client* client, const v1::BatchDetokenizeRequest& request) {
        return FieldClient(*client).BatchDetokenize(request);
      }) {}

absl::Status DetokenizeLines::Add(ByteView line) {
  request_.add_items()->set_token(TokenOf(line));
  return absl::OkStatus();
}

absl::Status DetokenizeLines::AppendText(int index, WipedBuffer* out) const {
  return AppendOneLine(response_.results(index).value(), out);
}

void DetokenizeLines::AppendJson(int index, WipedBuffer* out) const {
  AppendDetokenizedJson(response_.results(index), out);
}

EraseLines::EraseLines(v1::BatchEraseRequest shared, bool by_value)
    : BatchCodec(std::move(shared),
                 [](Client* client, const v1::BatchEraseRequest& request) {
                   return FieldClient(*client).BatchErase(request);
                 }),
      by_value_(by_value) {}

absl::Status EraseLines::Add(ByteView line) {
  v1::BatchEraseRequest::Item* const item = request_.add_items();
  if (by_value_) {
    item->set_value(line.data(), line.size());
  } else {
    item->set_token(TokenOf(line));
  }
  return absl::OkStatus();
}

absl::Status EraseLines::AppendText(int index, WipedBuffer* out) const {
  fieldkms::AppendText(std::to_string(response_.results(index).erased_count()), out);
  return absl::OkStatus();
}

void EraseLines::AppendJson(int index, WipedBuffer* out) const {
  fieldkms::AppendText(Members({{"erased_count", response_.results(index).erased_count()}}), out);
}

template <class Result>
void AppendDetokenizedJson(const Result& result, WipedBuffer* out) {
  AppendText("\"value\":", out);
  AppendJsonString(result.value(), out);
  Json rest = {{"view", ViewName(result.view())}};
  // In the order of their names, in which the message does not have them.
  rest["metadata"] =
      std::map<std::string, std::string>(result.metadata().begin(), result.metadata().end());
  const auto time = [](bool set, const google::protobuf::Timestamp& value) {
    return set ? Json(TimeForJson(value)) : Json(nullptr);
  };
  rest["create_time"] = time(result.has_create_time(), result.create_time());
  rest["expire_time"] = time(result.has_expire_time(), result.expire_time());
  out->push_back(',');
  AppendText(Members(rest), out);
}
template void AppendDetokenizedJson(const v1::DetokenizeResponse&, WipedBuffer*);
template void AppendDetokenizedJson(const v1::BatchDetokenizeResponse::Result&, WipedBuffer*);

}  // namespace fieldkms
