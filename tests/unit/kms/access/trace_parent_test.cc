#include "kms/access/trace_parent.h"

#include <gtest/gtest.h>

#include <string>

namespace fieldkms {
namespace {

// The example of the standard, §3.2.2.
const std::string kHeader = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string With(size_t at, std::string_view text) {
  std::string header = kHeader;
  return header.replace(at, text.size(), text);
}

TEST(TraceParentTest, TheExampleOfTheStandard) {
  EXPECT_EQ(TraceIdOf(kHeader), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(TraceIdOf(With(53, "00")), "4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST(TraceParentTest, VersionsToComeAreReadAsFarAsTheyAreKnown) {
  EXPECT_EQ(TraceIdOf(With(0, "cc") + "-what-the-future-will-be-like"),
            "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(TraceIdOf(With(0, "cc")), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(TraceIdOf(With(0, "cc") + ".what"), "");
}

TEST(TraceParentTest, WhatIsNoneIsNone) {
  for (size_t size = 0; size < kHeader.size(); ++size) {
    EXPECT_EQ(TraceIdOf(std::string_view(kHeader).substr(0, size)), "") << size;
  }
  EXPECT_EQ(TraceIdOf(kHeader + "-00"), "") << "version 00 has no more";
  EXPECT_EQ(TraceIdOf(With(0, "ff")), "");
  EXPECT_EQ(TraceIdOf(With(3, std::string(32, '0'))), "");
  EXPECT_EQ(TraceIdOf(With(36, std::string(16, '0'))), "");
  for (size_t at = 0; at < kHeader.size(); ++at) {
    EXPECT_EQ(TraceIdOf(With(at, "G")), "") << at;
    EXPECT_EQ(TraceIdOf(With(at, "\n")), "") << at;
  }
  EXPECT_EQ(TraceIdOf(With(4, "A")), "") << "upper case";
}

}  // namespace
}  // namespace fieldkms
