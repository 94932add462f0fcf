// mac compute --lines and mac verify --lines.
#ifndef FIELDKMS_CLIENTS_CLI_MAC_LINES_H_
#define FIELDKMS_CLIENTS_CLI_MAC_LINES_H_

#include <string>

#include "clients/cli/line_mode.h"
#include "fieldkms/v1/crypto_service.pb.h"

namespace fieldkms {

// Each line is data; its MAC comes out in base64.
class ComputeMacLines : public BatchCodec<v1::BatchComputeMacRequest, v1::BatchComputeMacResponse> {
 public:
  explicit ComputeMacLines(v1::BatchComputeMacRequest shared);
  absl::Status Add(ByteView line) override;
  absl::Status AppendText(int index, WipedBuffer* out) const override;
  void AppendJson(int index, WipedBuffer* out) const override;
};

// Each line is a MAC in base64, a tab, and the data (as `paste` joins two files);
// "valid" or "not valid" comes out.
class VerifyMacLines : public BatchCodec<v1::BatchVerifyMacRequest, v1::BatchVerifyMacResponse> {
 public:
  explicit VerifyMacLines(v1::BatchVerifyMacRequest shared);
  absl::Status Add(ByteView line) override;
  absl::Status Send(Client* client) override;
  absl::Status AppendText(int index, WipedBuffer* out) const override;
  void AppendJson(int index, WipedBuffer* out) const override;

  // Whether all MACs so far are valid that could be looked at.
  bool all_valid() const { return all_valid_; }

 private:
  bool all_valid_ = true;
};

// What the results show under --json, alone or in a line; without the braces.
std::string ComputedMacJson(const std::string& mac, uint32_t key_version);
std::string VerifiedMacJson(bool valid, uint32_t key_version);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_MAC_LINES_H_
