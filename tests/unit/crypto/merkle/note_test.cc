#include "crypto/merkle/note.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "crypto/merkle/checkpoint.h"
#include "crypto/random.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

// The example of C2SP's signed-note.
constexpr char kVerifierKey[] =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
constexpr char kText[] = "This is an example message.\n";
constexpr char kNote[] =
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
    "\n";
// The example of C2SP's tlog-checkpoint, of which no key is published.
constexpr char kCheckpoint[] =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

NoteSigner SignerOf(std::string_view name, uint8_t seed = 7) {
  const std::array<uint8_t, 32> bytes{seed};
  return *NoteSigner::Make(name, *SecretBytes::CopyOf(bytes));
}

TEST(NoteTest, PublishedNoteOpens) {
  ASSERT_OK_AND_ASSIGN(const NoteVerifier verifier, NoteVerifier::Parse(kVerifierKey));
  EXPECT_EQ(verifier.name(), "example.com/foo");
  EXPECT_EQ(verifier.key_id(), 0x530d903au);
  EXPECT_EQ(verifier.ToString(), kVerifierKey);
  ASSERT_OK_AND_ASSIGN(const std::string text, OpenNote(kNote, verifier));
  EXPECT_EQ(text, kText);
}

// RFC 8032, section 7.1, test 2.
TEST(NoteTest, SignaturesAreEd25519s) {
  const auto seed = FromHex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  const auto key = FromHex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const auto signature = FromHex(
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
      "1d8c387b2eaeb4302aeeb00d291612bb0c00");
  ASSERT_OK_AND_ASSIGN(const NoteVerifier verifier, NoteVerifier::Make("rfc", key));
  EXPECT_TRUE(verifier.Verify("r", signature));
  EXPECT_FALSE(verifier.Verify("s", signature));
  ASSERT_OK_AND_ASSIGN(const NoteSigner signer,
                       NoteSigner::Make("rfc", *SecretBytes::CopyOf(seed)));
  EXPECT_EQ(signer.verifier().ToString(), verifier.ToString());
}

TEST(NoteTest, OneChangedByteOpensNowhere) {
  ASSERT_OK_AND_ASSIGN(const NoteVerifier verifier, NoteVerifier::Parse(kVerifierKey));
  const std::string note = kNote;
  for (size_t i = 0; i < note.size(); ++i) {
    for (const int bit : {0, 1, 5, 7}) {
      std::string changed = note;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EXPECT_FALSE(OpenNote(changed, verifier).ok()) << i << " " << bit;
    }
    EXPECT_FALSE(OpenNote(note.substr(0, i), verifier).ok()) << i;
    EXPECT_FALSE(OpenNote(note.substr(i + 1), verifier).ok()) << i;
  }
}

TEST(NoteTest, SignaturesOfOthersArePassedOver) {
  const NoteSigner ours = SignerOf("log"), other = SignerOf("witness", 9);
  ASSERT_OK_AND_ASSIGN(const std::string note, ours.Sign("a\n\nb\n"));
  ASSERT_OK_AND_ASSIGN(const std::string theirs, other.Sign("a\n\nb\n"));
  const std::string line = theirs.substr(theirs.rfind("\n\n") + 2);
  ASSERT_OK_AND_ASSIGN(const std::string text, OpenNote(note + line, ours.verifier()));
  EXPECT_EQ(text, "a\n\nb\n");
  EXPECT_OK(OpenNote(note + line, other.verifier()));
  EXPECT_THAT(OpenNote(note, other.verifier()), StatusIs(Reason::kInvalidField));
  // Of our name and another key: unknown. Of our key over another text: wrong, and all is refused.
  EXPECT_THAT(OpenNote(note, SignerOf("log", 8).verifier()), StatusIs(Reason::kInvalidField));
  ASSERT_OK_AND_ASSIGN(const std::string forged, ours.Sign("c\n"));
  EXPECT_EQ(
      FieldOf(OpenNote(note + forged.substr(forged.rfind("\n\n") + 2), ours.verifier()).status()),
      "signature");
}

TEST(NoteTest, ManySignaturesAreRead) {
  const NoteSigner ours = SignerOf("log");
  const std::string note = *ours.Sign("a\n");
  std::string lines;
  for (uint8_t i = 0; i < 31; ++i) {
    const std::string other = *SignerOf("w" + std::to_string(i), i).Sign("a\n");
    lines += other.substr(other.rfind("\n\n") + 2);
  }
  EXPECT_OK(OpenNote(note + lines, ours.verifier()));
  EXPECT_FALSE(OpenNote(note + lines + lines, ours.verifier()).ok());
}

