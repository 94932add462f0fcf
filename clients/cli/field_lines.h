// protect, reveal, mask, index and validate with --lines.
#ifndef FIELDKMS_CLIENTS_CLI_FIELD_LINES_H_
#define FIELDKMS_CLIENTS_CLI_FIELD_LINES_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "clients/cli/line_mode.h"
#include "clients/cpp/field_client.h"
#include "fieldkms/v1/field_service.pb.h"

namespace fieldkms {

// FieldCodec is what these codecs have in common: each line is a value. `Call`: the method of
// FieldClient.
template <class Request, class Response>
class FieldCodec : public BatchCodec<Request, Response> {
 public:
  using Method = absl::StatusOr<Response> (FieldClient::*)(const Request&);
  FieldCodec(Request shared, Method method)
      : BatchCodec<Request, Response>(std::move(shared),
                                      [method](Client* client, const Request& request) {
                                        FieldClient fields(*client);
                                        return (fields.*method)(request);
                                      }) {}
  absl::Status Add(ByteView line) override {
    this->request_.add_items()->set_value(line.data(), line.size());
    return absl::OkStatus();
  }
};

// As text: the ciphertext in text form, of JSON the document, else the FPE text, else the token.
class ProtectLines : public FieldCodec<v1::BatchProtectRequest, v1::BatchProtectResponse> {
 public:
  // `subject`: of every value; empty: of none.
  ProtectLines(v1::BatchProtectRequest shared, std::string subject)
      : FieldCodec(std::move(shared), &FieldClient::BatchProtect), subject_(std::move(subject)) {}
  absl::Status Add(ByteView line) override;
  absl::Status AppendText(int index, WipedBuffer* out) const override;
  void AppendJson(int index, WipedBuffer* out) const override;

 private:
  const std::string subject_;
};

// Each line is what ProtectLines writes: a ciphertext, a document ("{" or "[" first) or, with
// `fpe_version` not 0, FPE text of that version.
class RevealLines : public BatchCodec<v1::BatchRevealRequest, v1::BatchRevealResponse> {
 public:
  RevealLines(v1::BatchRevealRequest shared, uint32_t fpe_version);
  absl::Status Add(ByteView line) override;
  absl::Status AppendText(int index, WipedBuffer* out) const override;
  void AppendJson(int index, WipedBuffer* out) const override;

 private:
  const uint32_t fpe_version_;
};

class MaskLines : public FieldCodec<v1::BatchMaskRequest, v1::BatchMaskResponse> {
 public:
  explicit MaskLines(v1::BatchMaskRequest shared)
      : FieldCodec(std::move(shared), &FieldClient::BatchMask) {}
  absl::Status AppendText(int index, WipedBuffer* out) const override;
  void AppendJson(int index, WipedBuffer* out) const override;
};

// As text: the index, and after blanks the older ones.
class IndexLines : public FieldCodec<v1::BatchBlindIndexRequest, v1::BatchBlindIndexResponse> {
 public:
  explicit IndexLines(v1::BatchBlindIndexRequest shared)
      : FieldCodec(std::move(shared), &FieldClient::BatchBlindIndex) {}
  absl::Status AppendText(int index, WipedBuffer* out) const override;
  void AppendJson(int index, WipedBuffer* out) const override;
};

// As text: "valid", or the rule that is broken.
class ValidateLines : public FieldCodec<v1::BatchValidateRequest, v1::BatchValidateResponse> {
 public:
  explicit ValidateLines(v1::BatchValidateRequest shared)
      : FieldCodec(std::move(shared), &FieldClient::BatchValidate) {}
  absl::Status Send(Client* client) override;
  absl::Status AppendText(int index, WipedBuffer* out) const override;
  void AppendJson(int index, WipedBuffer* out) const override;

  bool all_valid() const { return all_valid_; }

 private:
  bool all_valid_ = true;
};

// The source of a value to reveal: see RevealLines. Error: DecryptError for text that is none.
template <class Item>
absl::Status SetSource(std::string_view text, uint32_t fpe_version, Item* item);

// JSON without the braces around it.
std::string Members(const Json& json);

// Appends a value as text of one line. Error: kOutOfRange where it has a line break.
absl::Status AppendOneLine(std::string_view value, WipedBuffer* out);

// Appends a value as a JSON string, into a buffer that is wiped: no library's string has it.
void AppendJsonString(std::string_view value, WipedBuffer* out);

// Results, alone or in a line, as members of a JSON object without its braces.
void AppendRevealedJson(std::string_view value, v1::View view, uint32_t key_version,
                        WipedBuffer* out);
std::string IndexesJson(const v1::BlindIndexValue& indexes);
std::string IndexesText(const v1::BlindIndexValue& indexes);
std::string VerdictJson(const v1::Verdict& verdict);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_FIELD_LINES_H_
