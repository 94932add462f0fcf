#include "crypto/envelope.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "crypto/random.h"
#include "tests/support/hex.h"
#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"
#include "tests/support/vectors.h"

namespace fieldkms {
namespace {

using ::testing::HasSubstr;

const std::string kVectors = testing::VectorsDir();
constexpr EnvelopeHeader kHeader = {Suite::kXaes256Gcm, 0x0102030405060708, 9};
constexpr EnvelopeHeader kCommitting = {Suite::kKcXaes256Gcm, 0x0102030405060708, 9};

XaesKey MakeKey(ByteView bytes) {
  return XaesKey::Create(SecretBytes::CopyOf(bytes).value()).value();
}

std::string Unhex(const std::string& hex) { return std::string(AsText(FromHex(hex))); }

// One of the vectors that an implementation apart from ours made.
struct Vector {
  explicit Vector(const nlohmann::json& json)
      : comment(json.at("comment")),
        tenant(json.at("tenant")),
        header{static_cast<Suite>(json.at("suite").get<int>()),
               std::stoull(json.at("key_id").get<std::string>(), nullptr, 16), json.at("version")},
        key(FromHex(json.at("key").get<std::string>())),
        nonce(FromHex(json.at("nonce").get<std::string>())),
        plaintext(Unhex(json.at("plaintext"))),
        canonical_context(Unhex(json.at("canonical_context"))),
        aad(Unhex(json.at("aad"))),
        envelope(Unhex(json.at("envelope"))),
        text(json.at("text")) {
    for (const auto& entry : json.at("context")) {
      names_and_values.emplace_back(entry.at("name"), Unhex(entry.at("value")));
    }
  }
  std::vector<ContextEntry> Context() const {
    std::vector<ContextEntry> entries;
    for (const auto& [name, value] : names_and_values) entries.push_back({name, value});
    return entries;
  }
  FieldSealer Sealer() const {
    FieldSealer sealer(tenant);
    std::vector<ContextEntry> entries = Context();
    EXPECT_OK(sealer.SetContext(entries));
    return sealer;
  }

  std::string comment;
  std::string tenant;
  EnvelopeHeader header;
  std::vector<uint8_t> key;
  std::vector<uint8_t> nonce;
  std::string plaintext;
  std::string canonical_context;
  std::string aad;
  std::string envelope;
  std::string text;
  std::vector<std::pair<std::string, std::string>> names_and_values;
};

const std::vector<Vector>& Vectors() {
  static const auto* const vectors = [] {
    auto* read = new std::vector<Vector>;
    const nlohmann::json file = ReadJson(kVectors + "/envelope.json");
    for (const auto& json : file.at("vectors")) read->emplace_back(json);
    return read;
  }();
  return *vectors;
}

// Opens `envelope` as a caller would: the plaintext, or "refused".
std::string Open(FieldSealer& sealer, const XaesKey& key, std::string_view envelope) {
  const absl::StatusOr<EnvelopeView> view = ParseEnvelope(AsBytes(envelope));
  if (!view.ok()) return "refused";
  std::string plaintext = "earlier";
  const absl::Status status = sealer.Open(key, *view, &plaintext);
  if (status.ok()) return plaintext;
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kTagMismatch));
  EXPECT_EQ(plaintext, "");
  return "refused";
}

std::string Flip(std::string bytes, size_t bit) {
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  return bytes;
}

TEST(EnvelopeVectorTest, SealWritesAndOpenReadsThem) {
  ASSERT_EQ(Vectors().size(), 12u);
  for (const Vector& vector : Vectors()) {
    SCOPED_TRACE(vector.comment);
    const XaesKey key = MakeKey(vector.key);
    FieldSealer sealer = vector.Sealer();
    std::string out;
    ASSERT_OK(sealer.Seal(key, vector.header, XaesNonce(vector.nonce.data(), 24), vector.plaintext,
                          &out));
    EXPECT_EQ(ToHex(AsBytes(out)), ToHex(AsBytes(vector.envelope)));
    EXPECT_EQ(Open(sealer, key, vector.envelope), vector.plaintext);
    EXPECT_EQ(ParseEnvelope(AsBytes(vector.envelope)).value().header, vector.header);
  }
}