TEST(NoteTest, MalformedNotes) {
  const std::string line = std::string(kNote).substr(std::string(kNote).rfind("\n\n") + 2);
  for (const std::string& note :
       {std::string(), std::string("\n"), std::string("a"), std::string("a\n"),
        std::string("a\n\n"), "a\n" + line, "a\r\n\n" + line, "a\t\n\n" + line, "\xff\n\n" + line,
        "a\n\n" + line + "x\n", std::string("a\n\n- log AAAA\n"),
        std::string("a\n\n\xe2\x80\x94 log\n"), std::string("a\n\n\xe2\x80\x94 log AAAAAA==\n"),
        std::string("a\n\n\xe2\x80\x94  AAAAAAA=\n"),
        std::string("a\n\n\xe2\x80\x94 l+g AAAAAAA=\n"),
        std::string("a\n\n\xe2\x80\x94 log AAAAAAA\n")}) {
    EXPECT_THAT(ParseNote(note), StatusIs(Reason::kInvalidField)) << note;
  }
  EXPECT_OK(ParseNote("a\n\n\xe2\x80\x94 log AAAAAAA=\n"));
}

TEST(NoteTest, MalformedVerifierKeys) {
  const std::string key = kVerifierKey;
  for (const std::string& text :
       {std::string(), std::string("+"), std::string("a+b"), key.substr(1), key + "=", " " + key,
        std::string("example.com/foo+530d903b") + key.substr(24),
        std::string("example.com/foo+530D903A") + key.substr(24), key.substr(0, key.size() - 1)}) {
    EXPECT_THAT(NoteVerifier::Parse(text), StatusIs(Reason::kInvalidField)) << text;
  }
  for (const char* name : {"", "a b", "a+b", "a\xc2\xa0", "a\xe3\x80\x80", "a\n", "\xff"}) {
    EXPECT_THAT(CheckNoteKeyName(name), StatusIs(Reason::kInvalidField)) << name;
  }
  EXPECT_OK(CheckNoteKeyName("sømething/else"));
  EXPECT_FALSE(CheckNoteKeyName(std::string(257, 'a')).ok());
}

TEST(CheckpointTest, PublishedCheckpointIsReadAndWrittenAgain) {
  ASSERT_OK_AND_ASSIGN(const Checkpoint checkpoint, ParseCheckpoint(kCheckpoint));
  EXPECT_EQ(checkpoint.origin, "example.com/behind-the-sofa");
  EXPECT_EQ(checkpoint.size, 20852163u);
  EXPECT_EQ(FormatCheckpoint(checkpoint), kCheckpoint);
  const std::string signed_text = std::string(kCheckpoint) +
                                  "\n\xe2\x80\x94 example.com/behind-the-sofa "
                                  "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
                                  "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
  ASSERT_OK_AND_ASSIGN(const Note note, ParseNote(signed_text));
  EXPECT_EQ(note.text, kCheckpoint);
  EXPECT_EQ(note.signatures.at(0).signature.size(), kEd25519SignatureSize);
}

TEST(CheckpointTest, MalformedOnes) {
  const std::string root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
  for (const std::string& text :
       {std::string(), std::string("a\n1\n"), "\n1\n" + root, "a\n\n" + root, "a\n01\n" + root,
        "a\n-1\n" + root, "a\n+1\n" + root, "a\n1 \n" + root, "a\n18446744073709551616\n" + root,
        "a\n4611686018427387905\n" + root, "a\n1\n" + root.substr(4), "a\n1\n" + root + "\n",
        "a\n1\n" + root + "x", std::string("a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n"),
        // As many characters, and one byte more.
        std::string("a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2IA\n")}) {
    EXPECT_THAT(ParseCheckpoint(text), StatusIs(Reason::kInvalidField)) << text;
  }
  ASSERT_OK_AND_ASSIGN(const Checkpoint with, ParseCheckpoint("a\n0\n" + root + "x y\nz\n"));
  EXPECT_EQ(with.extensions, (std::vector<std::string>{"x y", "z"}));
}

TEST(CheckpointTest, OpensForItsLogOnly) {
  const NoteSigner signer = SignerOf("log/1");
  ASSERT_OK_AND_ASSIGN(const std::string note, SignCheckpoint({"log/1", 5, {1, 2}}, signer));
  ASSERT_OK_AND_ASSIGN(const Checkpoint opened, OpenCheckpoint(note, signer.verifier()));
  EXPECT_EQ(opened.size, 5u);
  ASSERT_OK_AND_ASSIGN(const std::string other, SignCheckpoint({"log/2", 5, {1, 2}}, signer));
  EXPECT_EQ(FieldOf(OpenCheckpoint(other, signer.verifier()).status()), "origin");
  EXPECT_FALSE(SignCheckpoint({"log\r", 5, {}}, signer).ok());
}

RC_GTEST_PROP(CheckpointTest, SurvivesSigning, (uint64_t size)) {
  const NoteSigner signer = SignerOf("log/1");
  Checkpoint checkpoint{"log/1", size >> 2, {}};
  RC_ASSERT(RandomBytes(checkpoint.root).ok());
  const auto opened = OpenCheckpoint(*SignCheckpoint(checkpoint, signer), signer.verifier());
  RC_ASSERT(opened.ok() && opened->size == checkpoint.size && opened->root == checkpoint.root);
}

}  // namespace
}  // namespace fieldkms
