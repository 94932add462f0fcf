// Answers of the shim, as the PostgreSQL extension reads them: an HTTP head and a frame. Whatever
// is taken re-encodes identically, and is taken by no prefix of it. The first two bytes say how
// many items were asked for, and of how many parts a result is.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sql/extension/frame_reader.h"
#include "sql/extension/frame_writer.h"
#include "sql/extension/http_head.h"
#include "sql/wire/frames.h"
#include "tests/fuzz/require.h"

namespace fieldkms {
namespace {

constexpr unsigned kOp = FIELDKMS_OP_PROTECT;

void PutText(KmsBytes text, std::string* out) {
  char size[2];
  kms_put_u16(size, static_cast<unsigned>(text.size));
  out->append(size, 2).append(text.data, text.size);
}

void PutFailure(const KmsFailure& failure, std::string* out) {
  out->push_back(static_cast<char>(failure.kind));
  PutText(failure.reason, out);
  PutText(failure.field, out);
  PutText(failure.message, out);
  char retry[4];
  kms_put_u32(retry, failure.retry_ms);
  out->append(retry, 4);
}

void PutParts(const std::vector<KmsBytes>& parts, std::string* out) {
  std::string bytes(kms_frame_item_size(parts.data(), static_cast<int>(parts.size())), 'x');
  // An absent part has no bytes of its own; it is counted with none.
  char* end = kms_frame_put_items(bytes.data(), parts.data(), parts.size());
  Require(end == bytes.data() + bytes.size());
  *out += bytes;
}

// The frame again, or "" if it is malformed.
std::string Reencoded(KmsBytes frame, uint32_t items, int part_count) {
  KmsAnswer answer;
  KmsFailure failure;
  std::string again("FK\x01", 3);
  again.push_back(static_cast<char>(kOp));
  const KmsRead opened = kms_answer_open(&answer, frame, kOp, items, &failure);
  if (opened == KMS_READ_MALFORMED) return "";
  again.push_back(opened == KMS_READ_RESULT ? '\0' : '\1');
  if (opened == KMS_READ_FAILURE) {
    PutFailure(failure, &again);
    return again;
  }
  char count[4];
  kms_put_u32(count, items);
  again.append(count, 4);
  for (uint32_t i = 0; i < items; ++i) {
    std::vector<KmsBytes> parts(static_cast<size_t>(part_count));
    const KmsRead read = kms_answer_next(&answer, part_count, parts.data(), &failure);
    if (read == KMS_READ_MALFORMED) return "";
    again.push_back(read == KMS_READ_RESULT ? '\0' : '\1');
    if (read == KMS_READ_RESULT) {
      PutParts(parts, &again);
    } else {
      PutFailure(failure, &again);
    }
  }
  return kms_answer_complete(&answer) ? again : "";
}

}  // namespace
}  // namespace fieldkms

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fieldkms;
  if (size < 2) return 0;
  const uint32_t items = data[0];
  const int part_count = 1 + data[1] % KMS_MOST_PARTS;
  const KmsBytes whole = kms_bytes(data + 2, size - 2);
  KmsHttpHead head;
  if (kms_http_read_head(whole, FIELDKMS_ANSWER_MOST_BYTES, &head) != KMS_HTTP_COMPLETE) return 0;
  Require(head.head_size <= whole.size && head.head_size <= KMS_HTTP_HEAD_MOST);
  Require(head.body_size <= FIELDKMS_ANSWER_MOST_BYTES);
  Require(head.status >= 200 && head.status <= 599);
  KmsHttpHead shorter;
  Require(kms_http_read_head(kms_bytes(whole.data, head.head_size - 1), FIELDKMS_ANSWER_MOST_BYTES,
                             &shorter) == KMS_HTTP_INCOMPLETE);
  const KmsBytes frame = kms_bytes(whole.data + head.head_size, whole.size - head.head_size);
  const std::string again = Reencoded(frame, items, part_count);
  if (again.empty()) return 0;
  Require(kms_bytes_equal(frame, kms_bytes(again.data(), again.size())));
  Require(Reencoded(kms_bytes(frame.data, frame.size - 1), items, part_count).empty());
  return 0;
}
