#include "kms/rpc/message_reader.h"

#include <grpcpp/support/proto_buffer_reader.h>

#include <optional>

#include "crypto/status.h"
#include "kms/rpc/message_count.h"

namespace fieldkms {
namespace {

// What is smaller cannot hold enough to matter, and is not counted: 13 MiB at worst.
constexpr size_t kMinCountedSize = 256u << 10;

absl::Status TooLarge(std::string_view rule) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kRequestTooLarge, rule);
}

absl::Status Malformed() {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kRequestMalformed,
               "the request is not a message of this method");
}

absl::Status CheckCount(const google::protobuf::Descriptor& type, grpc::ByteBuffer* received) {
  grpc::ProtoBufferReader reader(received);
  if (!reader.status().ok()) return Malformed();
  const std::optional<int> count = CountMessages(type, &reader, kMaxRequestMessages);
  if (!count) return Malformed();
  if (*count <= kMaxRequestMessages) return absl::OkStatus();
  return TooLarge("a request may have 200,000 items and entries of contexts in all");
}

}  // namespace

absl::Status ReadMessage(grpc::ByteBuffer* received, google::protobuf::Message* message) {
  const size_t size = received->Length();
  if (size > kMaxRequestSize) return TooLarge("a request may have 4 MiB encoded");
  if (size >= kMinCountedSize) {
    FIELDKMS_RETURN_IF_ERROR(CheckCount(*message->GetDescriptor(), received));
  }
  grpc::ProtoBufferReader reader(received);
  const bool read = reader.status().ok() && message->ParseFromZeroCopyStream(&reader);
  return read ? absl::OkStatus() : Malformed();
}

}  // namespace fieldkms
