// Reading the bytes of a request as a message, with bounds on what they cost.
#ifndef FIELDKMS_KMS_RPC_MESSAGE_READER_H_
#define FIELDKMS_KMS_RPC_MESSAGE_READER_H_

#include <grpcpp/support/byte_buffer.h>

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace fieldkms {

inline constexpr size_t kMaxRequestSize = 4u << 20;  // of a request, encoded
// An empty message is two bytes on the wire and a hundred in memory. 10,000 items with
// 16 entries of context each are 170,000 messages.
inline constexpr int kMaxRequestMessages = 200'000;

// ReadMessage reads `received` into `message`. Errors: kInvalidArgument, reason
// kRequestTooLarge, beyond kMaxRequestSize bytes or kMaxRequestMessages messages and
// unknown fields in all (CountMessages); reason kRequestMalformed for bytes that are no
// such message.
// `message` then holds what was read so far: to be wiped, not to be used.
// `received` is left as it was; gRPC's reader asks for a pointer.
absl::Status ReadMessage(grpc::ByteBuffer* received, google::protobuf::Message* message);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_RPC_MESSAGE_READER_H_
