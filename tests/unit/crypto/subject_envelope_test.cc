// Suite 3 of the envelope: sealed under the key of a data subject.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "crypto/envelope.h"
#include "crypto/random.h"
#include "tests/support/paths.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/crypto/subject_vectors.h"

namespace fieldkms {
namespace {

using ::testing::HasSubstr;

constexpr size_t kOverhead = EnvelopeOverhead(Suite::kSubjectXaes256Gcm);

FieldSealer SealerOf(const SubjectVector& vector) {
  FieldSealer sealer(vector.tenant);
  std::vector<ContextEntry> entries = ParseContext(vector.canonical_context).value();
  EXPECT_OK(sealer.SetContext(entries));
  return sealer;
}

EnvelopeHeader HeaderOf(const SubjectVector& vector) {
  return {Suite::kSubjectXaes256Gcm, vector.key_id, vector.version};
}

std::string Seal(FieldSealer& sealer, const SubjectVector& vector, const XaesKey& key) {
  std::string out = "earlier";
  EXPECT_OK(sealer.SealForSubject(key, HeaderOf(vector), AsBytes(vector.handle),
                                  AsBytes(vector.nonce).first<kXaesNonceSize>(), vector.plaintext,
                                  &out));
  return out;
}

// Opens under `key`: the plaintext, or "refused".
std::string OpenUnder(const XaesKey& key, FieldSealer& sealer, std::string_view envelope) {
  const absl::StatusOr<EnvelopeView> view = ParseEnvelope(AsBytes(envelope));
  if (!view.ok()) return "refused";
  std::string plaintext = "earlier";
  const absl::Status status = sealer.Open(key, *view, &plaintext);
  if (status.ok()) return plaintext;
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kTagMismatch));
  EXPECT_EQ(plaintext, "");
  return "refused";
}

// Opens as a reader does: with the key of the key, version and handle that the envelope names.
std::string Open(const SubjectVector& vector, FieldSealer& sealer, std::string_view envelope) {
  const absl::StatusOr<EnvelopeView> view = ParseEnvelope(AsBytes(envelope));
  if (!view.ok() || view->header.suite != Suite::kSubjectXaes256Gcm) return "refused";
  const SubjectKeyPlace place = {vector.tenant, view->header.key_id, view->header.version,
                                 view->subject};
  const XaesKey version_key = XaesKeyOf(AsBytes(vector.version_key));
  return OpenUnder(DeriveSubjectKey(version_key, AsBytes(vector.secret), place).value(), sealer,
                   envelope);
}

std::string Flip(std::string bytes, size_t bit) {
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  return bytes;
}

TEST(SubjectEnvelopeTest, SealWritesAndOpenReadsTheVectors) {
  ASSERT_EQ(SubjectVectors().size(), 4u);
  for (const SubjectVector& vector : SubjectVectors()) {
    SCOPED_TRACE(vector.comment);
    FieldSealer sealer = SealerOf(vector);
    EXPECT_EQ(ToHex(AsBytes(Seal(sealer, vector, vector.Derived()))),
              ToHex(AsBytes(vector.envelope)));
    EXPECT_EQ(vector.envelope.size(), vector.plaintext.size() + kOverhead);
    EXPECT_EQ(Open(vector, sealer, vector.envelope), vector.plaintext);
    EXPECT_EQ(EncodeText(AsBytes(vector.envelope)), vector.text);
    EXPECT_EQ(DecodeText(vector.text).value(), vector.envelope);
  }
}

// The construction itself, by way of XaesKey: so the AAD is what FORMAT.md says.
TEST(SubjectEnvelopeTest, AadIsTheDocuments) {
  for (const SubjectVector& vector : SubjectVectors()) {
    SCOPED_TRACE(vector.comment);
    const EnvelopeView view = ParseEnvelope(AsBytes(vector.envelope)).value();
    std::string plaintext(view.sealed.size() - kXaesTagSize, '\0');
    EXPECT_OK(XaesKeyOf(AsBytes(vector.key))
                  .Open(view.nonce.first<kXaesNonceSize>(), AsBytes(vector.aad), view.sealed,
                        AsMutableBytes(plaintext)));
    EXPECT_EQ(plaintext, vector.plaintext);
  }
}