TEST(EnvelopeVectorTest, CanonicalContextAndAad) {
  for (const Vector& vector : Vectors()) {
    SCOPED_TRACE(vector.comment);
    std::string canonical;
    std::vector<ContextEntry> entries = vector.Context();
    ASSERT_OK(AppendContext(entries, &canonical));
    EXPECT_EQ(canonical, vector.canonical_context);
    EXPECT_EQ(ParseContext(canonical).value(), entries);
    // The construction itself, by way of XaesKey: so the AAD is what FORMAT.md says.
    const EnvelopeView view = ParseEnvelope(AsBytes(vector.envelope)).value();
    std::string plaintext(view.sealed.size() - kXaesTagSize, '\0');
    EXPECT_OK(MakeKey(vector.key)
                  .Open(view.nonce.first<kXaesNonceSize>(), AsBytes(vector.aad), view.sealed,
                        {reinterpret_cast<uint8_t*>(plaintext.data()), plaintext.size()}));
    EXPECT_EQ(plaintext, vector.plaintext);
  }
}

TEST(EnvelopeVectorTest, TextForm) {
  for (const Vector& vector : Vectors()) {
    EXPECT_EQ(EncodeText(AsBytes(vector.envelope)), vector.text);
    EXPECT_EQ(DecodeText(vector.text).value(), vector.envelope);
  }
}

// The document's worked example is the first vector, and the same in suite 2.
TEST(EnvelopeVectorTest, FormatDocumentShowsTheFirst) {
  std::ifstream file = OpenFile(kVectors + "/../../crypto/FORMAT.md");
  std::stringstream text;
  text << file.rdbuf();
  // Spaces and line ends group the digits for the reader.
  std::string document = text.str();
  std::erase_if(document, [](char c) { return c == ' ' || c == '\n'; });
  const Vector& vector = Vectors().front();
  for (const std::string& shown :
       {ToHex(vector.key), ToHex(vector.nonce), ToHex(AsBytes(vector.plaintext)),
        ToHex(AsBytes(vector.canonical_context)), ToHex(AsBytes(vector.aad)),
        ToHex(AsBytes(vector.envelope)), vector.text}) {
    EXPECT_THAT(document, HasSubstr(shown));
  }
  const Vector& committing = Vectors()[9];
  EXPECT_EQ(committing.header.suite, Suite::kKcXaes256Gcm);
  for (const std::string& shown :
       {ToHex(committing.key), ToHex(committing.nonce), ToHex(AsBytes(committing.envelope))}) {
    EXPECT_THAT(document, HasSubstr(shown));
  }
}

TEST(ParseEnvelopeTest, ReadsTheHeader) {
  std::array<uint8_t, kEnvelopeHeaderSize> header;
  EncodeHeader(kHeader, header);
  EXPECT_EQ(ToHex(header), "11010203040506070800000009");
  std::string envelope(AsText(header));
  envelope.append(24, 'n').append("ciphertext").append(16, 't');
  const EnvelopeView view = ParseEnvelope(AsBytes(envelope)).value();
  EXPECT_EQ(view.header, kHeader);
  EXPECT_EQ(AsText(view.header_bytes), AsText(header));
  EXPECT_EQ(AsText(view.nonce), std::string(24, 'n'));
  EXPECT_EQ(AsText(view.sealed), "ciphertext" + std::string(16, 't'));
  EXPECT_TRUE(view.commitment.empty());
}

TEST(ParseEnvelopeTest, ReadsTheCommitmentOfSuiteTwo) {
  std::array<uint8_t, kEnvelopeHeaderSize> header;
  EncodeHeader(kCommitting, header);
  EXPECT_EQ(ToHex(header), "12010203040506070800000009");
  std::string envelope(AsText(header));
  envelope.append(24, 'n').append("ciphertext").append(16, 't').append(32, 'c');
  const EnvelopeView view = ParseEnvelope(AsBytes(envelope)).value();
  EXPECT_EQ(view.header, kCommitting);
  EXPECT_EQ(AsText(view.nonce), std::string(24, 'n'));
  EXPECT_EQ(AsText(view.sealed), "ciphertext" + std::string(16, 't'));
  EXPECT_EQ(AsText(view.commitment), std::string(32, 'c'));
}

