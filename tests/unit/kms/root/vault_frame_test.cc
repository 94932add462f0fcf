#include "kms/root/vault_frame.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

auto WrongKey() { return StatusIs(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey); }

std::string Text(std::string_view bytes) { return std::string(bytes); }

TEST(VaultFrameTest, IsSizeKeyAndContext) {
  const SecretBytes key = SecretBytes::CopyOf(AsBytes("key")).value();
  EXPECT_EQ(Text(AsText(FrameKey(key, "ctx"))), std::string("\0\3keyctx", 8));
  EXPECT_EQ(Text(AsText(FrameKey(key, ""))), std::string("\0\3key", 5));
}

TEST(VaultFrameTest, OpensForItsContextOnly) {
  const std::string frame("\0\3keyctx", 8);
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, UnframeKey(AsBytes(frame), "ctx"));
  EXPECT_EQ(Text(AsText(key.Expose())), "key");
  // "yctx" would fit if the size were not part of it.
  for (const char* other : {"", "ct", "ctxx", "ctX", "yctx"}) {
    EXPECT_THAT(UnframeKey(AsBytes(frame), other), WrongKey()) << other;
  }
}

TEST(VaultFrameTest, WhatIsNoFrameIsRefused) {
  for (const std::string& frame :
       {std::string(), std::string("\0", 1), std::string("\0\0", 2), std::string("\0\0ctx", 5),
        std::string("\0\4keyctx", 8), std::string("\0\x41", 2) + std::string(65, 'k') + "ctx",
        std::string("\xff\xff"
                    "keyctx",
                    8)}) {
    EXPECT_THAT(UnframeKey(AsBytes(frame), "ctx"), WrongKey());
  }
}

}  // namespace
}  // namespace fieldkms
