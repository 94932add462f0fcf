// What each op of a frame is as a batch call of the service: its items, its results, its rights.
#ifndef FIELDKMS_SQL_SHIM_FRAME_OPS_H_
#define FIELDKMS_SQL_SHIM_FRAME_OPS_H_

#include <span>
#include <string>

#include "absl/status/status.h"
#include "kms/access/action.h"
#include "sql/shim/backend.h"
#include "sql/shim/frames.h"

namespace fieldkms::shim {

using FrameItem = std::span<const FramePart>;

// The right that an op takes.
Action ActionOf(FrameOp op);
// Whether its name is a field, and its detail a view.
bool IsOfField(FrameOp op);
bool HasView(FrameOp op);
// "masked", "bin_last4", "full". Error: InvalidField("view").
absl::StatusOr<v1::View> ParseView(std::string_view text);

// A required part. Error: InvalidField with `field`.
absl::StatusOr<std::string_view> Required(const FramePart& part, std::string_view field);

// Each op: Request and Response of its batch call; Shared puts what all items have in common into a
// request, Item one item (error: InvalidField of the part at fault), Result writes the result of
// one that succeeded.
struct EncryptOp {
  using Request = v1::BatchEncryptRequest;
  using Response = v1::BatchEncryptResponse;
  static auto& Batch(BatchCalls& calls) { return calls.encrypt; }
  static absl::Status Shared(const Frame& frame, Request* request);
  static absl::Status Item(FrameItem item, Request::Item* out);
  static void Result(const Response::Result& result, AnswerWriter* out);
};

struct DecryptOp {
  using Request = v1::BatchDecryptRequest;
  using Response = v1::BatchDecryptResponse;
  static auto& Batch(BatchCalls& calls) { return calls.decrypt; }
  static absl::Status Shared(const Frame& frame, Request* request);
  static absl::Status Item(FrameItem item, Request::Item* out);
  static void Result(const Response::Result& result, AnswerWriter* out);
};

struct RewrapOp {
  using Request = v1::BatchRewrapRequest;
  using Response = v1::BatchRewrapResponse;
  static auto& Batch(BatchCalls& calls) { return calls.rewrap; }
  static absl::Status Shared(const Frame& frame, Request* request);
  static absl::Status Item(FrameItem item, Request::Item* out);
  static void Result(const Response::Result& result, AnswerWriter* out);
};

struct ProtectOp {
  using Request = v1::BatchProtectRequest;
  using Response = v1::BatchProtectResponse;
  static auto& Batch(BatchCalls& calls) { return calls.protect; }
  static absl::Status Shared(const Frame& frame, Request* request);
  static absl::Status Item(FrameItem item, Request::Item* out);
  static void Result(const Response::Result& result, AnswerWriter* out);
};

struct RevealOp {
  using Request = v1::BatchRevealRequest;
  using Response = v1::BatchRevealResponse;
  static auto& Batch(BatchCalls& calls) { return calls.reveal; }
  static absl::Status Shared(const Frame& frame, Request* request);
  static absl::Status Item(FrameItem item, Request::Item* out);
  static void Result(const Response::Result& result, AnswerWriter* out);
};

struct MaskOp {
  using Request = v1::BatchMaskRequest;
  using Response = v1::BatchMaskResponse;
  static auto& Batch(BatchCalls& calls) { return calls.mask; }
  static absl::Status Shared(const Frame& frame, Request* request);
  static absl::Status Item(FrameItem item, Request::Item* out);
  static void Result(const Response::Result& result, AnswerWriter* out);
};

struct TokenizeOp {
  using Request = v1::BatchTokenizeRequest;
  using Response = v1::BatchTokenizeResponse;
  static auto& Batch(BatchCalls& calls) { return calls.tokenize; }
  static absl::Status Shared(const Frame& frame, Request* request);
  static absl::Status Item(FrameItem item, Request::Item* out);
  static void Result(const Response::Result& result, AnswerWriter* out);
};

struct DetokenizeOp {
  using Request = v1::BatchDetokenizeRequest;
  using Response = v1::BatchDetokenizeResponse;
  static auto& Batch(BatchCalls& calls) { return calls.detokenize; }
  static absl::Status Shared(const Frame& frame, Request* request);
  static absl::Status Item(FrameItem item, Request::Item* out);
  static void Result(const Response::Result& result, AnswerWriter* out);
};

struct BlindIndexOp {
  using Request = v1::BatchBlindIndexRequest;
  using Response = v1::BatchBlindIndexResponse;
  static auto& Batch(BatchCalls& calls) { return calls.blind_index; }
  static absl::Status Shared(const Frame& frame, Request* request);
  static absl::Status Item(FrameItem item, Request::Item* out);
  static void Result(const Response::Result& result, AnswerWriter* out);
};

struct ValidateOp {
  using Request = v1::BatchValidateRequest;
  using Response = v1::BatchValidateResponse;
  static auto& Batch(BatchCalls& calls) { return calls.validate; }
  static absl::Status Shared(const Frame& frame, Request* request);
  static absl::Status Item(FrameItem item, Request::Item* out);
  static void Result(const Response::Result& result, AnswerWriter* out);
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_FRAME_OPS_H_