TEST(SubjectEnvelopeTest, FormatDocumentShowsTheFirst) {
  std::ifstream file = OpenFile(testing::SourceDir() + "/crypto/FORMAT.md");
  std::string document{std::istreambuf_iterator<char>(file), {}};
  std::erase_if(document, [](char c) { return c == ' ' || c == '\n'; });
  const SubjectVector& vector = SubjectVectors().front();
  for (const std::string& shown : {vector.version_key, vector.secret, vector.handle, vector.info,
                                   vector.key, vector.nonce, vector.envelope}) {
    EXPECT_THAT(document, HasSubstr(ToHex(AsBytes(shown))));
  }
}

TEST(SubjectEnvelopeTest, ParsesIntoItsParts) {
  std::array<uint8_t, kEnvelopeHeaderSize> header;
  EncodeHeader({Suite::kSubjectXaes256Gcm, 0x0102030405060708, 9}, header);
  EXPECT_EQ(ToHex(header), "13010203040506070800000009");
  std::string envelope(AsText(header));
  envelope.append(16, 's').append(24, 'n').append("ciphertext").append(16, 't');
  const EnvelopeView view = ParseEnvelope(AsBytes(envelope)).value();
  EXPECT_EQ(view.header, (EnvelopeHeader{Suite::kSubjectXaes256Gcm, 0x0102030405060708, 9}));
  EXPECT_EQ(AsText(view.header_bytes), AsText(header));
  EXPECT_EQ(AsText(view.subject), std::string(16, 's'));
  EXPECT_EQ(AsText(view.nonce), std::string(24, 'n'));
  EXPECT_EQ(AsText(view.sealed), "ciphertext" + std::string(16, 't'));
  EXPECT_TRUE(view.commitment.empty());
}

TEST(SubjectEnvelopeTest, RefusesTheShortAndTheNameless) {
  const auto parse = [](const std::string& bytes) { return ParseEnvelope(AsBytes(bytes)); };
  const auto malformed = StatusIs(absl::StatusCode::kInvalidArgument, Reason::kEnvelopeMalformed);
  const std::string& good = SubjectVectors().front().envelope;
  for (size_t size = 1; size < kOverhead; ++size) {
    EXPECT_THAT(parse(good.substr(0, size)), malformed) << size;
  }
  EXPECT_OK(parse(good.substr(0, kOverhead)));
  EXPECT_THAT(parse(std::string(good).replace(1, 8, 8, '\0')), malformed);
  EXPECT_THAT(parse(std::string(good).replace(9, 4, 4, '\0')), malformed);
}

// Whether the reader derives by what the altered envelope says, or has the key at hand.
TEST(SubjectEnvelopeTest, DoesNotOpenWithABitFlipped) {
  for (const SubjectVector& vector : SubjectVectors()) {
    SCOPED_TRACE(vector.comment);
    FieldSealer sealer = SealerOf(vector);
    const XaesKey key = vector.Derived();
    for (size_t bit = 0; bit < vector.envelope.size() * 8; ++bit) {
      const std::string altered = Flip(vector.envelope, bit);
      EXPECT_EQ(Open(vector, sealer, altered), "refused") << "bit " << bit;
      // The key at hand knows its handle by itself: what stands there is the reader's affair.
      const bool of_handle = bit / 8 >= 13 && bit / 8 < 13 + kEnvelopeSubjectSize;
      if (!of_handle) {
        EXPECT_EQ(OpenUnder(key, sealer, altered), "refused") << "bit " << bit;
      }
    }
    EXPECT_EQ(Open(vector, sealer, vector.envelope), vector.plaintext);
  }
}

TEST(SubjectEnvelopeTest, DoesNotOpenCutOrExtended) {
  for (const SubjectVector& vector : SubjectVectors()) {
    FieldSealer sealer = SealerOf(vector);
    for (size_t size = 0; size < vector.envelope.size(); ++size) {
      EXPECT_EQ(Open(vector, sealer, vector.envelope.substr(0, size)), "refused");
    }
    EXPECT_EQ(Open(vector, sealer, vector.envelope + '\0'), "refused");
  }
}

