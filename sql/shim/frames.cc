#include "sql/shim/frames.h"

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/field/wiped_text.h"
#include "crypto/status.h"
#include "crypto/utf8.h"

namespace fieldkms::shim {
namespace {

constexpr size_t kMostText = 0xFFFF;

constexpr std::array<FrameShape, 11> kShapes = {{
    {},
    {"encrypt", 2, 1},
    {"decrypt", 2, 1},
    {"rewrap", 3, 1},
    {"protect", 3, 7},
    {"reveal", 5, 1},
    {"mask", 1, 1},
    {"tokenize", 2, 1},
    {"detokenize", 1, 1},
    {"blind_index", 1, 2},
    {"validate", 1, 3},
}};

absl::Status Malformed(std::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kRequestMalformed, what);
}

bool IsUtf8(std::string_view text) {
  char32_t point;
  while (!text.empty()) {
    if (!TakeCodePoint(&text, &point)) return false;
  }
  return true;
}

// Takes numbers and bytes off the front of a frame; false where they end too early.
class Taker {
 public:
  explicit Taker(std::string_view left) : left_(left) {}

  bool Number(size_t size, uint32_t* out) {
    if (left_.size() < size) return false;
    *out = 0;
    for (const char c : left_.substr(0, size)) *out = (*out << 8) | static_cast<uint8_t>(c);
    left_.remove_prefix(size);
    return true;
  }
  bool Bytes(size_t size, std::string_view* out) {
    if (left_.size() < size) return false;
    *out = left_.substr(0, size);
    left_.remove_prefix(size);
    return true;
  }
  bool Text(std::string_view* out) {
    uint32_t size = 0;
    return Number(2, &size) && Bytes(size, out) && IsUtf8(*out);
  }
  bool Part(FramePart* out) {
    uint32_t size = 0;
    if (!Number(4, &size)) return false;
    if (size == FIELDKMS_FRAME_ABSENT) return true;
    return Bytes(size, &out->emplace());
  }
  size_t left() const { return left_.size(); }

 private:
  std::string_view left_;
};

void PutNumber(size_t size, uint32_t value, std::string* out) {
  for (size_t i = size; i-- > 0;) out->push_back(static_cast<char>(value >> (8 * i)));
}

void PutText(std::string_view text, std::string* out) {
  text = text.substr(0, kMostText);
  PutNumber(2, static_cast<uint32_t>(text.size()), out);
  out->append(text);
}

void PutPart(FramePart part, std::string* out) {
  PutNumber(4, part ? static_cast<uint32_t>(part->size()) : FIELDKMS_FRAME_ABSENT, out);
  if (part) out->append(*part);
}

void PutHead(FrameOp op, std::string* out) {
  out->append(FIELDKMS_FRAME_MAGIC, FIELDKMS_FRAME_MAGIC_SIZE);
  out->push_back(static_cast<char>(op));
}

void PutError(const FrameError& error, std::string* out) {
  out->push_back(static_cast<char>(error.kind));
  PutText(error.reason, out);
  PutText(error.field, out);
  PutText(error.message, out);
  PutNumber(4, error.retry, out);
}

FrameKind KindOf(const absl::Status& status, Reason reason) {
  if (reason == Reason::kDecryptFailed) return FIELDKMS_KIND_NOT_OPENED;
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return FIELDKMS_KIND_INVALID;
    case absl::StatusCode::kNotFound:
      return FIELDKMS_KIND_NOT_FOUND;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return FIELDKMS_KIND_DENIED;
    case absl::StatusCode::kAlreadyExists:
      return FIELDKMS_KIND_EXISTS;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return FIELDKMS_KIND_STATE;
    case absl::StatusCode::kResourceExhausted:
      return FIELDKMS_KIND_TOO_MUCH;
    case absl::StatusCode::kUnavailable:
      return FIELDKMS_KIND_UNAVAILABLE;
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
      return FIELDKMS_KIND_DEADLINE;
    default:
      return FIELDKMS_KIND_BUG;
  }
}

// "items[3].plaintext" is the item's own "plaintext".
std::string OfItem(std::string field) {
  if (!field.starts_with("items[")) return field;
  const size_t end = field.find(']');
  if (end == std::string::npos) return field;
  return end + 1 < field.size() && field[end + 1] == '.' ? field.substr(end + 2) : std::string();
}

}  // namespace

