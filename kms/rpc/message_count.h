// What a message on the wire will cost in memory, before it is parsed.
#ifndef FIELDKMS_KMS_RPC_MESSAGE_COUNT_H_
#define FIELDKMS_KMS_RPC_MESSAGE_COUNT_H_

#include <optional>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/zero_copy_stream.h"

namespace fieldkms {

// CountMessages counts the messages within a message of `type`, and the fields that its
// type does not know or knows as another kind of value, which protobuf keeps as well;
// it stops at most + 1. nullopt: the bytes are no such message. It reads all of `bytes`,
// builds nothing, and recurses as deep as the types do: none of ours contains itself.
std::optional<int> CountMessages(const google::protobuf::Descriptor& type,
                                 google::protobuf::io::ZeroCopyInputStream* bytes, int most);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_RPC_MESSAGE_COUNT_H_
