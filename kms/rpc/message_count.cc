#include "kms/rpc/message_count.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>

namespace fieldkms {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// Whether a value of this tag is what the field holds, rather than kept as unknown.
bool IsOfField(uint32_t tag, const FieldDescriptor* field) {
  if (field == nullptr) return false;
  const auto type = static_cast<WireFormatLite::FieldType>(field->type());
  const auto given = WireFormatLite::GetTagWireType(tag);
  if (given == WireFormatLite::WireTypeForFieldType(type)) return true;
  // Numbers that repeat come one by one or packed.
  return field->is_packable() && given == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
}

class Counter {
 public:
  Counter(CodedInputStream& in, int most) : in_(in), most_(most) {}

  // Counts in a message of `type`, which is all that there is up to the limit. False:
  // it is none.
  bool Message(const Descriptor& type) {
    while (count_ <= most_) {
      const uint32_t tag = in_.ReadTag();
      if (tag == 0) return in_.ConsumedEntireMessage();
      const FieldDescriptor* field = type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag));
      const bool known = IsOfField(tag, field);
      const bool is_message = known && field->type() == FieldDescriptor::TYPE_MESSAGE;
      if (!known || is_message) ++count_;
      if (!(is_message ? Inner(*field->message_type()) : WireFormatLite::SkipField(&in_, tag))) {
        return false;
      }
    }
    return true;
  }

  int count() const { return count_; }

 private:
  bool Inner(const Descriptor& type) {
    int size = 0;
    if (!in_.ReadVarintSizeAsInt(&size)) return false;
    const CodedInputStream::Limit limit = in_.PushLimit(size);
    if (!Message(type)) return false;
    if (count_ > most_) return true;
    in_.PopLimit(limit);
    return true;
  }

  CodedInputStream& in_;
  const int most_;
  int count_ = 0;
};

}  // namespace

std::optional<int> CountMessages(const Descriptor& type,
                                 google::protobuf::io::ZeroCopyInputStream* bytes, int most) {
  CodedInputStream in(bytes);
  Counter counter(in, most);
  if (!counter.Message(type)) return std::nullopt;
  return counter.count();
}

}  // namespace fieldkms