TEST(ParseEnvelopeTest, TellsItsRefusalsApart) {
  const auto parse = [](const std::string& bytes) { return ParseEnvelope(AsBytes(bytes)); };
  const auto malformed = StatusIs(absl::StatusCode::kInvalidArgument, Reason::kEnvelopeMalformed);
  EXPECT_THAT(parse(""), malformed);
  for (const size_t i : {0u, 9u}) {
    const std::string& good = Vectors()[i].envelope;
    const size_t overhead = good.size() - Vectors()[i].plaintext.size();
    for (size_t size = 1; size < overhead; ++size) {
      EXPECT_THAT(parse(good.substr(0, size)), malformed) << size;
    }
    EXPECT_OK(parse(good.substr(0, overhead)));
    EXPECT_THAT(parse(std::string(good).replace(1, 8, 8, '\0')), malformed);
    EXPECT_THAT(parse(std::string(good).replace(9, 4, 4, '\0')), malformed);
  }
  for (int first = 0; first < 256; ++first) {
    if (first >= 0x11 && first <= 0x13) continue;
    std::string other = Vectors().front().envelope;
    other[0] = static_cast<char>(first);
    EXPECT_THAT(parse(other), StatusIs(absl::StatusCode::kInvalidArgument, Reason::kSuiteUnknown));
  }
}

TEST(MalleabilityTest, NoEnvelopeOpensWithABitFlipped) {
  for (const Vector& vector : Vectors()) {
    SCOPED_TRACE(vector.comment);
    const XaesKey key = MakeKey(vector.key);
    FieldSealer sealer = vector.Sealer();
    for (size_t bit = 0; bit < vector.envelope.size() * 8; ++bit) {
      EXPECT_EQ(Open(sealer, key, Flip(vector.envelope, bit)), "refused") << "bit " << bit;
    }
    EXPECT_EQ(Open(sealer, key, vector.envelope), vector.plaintext);
  }
}

TEST(MalleabilityTest, NoTextFormOpensWithABitFlipped) {
  for (const Vector& vector : Vectors()) {
    SCOPED_TRACE(vector.comment);
    const XaesKey key = MakeKey(vector.key);
    FieldSealer sealer = vector.Sealer();
    for (size_t bit = 0; bit < vector.text.size() * 8; ++bit) {
      const absl::StatusOr<std::string> decoded = DecodeText(Flip(vector.text, bit));
      if (!decoded.ok()) continue;
      EXPECT_NE(*decoded, vector.envelope) << "bit " << bit;
      EXPECT_EQ(Open(sealer, key, *decoded), "refused") << "bit " << bit;
    }
  }
}

TEST(MalleabilityTest, NoContextOpensWithABitFlipped) {
  const Vector& vector = Vectors().front();
  const XaesKey key = MakeKey(vector.key);
  for (size_t entry = 0; entry < vector.names_and_values.size(); ++entry) {
    const auto& [name, value] = vector.names_and_values[entry];
    for (size_t bit = 0; bit < (name.size() + value.size()) * 8; ++bit) {
      const std::string altered_name = bit < name.size() * 8 ? Flip(name, bit) : name;
      const std::string altered_value =
          bit < name.size() * 8 ? value : Flip(value, bit - name.size() * 8);
      std::vector<ContextEntry> entries = vector.Context();
      entries[entry] = {altered_name, altered_value};
      FieldSealer sealer(vector.tenant);
      if (!sealer.SetContext(entries).ok()) continue;  // an illegal name
      EXPECT_EQ(Open(sealer, key, vector.envelope), "refused")
          << "entry " << entry << " bit " << bit;
    }
  }
}

TEST(MalleabilityTest, CutOrExtendedEnvelopesDoNotOpen) {
  for (const Vector& vector : Vectors()) {
    const XaesKey key = MakeKey(vector.key);
    FieldSealer sealer = vector.Sealer();
    for (size_t size = 0; size < vector.envelope.size(); ++size) {
      EXPECT_EQ(Open(sealer, key, vector.envelope.substr(0, size)), "refused");
    }
    EXPECT_EQ(Open(sealer, key, vector.envelope + '\0'), "refused");
  }
}

