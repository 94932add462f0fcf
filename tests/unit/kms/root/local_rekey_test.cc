// Local root keys that are renewed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "kms/root/local_root.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using testing::ReadFile;
using testing::TempDir;
using testing::WriteFile;

class LocalRekeyTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_OK(CreateLocalRoot(options_)); }

  std::string Wrap() {
    const auto root = OpenLocalRoot(options_);
    EXPECT_OK(root);
    const auto key = SecretBytes::CopyOf(AsBytes("a key"));
    EXPECT_OK(key);
    const auto wrapped = (*root)->Wrap(*key, "context", kNoDeadline);
    EXPECT_OK(wrapped);
    return wrapped.value_or("");
  }

  absl::Status Unwrap(const std::string& wrapped) {
    FIELDKMS_ASSIGN_OR_RETURN(const auto root, OpenLocalRoot(options_));
    return root->Unwrap(wrapped, "context", kNoDeadline).status();
  }

  std::ptrdiff_t Lines() {
    const std::string content = ReadFile(options_.path);
    return std::count(content.begin(), content.end(), '\n');
  }

  TempDir directory_;
  LocalRootOptions options_ = {.path = directory_.File("root.key")};
};

auto WrongKey() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kRootWrongKey); }
auto NoKeyFile() { return StatusIs(StatusCode::kInvalidArgument, Reason::kConfigInvalid); }

TEST_F(LocalRekeyTest, NewKeyWrapsAndOldOnesOpen) {
  std::vector<std::string> wrapped = {Wrap()};
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(RekeyLocalRoot(options_));
    wrapped.push_back(Wrap());
  }
  EXPECT_EQ(Lines(), 4);
  for (const std::string& one : wrapped) EXPECT_OK(Unwrap(one));
  ASSERT_OK(DropOldLocalKeys(options_));
  EXPECT_EQ(Lines(), 1);
  EXPECT_OK(Unwrap(wrapped.back()));
  wrapped.pop_back();
  for (const std::string& one : wrapped) EXPECT_THAT(Unwrap(one), WrongKey());
}

TEST_F(LocalRekeyTest, AddsALineAtTheTopAndKeepsTheOthers) {
  const std::string before = ReadFile(options_.path);
  ASSERT_OK(RekeyLocalRoot(options_));
  const std::string after = ReadFile(options_.path);
  EXPECT_EQ(after.size(), before.size() + 69);
  EXPECT_TRUE(after.starts_with("fieldkms-root-1 "));
  EXPECT_TRUE(after.ends_with(before));
}

TEST_F(LocalRekeyTest, DropLeavesALoneKeyAlone) {
  const std::string before = ReadFile(options_.path);
  ASSERT_OK(DropOldLocalKeys(options_));
  EXPECT_EQ(ReadFile(options_.path), before);
}

// Made by another implementation.
TEST_F(LocalRekeyTest, ReadsTheDocumentedForm) {
  const std::string ones = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
  const std::string zeros(43, 'A');
  WriteFile(options_.path,
            "fieldkms-root-1 0badcafe " + ones + "\nfieldkms-root-1 " + zeros + "\n");
  ASSERT_OK_AND_ASSIGN(const auto root, OpenLocalRoot(options_));
  for (
      const char* hex :
      {"000102030405060708090a0b0c0d0e0f10111213141516172c3c00af75815d0f41aa0479feda62b0f27952a6fe3"
       "098145d9e19cf7a7db713290208563dbeabeaee7c3b30d5ed00d5",
       "0badcafe000102030405060708090a0b0c0d0e0f1011121314151617e1e2d976a2ec268a4a2c072167772a1cf60"
       "c4a42b1cde415ec802b7657199df846aefecc4b822321a21d13d8b71097b5"}) {
    const std::vector<uint8_t> bytes = FromHex(hex);
    ASSERT_OK_AND_ASSIGN(const SecretBytes key, root->Unwrap(AsText(bytes), "c", kNoDeadline));
    EXPECT_EQ(AsText(key.Expose()), std::string(32, 'K'));
  }
}

TEST_F(LocalRekeyTest, OnlyWholeLinesOfDifferentKeysAreRead) {
  ASSERT_OK(RekeyLocalRoot(options_));
  const std::string good = ReadFile(options_.path);
  const std::string newer = good.substr(0, 69);
  const std::string older = good.substr(69);
  const auto open = [&](const std::string& content) {
    WriteFile(options_.path, content);
    return OpenLocalRoot(options_).status();
  };
  EXPECT_OK(open(older + newer));
  for (size_t size = 0; size < good.size(); ++size) {
    if (size == newer.size()) continue;
    EXPECT_THAT(open(good.substr(0, size)), NoKeyFile()) << size;
  }
  EXPECT_THAT(open(good + "\n"), NoKeyFile());
  EXPECT_THAT(open(newer + newer), NoKeyFile());
  EXPECT_THAT(open(older + older), NoKeyFile());
  for (const size_t at : {16u, 23u, 24u, 25u}) {
    std::string content = good;
    content[at] = content[at] == ' ' ? '-' : 'G';
    EXPECT_EQ(open(content).ok(), at == 25u) << at;
  }
  std::string many = older;
  for (char c = 'a'; c < 'a' + 15; ++c) {
    std::string line = newer;
    line.replace(16, 8,
                 "0123456" + std::string(1, c <= 'f' ? c : static_cast<char>(c - 'g' + '0')));
    many += line;
  }
  EXPECT_OK(open(many));
  EXPECT_THAT(open(many + newer), NoKeyFile());
}

TEST_F(LocalRekeyTest, HoldsSixteenKeys) {
  for (int i = 1; i < 16; ++i) ASSERT_OK(RekeyLocalRoot(options_));
  const std::string full = ReadFile(options_.path);
  EXPECT_THAT(RekeyLocalRoot(options_),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kConfigInvalid));
  EXPECT_EQ(ReadFile(options_.path), full);
  EXPECT_OK(OpenLocalRoot(options_));
}

TEST_F(LocalRekeyTest, OwnerAndModeStay) {
  ASSERT_EQ(chmod(options_.path.c_str(), 0400), 0);
  if (geteuid() == 0) {
    ASSERT_EQ(chown(options_.path.c_str(), 0, 12345), 0);
  }
  struct stat before;
  ASSERT_EQ(stat(options_.path.c_str(), &before), 0);
  ASSERT_OK(RekeyLocalRoot(options_));
  struct stat after;
  ASSERT_EQ(stat(options_.path.c_str(), &after), 0);
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(after.st_uid, before.st_uid);
  EXPECT_EQ(after.st_gid, before.st_gid);
  EXPECT_NE(after.st_ino, before.st_ino);
}

TEST_F(LocalRekeyTest, NothingStaysBehindWhereItFails) {
  WriteFile(options_.path, "no key");
  EXPECT_THAT(RekeyLocalRoot(options_), NoKeyFile());
  EXPECT_EQ(ReadFile(options_.path), "no key");
  EXPECT_EQ(RekeyLocalRoot({.path = directory_.File("none")}).code(), StatusCode::kNotFound);
  const std::filesystem::directory_iterator files(directory_.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(LocalRekeyTest, UpdatesAtOnceLoseNoKey) {
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { EXPECT_OK(RekeyLocalRoot(options_)); });
  }
  EXPECT_EQ(Lines(), 9);
}

}  // namespace
}  // namespace fieldkms
