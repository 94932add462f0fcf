// Frames of sql/wire/FRAMES.md, to and from bytes. Pure: no socket, no key, no rule.
#ifndef FIELDKMS_SQL_SHIM_FRAMES_H_
#define FIELDKMS_SQL_SHIM_FRAMES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sql/wire/frames.h"

namespace fieldkms::shim {

using FrameOp = fieldkms_frame_op;
using FrameKind = fieldkms_frame_kind;

// A part of an item or a result: nullopt is absent.
using FramePart = std::optional<std::string_view>;

struct FrameShape {
  std::string_view name;     // of the op, for logs
  size_t parts_of_item = 0;  // 0: there is no such op
  size_t parts_of_result = 0;
};
FrameShape ShapeOf(uint8_t op);

// A request: views into what it was read from.
struct Frame {
  FrameOp op = FIELDKMS_OP_ENCRYPT;
  uint32_t deadline = 1;  // milliseconds, never 0
  std::string_view session_user, current_role, database;
  std::string_view tenant, name, detail;
  std::vector<FramePart> parts;  // of all items, one after the other

  size_t count() const { return parts.size() / ShapeOf(op).parts_of_item; }
  std::span<const FramePart> item(size_t index) const {
    const size_t size = ShapeOf(op).parts_of_item;
    return std::span(parts).subspan(index * size, size);
  }
  friend bool operator==(const Frame&, const Frame&) = default;
};

// Errors: kInvalidArgument, kRequestMalformed, or kTooManyItems. Whatever parses, EncodeFrame makes
// the same bytes of.
absl::StatusOr<Frame> ParseFrame(std::string_view bytes);
std::string EncodeFrame(const Frame& frame);

// What is told of a failure.
struct FrameError {
  FrameKind kind = FIELDKMS_KIND_BUG;
  std::string reason, field, message;
  uint32_t retry = 0;
};
// All failures to decrypt alike. Of a status that is not of our making only its code is told.
FrameError ToFrameError(const absl::Status& status);

// The answer to a call that failed as a whole.
std::string EncodeFailure(FrameOp op, const FrameError& error);

// The answer to a call: for each item, in order, either Begin and each part of its result, or Fail.
class AnswerWriter {
 public:
  // `size`: about how many bytes are to come.
  AnswerWriter(FrameOp op, size_t count, size_t size);
  ~AnswerWriter();  // wipes what Take has not taken
  AnswerWriter(const AnswerWriter&) = delete;
  AnswerWriter& operator=(const AnswerWriter&) = delete;

  void Begin();
  void Part(FramePart part);
  void PartOf(uint32_t number);
  void Fail(const FrameError& error);
  std::string Take();

 private:
  std::string out_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_FRAMES_H_
