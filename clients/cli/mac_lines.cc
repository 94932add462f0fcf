#include "clients/cli/mac_lines.h"

#include <fmt/format.h>

#include <utility>

#include "clients/cli/base64_text.h"
#include "crypto/status.h"

namespace fieldkms {

std::string ComputedMacJson(const std::string& mac, uint32_t key_version) {
  return fmt::format("\"mac_base64\":\"{}\",\"key_version\":{}", Base64Text(mac), key_version);
}

std::string VerifiedMacJson(bool valid, uint32_t key_version) {
  return fmt::format("\"valid\":{},\"key_version\":{}", valid, key_version);
}

ComputeMacLines::ComputeMacLines(v1::BatchComputeMacRequest shared)
    : BatchCodec(std::move(shared), &Client::BatchComputeMac) {}

absl::Status ComputeMacLines::Add(ByteView line) {
  request_.add_items()->set_data(line.data(), line.size());
  return absl::OkStatus();
}

absl::Status ComputeMacLines::AppendText(int index, WipedBuffer* out) const {
  fieldkms::AppendText(Base64Text(response_.results(index).mac()), out);
  return absl::OkStatus();
}

void ComputeMacLines::AppendJson(int index, WipedBuffer* out) const {
  const auto& result = response_.results(index);
  fieldkms::AppendText(ComputedMacJson(result.mac(), result.key_version()), out);
}

VerifyMacLines::VerifyMacLines(v1::BatchVerifyMacRequest shared)
    : BatchCodec(std::move(shared), &Client::BatchVerifyMac) {}

absl::Status VerifyMacLines::Add(ByteView line) {
  const std::string_view text = AsText(line);
  const size_t tab = text.find('\t');
  if (tab == std::string_view::npos) {
    return InvalidField("mac", "the line must be a MAC, a tab and the data");
  }
  FIELDKMS_ASSIGN_OR_RETURN(std::string mac, FromBase64Text(text.substr(0, tab), "mac"));
  auto* item = request_.add_items();
  item->set_mac(std::move(mac));
  item->set_data(text.data() + tab + 1, text.size() - tab - 1);
  return absl::OkStatus();
}

absl::Status VerifyMacLines::Send(Client* client) {
  FIELDKMS_RETURN_IF_ERROR(BatchCodec::Send(client));
  all_valid_ = all_valid_ && response_.invalid_count() == 0;
  return absl::OkStatus();
}

absl::Status VerifyMacLines::AppendText(int index, WipedBuffer* out) const {
  fieldkms::AppendText(response_.results(index).valid() ? "valid" : "not valid", out);
  return absl::OkStatus();
}

void VerifyMacLines::AppendJson(int index, WipedBuffer* out) const {
  const auto& result = response_.results(index);
  fieldkms::AppendText(VerifiedMacJson(result.valid(), result.key_version()), out);
}

}  // namespace fieldkms