FrameShape ShapeOf(uint8_t op) { return op < kShapes.size() ? kShapes[op] : FrameShape(); }

absl::StatusOr<Frame> ParseFrame(std::string_view bytes) {
  if (!bytes.starts_with(std::string_view(FIELDKMS_FRAME_MAGIC, FIELDKMS_FRAME_MAGIC_SIZE))) {
    return Malformed("this is no frame of version 1");
  }
  Taker taker(bytes.substr(FIELDKMS_FRAME_MAGIC_SIZE));
  Frame frame;
  uint32_t op = 0, count = 0;
  if (!taker.Number(1, &op) || ShapeOf(static_cast<uint8_t>(op)).parts_of_item == 0) {
    return Malformed("the frame asks for an op that is not known");
  }
  frame.op = static_cast<FrameOp>(op);
  if (!taker.Number(4, &frame.deadline) || frame.deadline == 0) {
    return Malformed("the frame has no deadline");
  }
  if (!taker.Text(&frame.session_user) || !taker.Text(&frame.current_role) ||
      !taker.Text(&frame.database) || !taker.Text(&frame.tenant) || !taker.Text(&frame.name) ||
      !taker.Text(&frame.detail) || !taker.Number(4, &count)) {
    return Malformed("the head of the frame is cut, or no UTF-8");
  }
  if (count > FIELDKMS_FRAME_MOST_ITEMS) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::kTooManyItems,
                 "a frame has at most 10,000 items");
  }
  const size_t parts = count * ShapeOf(static_cast<uint8_t>(op)).parts_of_item;
  // Each takes four bytes at least.
  if (parts > taker.left() / 4) return Malformed("the frame is cut");
  frame.parts.resize(parts);
  for (FramePart& part : frame.parts) {
    if (!taker.Part(&part)) return Malformed("the frame is cut");
  }
  if (taker.left() > 0) return Malformed("the frame has bytes behind its last item");
  return frame;
}

std::string EncodeFrame(const Frame& frame) {
  std::string out;
  PutHead(frame.op, &out);
  PutNumber(4, frame.deadline, &out);
  for (const std::string_view text : {frame.session_user, frame.current_role, frame.database,
                                      frame.tenant, frame.name, frame.detail}) {
    PutText(text, &out);
  }
  PutNumber(4, static_cast<uint32_t>(frame.count()), &out);
  for (const FramePart& part : frame.parts) PutPart(part, &out);
  return out;
}

FrameError ToFrameError(const absl::Status& status) {
  const Reason reason = PublicReason(ReasonOf(status));
  FrameError error;
  error.kind = KindOf(status, reason);
  error.reason = ReasonName(reason);
  if (reason == Reason::kDecryptFailed) {
    error.message = MessageOf(DecryptError(Reason::kDecryptFailed));
  } else if (HasReason(status)) {
    error.message = MessageOf(status);
    error.field = OfItem(FieldOf(status));
  } else {
    error.message = absl::StatusCodeToString(status.code());
  }
  return error;
}

std::string EncodeFailure(FrameOp op, const FrameError& error) {
  std::string out;
  PutHead(op, &out);
  out.push_back('\x01');
  PutError(error, &out);
  return out;
}

AnswerWriter::AnswerWriter(FrameOp op, size_t count, size_t size) {
  out_.reserve(FIELDKMS_FRAME_MAGIC_SIZE + 6 + size);
  PutHead(op, &out_);
  out_.push_back('\0');
  PutNumber(4, static_cast<uint32_t>(count), &out_);
}

AnswerWriter::~AnswerWriter() { WipeString(&out_); }

void AnswerWriter::Begin() {
  MakeRoom(1, &out_);
  out_.push_back('\0');
}

void AnswerWriter::Part(FramePart part) {
  MakeRoom(5 + (part ? part->size() : 0), &out_);
  PutPart(part, &out_);
}

void AnswerWriter::PartOf(uint32_t number) {
  uint8_t bytes[4];
  PutU32(bytes, number);
  Part(AsText(bytes));
}

void AnswerWriter::Fail(const FrameError& error) {
  MakeRoom(16 + error.reason.size() + error.field.size() + error.message.size(), &out_);
  out_.push_back('\x01');
  PutError(error, &out_);
}

std::string AnswerWriter::Take() { return std::exchange(out_, std::string()); }

}  // namespace fieldkms::shim
