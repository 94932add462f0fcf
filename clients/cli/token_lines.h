// tokenize, detokenize and erase with --lines.
#ifndef FIELDKMS_CLIENTS_CLI_TOKEN_LINES_H_
#define FIELDKMS_CLIENTS_CLI_TOKEN_LINES_H_

#include <string>

#include "clients/cli/field_lines.h"
#include "fieldkms/v1/field_service.pb.h"

namespace fieldkms {

// Each line is a value. As text: its token.
class TokenizeLines : public FieldCodec<v1::BatchTokenizeRequest, v1::BatchTokenizeResponse> {
 public:
  // `settings`: of every token.
  TokenizeLines(v1::BatchTokenizeRequest shared, v1::TokenSettings settings)
      : FieldCodec(std::move(shared), &FieldClient::BatchTokenize),
        settings_(std::move(settings)) {}
  absl::Status Add(ByteView line) override;
  absl::Status AppendText(int index, WipedBuffer* out) const override;
  void AppendJson(int index, WipedBuffer* out) const override;

 private:
  const v1::TokenSettings settings_;
};

// Each line is a token. As text: its value.
class DetokenizeLines : public BatchCodec<v1::BatchDetokenizeRequest, v1::BatchDetokenizeResponse> {
 public:
  explicit DetokenizeLines(v1::BatchDetokenizeRequest shared);
  absl::Status Add(ByteView line) override;
  absl::Status AppendText(int index, WipedBuffer* out) const override;
  void AppendJson(int index, WipedBuffer* out) const override;
};

// Each line is a token or, with `by_value`, a value. As text: how many tokens there were.
class EraseLines : public BatchCodec<v1::BatchEraseRequest, v1::BatchEraseResponse> {
 public:
  EraseLines(v1::BatchEraseRequest shared, bool by_value);
  absl::Status Add(ByteView line) override;
  absl::Status AppendText(int index, WipedBuffer* out) const override;
  void AppendJson(int index, WipedBuffer* out) const override;

 private:
  const bool by_value_;
};

// What Detokenize returned, alone (DetokenizeResponse) or in a line, as members of a JSON object
// without its braces.
template <class Result>
void AppendDetokenizedJson(const Result& result, WipedBuffer* out);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_TOKEN_LINES_H_
