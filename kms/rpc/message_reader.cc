#include "kms/rpc/message_reader.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include "crypto/status.h"

namespace fieldkms {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// What is smaller cannot hold enough to matter, and is not counted: 13 MiB at worst.
constexpr size_t kMinCountedSize = 256u << 10;

absl::Status TooLarge(std::string_view rule) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kRequestTooLarge, rule);
}

absl::Status Malformed() {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kRequestMalformed,
               "the request is not a message of this method");
}

enum class Count { kWithin, kTooMany, kMalformed };

// Counts down *left by the messages and unknown fields of a message of `type`, which
// is all that `in` has up to its limit. Recursion is as deep as the types are, which
// is three; nothing of ours contains itself.
Count CountMessages(const Descriptor& type, CodedInputStream& in, int* left) {
  while (const uint32_t tag = in.ReadTag()) {
    const FieldDescriptor* field = type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
    const bool is_message =
        field != nullptr && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
        WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
    if ((is_message || field == nullptr) && --*left < 0) return Count::kTooMany;
    if (!is_message) {
      if (!WireFormatLite::SkipField(&in, tag)) return Count::kMalformed;
      continue;
    }
    uint32_t size = 0;
    if (!in.ReadVarint32(&size) || size > kMaxRequestSize) return Count::kMalformed;
    const CodedInputStream::Limit limit = in.PushLimit(static_cast<int>(size));
    const Count inner = CountMessages(*field->message_type(), in, left);
    if (inner != Count::kWithin) return inner;
    if (in.BytesUntilLimit() != 0) return Count::kMalformed;
    in.PopLimit(limit);
  }
  return in.ConsumedEntireMessage() ? Count::kWithin : Count::kMalformed;
}

Count CountMessages(const Descriptor& type, const grpc::ByteBuffer& received) {
  grpc::ByteBuffer buffer = received;  // shares the bytes
  grpc::ProtoBufferReader reader(&buffer);
  CodedInputStream in(&reader);
  int left = kMaxRequestMessages;
  return CountMessages(type, in, &left);
}

}  // namespace

absl::Status ReadMessage(const grpc::ByteBuffer& received, google::protobuf::Message* message) {
  const size_t size = received.Length();
  if (size > kMaxRequestSize) return TooLarge("a request may have 4 MiB encoded");
  if (size >= kMinCountedSize) {
    switch (CountMessages(*message->GetDescriptor(), received)) {
      case Count::kWithin:
        break;
      case Count::kTooMany:
        return TooLarge("a request may have 200,000 items and entries of contexts in all");
      case Count::kMalformed:
        return Malformed();
    }
  }
  grpc::ByteBuffer buffer = received;
  grpc::ProtoBufferReader reader(&buffer);
  const bool read = reader.status().ok() && message->ParseFromZeroCopyStream(&reader);
  return read ? absl::OkStatus() : Malformed();
}

}  // namespace fieldkms
