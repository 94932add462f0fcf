// The PostgreSQL extension's readers of contexts, envelopes and their text form, in C: they take
// what the service's take, and nothing else.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/context.h"
#include "crypto/envelope.h"
#include "sql/extension/context_writer.h"
#include "sql/extension/envelope_reader.h"
#include "tests/fuzz/require.h"

namespace fieldkms {
namespace {

void ReadsContexts(std::string_view bytes) {
  KmsEntry entries[KMS_CONTEXT_MOST_ENTRIES];
  size_t count = 0;
  const bool read =
      kms_context_read(kms_bytes(bytes.data(), bytes.size()), entries, &count) == nullptr;
  Require(read == ParseContext(bytes).ok());
  if (!read) return;
  size_t size = 0;
  Require(kms_context_prepare(entries, count, &size) == nullptr && size == bytes.size());
  std::string again(size, 'x');
  Require(kms_context_put(again.data(), entries, count) == again.data() + size && again == bytes);
}

void ReadsEnvelopes(std::string_view bytes) {
  KmsEnvelope envelope;
  const auto service = ParseEnvelope(AsBytes(bytes));
  Require(kms_envelope_read(kms_bytes(bytes.data(), bytes.size()), &envelope) == service.ok());
  if (!service.ok()) return;
  Require(envelope.key_id == service->header.key_id && envelope.version == service->header.version);
  Require(envelope.suite == static_cast<unsigned>(service->header.suite));
}

void ReadsText(std::string_view text) {
  std::vector<char> decoded(text.size() + 1);
  size_t size = 0;
  const auto service = DecodeText(text);
  Require(kms_text_read(kms_bytes(text.data(), text.size()), decoded.data(), &size) ==
          service.ok());
  if (service.ok()) Require(std::string_view(decoded.data(), size) == *service);
}

}  // namespace
}  // namespace fieldkms

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fieldkms;
  const std::string_view bytes = AsText(ByteView(data, size));
  ReadsContexts(bytes);
  ReadsEnvelopes(bytes);
  ReadsText(bytes);
  return 0;
}