// Neither by dropping the commitment nor by adding a right one.
TEST(MalleabilityTest, AnEnvelopeDoesNotChangeItsSuite) {
  const Vector& one = Vectors().front();
  FieldSealer sealer = one.Sealer();
  const XaesKey key = MakeKey(one.key);
  std::string two;
  ASSERT_OK(sealer.Seal(key, {Suite::kKcXaes256Gcm, one.header.key_id, one.header.version},
                        XaesNonce(one.nonce.data(), 24), one.plaintext, &two));
  const std::string commitment = two.substr(two.size() - kXaesCommitmentSize);
  EXPECT_EQ(two.substr(13, 24 + 16), one.envelope.substr(13, 24 + 16)) << "nonce, ciphertext";
  EXPECT_EQ(Open(sealer, key, "\x11" + two.substr(1, one.envelope.size() - 1)), "refused");
  EXPECT_EQ(Open(sealer, key, "\x12" + one.envelope.substr(1) + commitment), "refused");
  EXPECT_EQ(Open(sealer, key, two), one.plaintext);
}

RC_GTEST_PROP(MalleabilityTest, WhatParsesReencodesIdentically, ()) {
  auto bytes = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  // Most arbitrary bytes are refused by the first one or their length.
  const auto first = *rc::gen::element('\x11', '\x12', '\x13');
  if (*rc::gen::inRange(0, 4) != 0) bytes = first + bytes + std::string(85, 'x');
  const auto view = ParseEnvelope(AsBytes(bytes));
  RC_CLASSIFY(view.ok(), "parses");
  if (!view.ok()) return;
  std::array<uint8_t, kEnvelopeHeaderSize> header;
  EncodeHeader(view->header, header);
  std::string again(AsText(header));
  again.append(AsText(view->subject)).append(AsText(view->nonce));
  again.append(AsText(view->sealed)).append(AsText(view->commitment));
  RC_ASSERT(again == bytes);
}

RC_GTEST_PROP(TextFormTest, IsTheInverseOfEncode, ()) {
  const auto bytes = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  RC_ASSERT(DecodeText(EncodeText(AsBytes(bytes))).value() == bytes);
}

RC_GTEST_PROP(TextFormTest, WhatDecodesReencodesIdentically, ()) {
  const auto digit = rc::gen::elementOf(std::string("AQgw019-_zZ=+/ \n"));
  const auto text = "fk1." + *rc::gen::container<std::string>(digit);
  const auto bytes = DecodeText(text);
  RC_CLASSIFY(bytes.ok(), "decodes");
  if (bytes.ok()) RC_ASSERT(EncodeText(AsBytes(*bytes)) == text);
}

TEST(TextFormTest, RefusesAllButWhatEncodeWrites) {
  EXPECT_EQ(EncodeText({}), "fk1.");
  EXPECT_EQ(DecodeText("fk1.").value(), "");
  EXPECT_EQ(DecodeText("fk1._-8").value(), "\xff\xef");
  for (const std::string text : {
           "", "fk1", "fk2.AA", "FK1.AA", " fk1.AA", "AA",  // the prefix
           "fk1.A", "fk1.AAAAA",                            // six bits make no byte
           "fk1.AB", "fk1.AAB", "fk1.AP", "fk1.AAD",        // bits left over
           "fk1.AA==", "fk1.AAA=",                          // padding
           "fk1.AA AA", "fk1.AAAA\n", "fk1.+/+/",           // the alphabet
       }) {
    EXPECT_THAT(DecodeText(text), StatusIs(Reason::kEnvelopeMalformed)) << text;
  }
  EXPECT_THAT(DecodeText(std::string("fk1.AA\0A", 8)), StatusIs(Reason::kEnvelopeMalformed));
  EXPECT_THAT(DecodeText("fk1.AA\xc3\xa4"), StatusIs(Reason::kEnvelopeMalformed));
}

class FieldSealerTest : public ::testing::Test {
 protected:
  std::string Seal(FieldSealer& sealer, std::string_view plaintext,
                   const EnvelopeHeader& header = kHeader) {
    std::array<uint8_t, kXaesNonceSize> nonce;
    EXPECT_OK(FillNonce(nonce));
    std::string out;
    EXPECT_OK(sealer.Seal(key_, header, nonce, plaintext, &out));
    return out;
  }
  static FieldSealer Sealer(std::string_view tenant, std::vector<ContextEntry> entries) {
    FieldSealer sealer(tenant);
    EXPECT_OK(sealer.SetContext(entries));
    return sealer;
  }

  XaesKey key_ = MakeKey(std::vector<uint8_t>(32, 0x42));
};