TEST(SubjectEnvelopeTest, OpensWithItsOwnSecretOnly) {
  const SubjectVector& vector = SubjectVectors().front();
  FieldSealer sealer = SealerOf(vector);
  SubjectVector other = vector;
  other.secret = SubjectVectors()[1].secret;
  EXPECT_EQ(Open(other, sealer, vector.envelope), "refused");
  for (size_t bit = 0; bit < vector.secret.size() * 8; ++bit) {
    other.secret = Flip(vector.secret, bit);
    EXPECT_EQ(Open(other, sealer, vector.envelope), "refused") << bit;
  }
  // Nor with what is left when the secret is gone.
  EXPECT_EQ(OpenUnder(XaesKeyOf(AsBytes(vector.version_key)), sealer, vector.envelope), "refused");
  EXPECT_EQ(OpenUnder(XaesKeyOf(AsBytes(vector.secret)), sealer, vector.envelope), "refused");
  const XaesKey unsalted =
      XaesKeyOf(AsBytes(vector.version_key)).Derive({}, AsBytes(vector.info)).value();
  EXPECT_EQ(OpenUnder(unsalted, sealer, vector.envelope), "refused");
}

// Two subjects of one key: neither opens what is the other's, with a handle moved or not.
TEST(SubjectEnvelopeTest, AMovedHandleDoesNotOpen) {
  const SubjectVector& one = SubjectVectors().front();
  SubjectVector two = one;
  two.secret.assign(kSubjectKeySecretSize, 's');
  two.handle.assign(kEnvelopeSubjectSize, 'h');
  FieldSealer sealer = SealerOf(one);
  const std::string of_one = Seal(sealer, one, one.Derived());
  const std::string of_two = Seal(sealer, two, two.Derived());
  EXPECT_EQ(Open(two, sealer, of_two), two.plaintext);
  EXPECT_EQ(Open(one, sealer, of_two), "refused") << "another's secret";
  const std::string moved = std::string(of_one).replace(13, kEnvelopeSubjectSize, two.handle);
  EXPECT_EQ(Open(one, sealer, moved), "refused");
  EXPECT_EQ(Open(two, sealer, moved), "refused");
}

TEST(SubjectEnvelopeTest, DoesNotOpenForAnotherTenantOrContext) {
  const SubjectVector& vector = SubjectVectors().front();
  const XaesKey key = vector.Derived();
  SubjectVector other = vector;
  other.tenant = "acmf";
  FieldSealer of_other = SealerOf(other);
  EXPECT_EQ(OpenUnder(key, of_other, vector.envelope), "refused");
  other = vector;
  other.canonical_context = std::string("\0\0", 2);
  FieldSealer elsewhere = SealerOf(other);
  EXPECT_EQ(OpenUnder(key, elsewhere, vector.envelope), "refused");
}

TEST(SubjectEnvelopeTest, DoesNotChangeItsSuite) {
  const SubjectVector& vector = SubjectVectors().front();
  FieldSealer sealer = SealerOf(vector);
  const XaesKey subject_key = vector.Derived();
  const XaesKey version_key = XaesKeyOf(AsBytes(vector.version_key));
  const std::string without_handle = std::string(vector.envelope).erase(13, kEnvelopeSubjectSize);
  for (const XaesKey* key : {&subject_key, &version_key}) {
    for (const char suite : {'\x11', '\x12'}) {
      EXPECT_EQ(OpenUnder(*key, sealer, suite + vector.envelope.substr(1)), "refused");
      EXPECT_EQ(OpenUnder(*key, sealer, suite + without_handle.substr(1)), "refused");
    }
    // And the other way: nothing of suite 1 or 2 becomes a subject's.
    for (const Suite suite : {Suite::kXaes256Gcm, Suite::kKcXaes256Gcm}) {
      std::string sealed;
      ASSERT_OK(sealer.Seal(*key, {suite, vector.key_id, vector.version},
                            AsBytes(vector.nonce).first<kXaesNonceSize>(), "a value of some length",
                            &sealed));
      EXPECT_EQ(OpenUnder(*key, sealer, sealed), "a value of some length");
      sealed[0] = '\x13';
      EXPECT_EQ(OpenUnder(*key, sealer, sealed), "refused");
      sealed.insert(13, vector.handle);
      EXPECT_EQ(OpenUnder(*key, sealer, sealed), "refused");
      EXPECT_EQ(Open(vector, sealer, sealed), "refused");
    }
  }
}

