#include "sql/extension/envelope_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "tests/unit/sql/extension/bytes_of.h"

namespace fieldkms::testing {
namespace {

std::string TextForm(std::string_view envelope) {
  std::string text(kms_text_size(envelope.size()), 'x');
  EXPECT_EQ(kms_text_put(text.data(), BytesOf(envelope)), text.data() + text.size());
  return text;
}

// Bytes that are an envelope more often than not.
std::string NearlyEnvelope() {
  std::string bytes = *rc::gen::container<std::string>(*rc::gen::inRange<size_t>(50, 90),
                                                       rc::gen::arbitrary<char>());
  bytes[0] = *rc::gen::element('\x11', '\x12', '\x13', '\x14', '\x21', '\0');
  if (*rc::gen::inRange(0, 4) == 0) bytes.replace(1, 8, 8, '\0');
  if (*rc::gen::inRange(0, 4) == 0) bytes.replace(9, 4, 4, '\0');
  return bytes;
}

RC_GTEST_PROP(EnvelopeReaderTest, ReadsWhatTheServiceReads, ()) {
  const std::string bytes = NearlyEnvelope();
  const auto service = ParseEnvelope(AsBytes(bytes));
  KmsEnvelope envelope;
  RC_ASSERT(kms_envelope_read(BytesOf(bytes), &envelope) == service.ok());
  if (!service.ok()) return;
  RC_ASSERT(envelope.suite == static_cast<unsigned>(service->header.suite));
  RC_ASSERT(envelope.key_id == service->header.key_id);
  RC_ASSERT(envelope.version == service->header.version);
  RC_ASSERT((envelope.subject.data == nullptr) == service->subject.empty());
  if (envelope.subject.data != nullptr) {
    RC_ASSERT(TextOf(envelope.subject) == AsText(service->subject));
  }
}

RC_GTEST_PROP(EnvelopeReaderTest, WritesTheTextFormOfTheService, ()) {
  const auto bytes = *rc::gen::arbitrary<std::string>();
  const std::string text = TextForm(bytes);
  RC_ASSERT(text == EncodeText(AsBytes(bytes)));
  std::string decoded(text.size(), 'x');
  size_t size = 0;
  RC_ASSERT(kms_text_read(BytesOf(text), decoded.data(), &size));
  RC_ASSERT(decoded.substr(0, size) == bytes);
}

RC_GTEST_PROP(EnvelopeReaderTest, ReadsTheTextFormThatTheServiceReads, ()) {
  std::string text = TextForm(*rc::gen::arbitrary<std::string>());
  text[*rc::gen::inRange<size_t>(0, text.size())] = *rc::gen::elementOf(std::string("Afk1.=-_ B"));
  text.resize(text.size() - *rc::gen::inRange<size_t>(0, 2));
  std::string decoded(text.size(), 'x');
  size_t size = 0;
  RC_ASSERT(kms_text_read(BytesOf(text), decoded.data(), &size) == DecodeText(text).ok());
}

}  // namespace
}  // namespace fieldkms::testing