TEST_F(FieldSealerTest, RoundTripsValuesOfAnySize) {
  FieldSealer sealer = Sealer("acme", {{"pk", "1"}});
  for (const size_t size : {size_t{0}, size_t{1}, size_t{16}, size_t{100'000}, size_t{4} << 20}) {
    const std::string plaintext(size, 'v');
    for (const EnvelopeHeader& header : {kHeader, kCommitting}) {
      const std::string envelope = Seal(sealer, plaintext, header);
      EXPECT_EQ(envelope.size(), size + EnvelopeOverhead(header.suite));
      EXPECT_EQ(Open(sealer, key_, envelope), plaintext);
    }
  }
}

TEST_F(FieldSealerTest, OpensForTheSameTenantAndContextOnly) {
  FieldSealer sealer = Sealer("acme", {{"b", "column"}, {"pk", "1"}});
  const std::string envelope = Seal(sealer, "value");
  const auto opens = [&](FieldSealer other) { return Open(other, key_, envelope); };
  EXPECT_EQ(opens(Sealer("acme", {{"pk", "1"}, {"b", "column"}})), "value");
  EXPECT_EQ(opens(Sealer("acme", {{"b", "column"}, {"pk", "2"}})), "refused") << "another row";
  EXPECT_EQ(opens(Sealer("acme", {{"b", "other"}, {"pk", "1"}})), "refused") << "another column";
  EXPECT_EQ(opens(Sealer("acmf", {{"b", "column"}, {"pk", "1"}})), "refused") << "another tenant";
  EXPECT_EQ(opens(Sealer("acme", {{"b", "column"}})), "refused");
  EXPECT_EQ(opens(Sealer("acme", {})), "refused");
  EXPECT_EQ(opens(Sealer("acme", {{"b", "1"}, {"pk", "column"}})), "refused") << "swapped";
  // Bytes that move between tenant, name and value keep their place by the lengths.
  EXPECT_EQ(opens(Sealer("acm", {{"b", "column"}, {"pk", "1"}})), "refused");
  EXPECT_EQ(opens(Sealer("acme", {{"bc", "olumn"}, {"pk", "1"}})), "refused");
}

TEST_F(FieldSealerTest, AnotherHeaderDoesNotOpen) {
  FieldSealer sealer = Sealer("acme", {});
  std::string envelope = Seal(sealer, "value");
  std::array<uint8_t, kEnvelopeHeaderSize> header;
  EncodeHeader({Suite::kXaes256Gcm, kHeader.key_id, kHeader.version + 1}, header);
  std::copy(header.begin(), header.end(), envelope.begin());
  EXPECT_EQ(Open(sealer, key_, envelope), "refused");
}

TEST_F(FieldSealerTest, EveryCallHasItsOwnHeader) {
  const EnvelopeHeader other = {Suite::kXaes256Gcm, kHeader.key_id + 1, kHeader.version};
  FieldSealer sealer = Sealer("acme", {});
  const std::string first = Seal(sealer, "first");
  const std::string second = Seal(sealer, "second", other);
  EXPECT_EQ(Open(sealer, key_, second), "second");
  const std::string third = Seal(sealer, "third");
  EXPECT_EQ(Open(sealer, key_, second), "second");
  const std::string fourth = Seal(sealer, "fourth");
  for (const auto& [envelope, plaintext, header] :
       {std::tuple(first, "first", kHeader), std::tuple(second, "second", other),
        std::tuple(third, "third", kHeader), std::tuple(fourth, "fourth", kHeader)}) {
    FieldSealer fresh = Sealer("acme", {});
    EXPECT_EQ(Open(fresh, key_, envelope), plaintext);
    EXPECT_EQ(ParseEnvelope(AsBytes(envelope)).value().header, header);
  }
}

TEST_F(FieldSealerTest, SetContextReplacesTheContext) {
  FieldSealer sealer = Sealer("acme", {{"pk", "a much longer value than the next"}});
  const std::string first = Seal(sealer, "one");
  std::vector<ContextEntry> entries = {{"pk", "2"}};
  ASSERT_OK(sealer.SetContext(entries));
  EXPECT_EQ(Open(sealer, key_, first), "refused");
  const std::string second = Seal(sealer, "two");
  FieldSealer fresh = Sealer("acme", {{"pk", "2"}});
  EXPECT_EQ(Open(fresh, key_, second), "two");
}

// A sealer writes only what differs from the last context; what it authenticates must
// be what a fresh one does. Few names and sizes, so that they often agree; and some
// contexts are refused.
RC_GTEST_FIXTURE_PROP(FieldSealerTest, TheLastContextLeavesNoTrace, ()) {
  const auto entry = rc::gen::pair(rc::gen::element<std::string>("a", "b", "pk", "Illegal"),
                                   rc::gen::resize(2, rc::gen::string<std::string>()));
  const auto contexts =
      *rc::gen::container<std::vector<std::vector<std::pair<std::string, std::string>>>>(
          8, rc::gen::resize(
                 3, rc::gen::container<std::vector<std::pair<std::string, std::string>>>(entry)));
  const std::array<uint8_t, kXaesNonceSize> nonce = {};
  FieldSealer reused("acme");
  for (const auto& context : contexts) {
    std::vector<ContextEntry> entries;
    for (const auto& [name, value] : context) entries.push_back({name, value});
    std::vector<ContextEntry> same = entries;
    FieldSealer fresh("acme");
    const bool accepted = fresh.SetContext(entries).ok();
    RC_ASSERT(reused.SetContext(same).ok() == accepted);
    if (!accepted) continue;
    std::string expected, sealed;
    RC_ASSERT(fresh.Seal(key_, kHeader, nonce, "v", &expected).ok());
    RC_ASSERT(reused.Seal(key_, kHeader, nonce, "v", &sealed).ok());
    RC_ASSERT(sealed == expected);
  }
}

TEST_F(FieldSealerTest, NeedsAContextThatWasAccepted) {
  const auto misuse = StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kInternal);
  const std::array<uint8_t, kXaesNonceSize> nonce = {};
  FieldSealer good = Sealer("acme", {});
  const std::string envelope = Seal(good, "value");
  FieldSealer sealer("acme");
  std::string out;
  EXPECT_THAT(sealer.Seal(key_, kHeader, nonce, "v", &out), misuse);
  EXPECT_THAT(sealer.Open(key_, ParseEnvelope(AsBytes(envelope)).value(), &out), misuse);
  std::vector<ContextEntry> illegal = {{"Illegal", ""}};
  ASSERT_OK(sealer.SetContext({}));
  EXPECT_EQ(Open(sealer, key_, envelope), "value");
  EXPECT_THAT(sealer.SetContext(illegal), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(sealer.Seal(key_, kHeader, nonce, "v", &out), misuse);
  ASSERT_OK(sealer.SetContext({}));
  EXPECT_EQ(Open(sealer, key_, envelope), "value");
}

TEST_F(FieldSealerTest, RefusesHeadersAndTenantsThatHaveNoEncoding) {
  const std::array<uint8_t, kXaesNonceSize> nonce = {};
  FieldSealer sealer = Sealer("acme", {});
  std::string out;
  EXPECT_THAT(sealer.Seal(key_, {Suite::kXaes256Gcm, 0, 1}, nonce, "v", &out),
              StatusIs(Reason::kInternal));
  EXPECT_THAT(sealer.Seal(key_, {Suite::kXaes256Gcm, 1, 0}, nonce, "v", &out),
              StatusIs(Reason::kInternal));
  for (const int suite : {0, 3, 4, 0x11, 0x12, 0x13}) {
    EXPECT_THAT(sealer.Seal(key_, {static_cast<Suite>(suite), 1, 1}, nonce, "v", &out),
                StatusIs(Reason::kInternal));
  }
  FieldSealer too_long(std::string(0x10000, 't'));
  EXPECT_THAT(too_long.SetContext({}), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(too_long.Seal(key_, kHeader, nonce, "v", &out), StatusIs(Reason::kInternal));
}

TEST_F(FieldSealerTest, ABatchSharesItsNonceStart) {
  FieldSealer sealer = Sealer("acme", {});
  BatchNonces nonces = BatchNonces::Start().value();
  std::vector<std::string> envelopes(100);
  for (size_t i = 0; i < envelopes.size(); ++i) {
    const EnvelopeHeader& header = i % 3 == 0 ? kHeader : kCommitting;
    ASSERT_OK(sealer.Seal(key_, header, nonces.Next(), "the same value", &envelopes[i]));
  }
  for (const std::string& envelope : envelopes) {
    EXPECT_EQ(Open(sealer, key_, envelope), "the same value");
    EXPECT_EQ(envelope.substr(13, 12), envelopes.front().substr(13, 12));
    EXPECT_EQ(std::count(envelopes.begin(), envelopes.end(), envelope), 1);
  }
}

}  // namespace
}  // namespace fieldkms