TEST(SubjectEnvelopeTest, SuiteAndHandleGoTogether) {
  const auto misuse = StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kInternal);
  const SubjectVector& vector = SubjectVectors().front();
  const XaesKey key = vector.Derived();
  const XaesNonce nonce = AsBytes(vector.nonce).first<kXaesNonceSize>();
  FieldSealer sealer = SealerOf(vector);
  std::string out = "earlier";
  EXPECT_THAT(sealer.Seal(key, HeaderOf(vector), nonce, "v", &out), misuse);
  EXPECT_EQ(out, "");
  for (const Suite suite : {Suite::kXaes256Gcm, Suite::kKcXaes256Gcm, Suite{4}}) {
    out = "earlier";
    EXPECT_THAT(sealer.SealForSubject(key, {suite, 1, 1}, AsBytes(vector.handle), nonce, "v", &out),
                misuse);
    EXPECT_EQ(out, "");
  }
  for (const size_t size : {0u, 15u, 17u}) {
    const std::string handle(size, 'h');
    out = "earlier";
    EXPECT_THAT(sealer.SealForSubject(key, HeaderOf(vector), AsBytes(handle), nonce, "v", &out),
                misuse);
    EXPECT_EQ(out, "");
  }
  // A view that was put together by hand.
  EnvelopeView view = ParseEnvelope(AsBytes(vector.envelope)).value();
  view.subject = {};
  EXPECT_THAT(sealer.Open(key, view, &out), StatusIs(Reason::kEnvelopeMalformed));
}

// One sealer and one batch of nonces for rows of subjects and others, in any order.
TEST(SubjectEnvelopeTest, SuitesMixInABatch) {
  const SubjectVector& vector = SubjectVectors().front();
  const XaesKey subject_key = vector.Derived();
  const XaesKey version_key = XaesKeyOf(AsBytes(vector.version_key));
  FieldSealer sealer = SealerOf(vector);
  BatchNonces nonces = BatchNonces::Start().value();
  for (int i = 0; i < 20; ++i) {
    std::string of_subject, other;
    ASSERT_OK(sealer.SealForSubject(subject_key, HeaderOf(vector), AsBytes(vector.handle),
                                    nonces.Next(), "hers", &of_subject));
    ASSERT_OK(sealer.Seal(version_key, {Suite::kXaes256Gcm, vector.key_id, vector.version},
                          nonces.Next(), "anyone's", &other));
    FieldSealer fresh = SealerOf(vector);
    EXPECT_EQ(Open(vector, fresh, of_subject), "hers");
    EXPECT_EQ(OpenUnder(version_key, fresh, other), "anyone's");
  }
}

RC_GTEST_PROP(SubjectEnvelopeTest, WhatIsSealedOpensToTheSame, ()) {
  const auto bytes = [](size_t size) {
    return *rc::gen::container<std::string>(size, rc::gen::arbitrary<char>());
  };
  SubjectVector vector = SubjectVectors().front();
  vector.version_key = bytes(kXaesKeySize);
  vector.secret = bytes(kSubjectKeySecretSize - 1) + "s";  // never zero
  vector.handle = bytes(kEnvelopeSubjectSize);
  vector.nonce = bytes(kXaesNonceSize);
  vector.key_id = *rc::gen::positive<uint64_t>();
  vector.version = *rc::gen::positive<uint32_t>();
  vector.plaintext = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  FieldSealer sealer = SealerOf(vector);
  const std::string envelope = Seal(sealer, vector, vector.Derived());
  RC_ASSERT(envelope.size() == vector.plaintext.size() + kOverhead);
  RC_ASSERT(AsText(ParseEnvelope(AsBytes(envelope)).value().subject) == vector.handle);
  RC_ASSERT(Open(vector, sealer, envelope) == vector.plaintext);
}

}  // namespace
}  // namespace fieldkms
