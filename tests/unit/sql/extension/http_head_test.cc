#include "sql/extension/http_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/sql/extension/bytes_of.h"

namespace fieldkms::testing {
namespace {

using namespace std::string_literals;

constexpr size_t kMost = 1000;

struct Outcome {
  KmsHttpRead read;
  KmsHttpHead head = {};
};

Outcome Read(std::string_view text) {
  const std::vector<char> exact(text.begin(), text.end());
  Outcome outcome;
  outcome.read = kms_http_read_head(kms_bytes(exact.data(), exact.size()), kMost, &outcome.head);
  return outcome;
}

std::string With(std::string_view fields) {
  return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n";
}

TEST(HttpHeadTest, RequestStandsRightBeforeItsBody) {
  std::string buffer(KMS_HTTP_REQUEST_ROOM, '#');
  buffer += "body";
  char* body = buffer.data() + KMS_HTTP_REQUEST_ROOM;
  char* begin = kms_http_put_request(body, 8388608);
  EXPECT_EQ(std::string(begin, body),
            "POST /v1/frames HTTP/1.1\r\nHost: fieldkms\r\n"
            "Content-Type: application/vnd.fieldkms.frame\r\nContent-Length: 8388608\r\n\r\n");
  EXPECT_EQ(std::string(buffer.data(), begin), std::string(begin - buffer.data(), '#'));
  EXPECT_THAT(std::string(kms_http_put_request(body, 0), body),
              ::testing::EndsWith("Length: 0\r\n\r\n"));
}

TEST(HttpHeadTest, ReadsStatusAndLength) {
  const std::string text = With("content-LENGTH: \t42 \r\nServer: x\r\n");
  const Outcome outcome = Read(text + "more");
  ASSERT_EQ(outcome.read, KMS_HTTP_COMPLETE);
  EXPECT_EQ(outcome.head.status, 200);
  EXPECT_EQ(outcome.head.body_size, 42U);
  EXPECT_EQ(outcome.head.head_size, text.size());
  EXPECT_FALSE(outcome.head.closes);
}

TEST(HttpHeadTest, KnowsWhenTheConnectionEnds) {
  EXPECT_TRUE(Read(With("Content-Length: 0\r\nConnection: close\r\n")).head.closes);
  EXPECT_FALSE(Read(With("Content-Length: 0\r\nConnection: keep-alive\r\n")).head.closes);
  // What nobody has agreed on is not gone on with.
  EXPECT_TRUE(Read(With("Content-Length: 0\r\nConnection: upgrade\r\n")).head.closes);
}

TEST(HttpHeadTest, WantsMoreUntilItIsThere) {
  const std::string text = With("Content-Length: 5\r\nX-Y_z: \r\n");
  ASSERT_EQ(Read(text).read, KMS_HTTP_COMPLETE);
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(Read(text.substr(0, size)).read, KMS_HTTP_INCOMPLETE) << size;
  }
}

TEST(HttpHeadTest, RefusesWhatCouldBeReadInTwoWays) {
  const std::vector<std::string> malformed = {
      With(""),
      With("Content-Length: \r\n"),
      With("Content-Length: 1\r\nContent-Length: 1\r\n"),
      With("Content-Length: 1001\r\n"),
      With("Content-Length: 99999999999\r\n"),
      With("Content-Length: +1\r\n"),
      With("Content-Length: 0x1\r\n"),
      With("Content-Length: 1, 1\r\n"),
      With("Content-Length : 1\r\n"),
      With(" Content-Length: 1\r\n"),
      With("Content-Length: 1\r\n folded\r\n"),
      With("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
      With("Content-Length: 1\r\nContent-Encoding: gzip\r\n"),
      With("Content-Length: 1\r\n: x\r\n"),
      With("Content-Length: 1\r\nnothing\r\n"),
      With("Content-Length: 1\nX: y\r\n"),
      With("Content-Length: 1\r\nX: a\rb\r\n"),
      With("Content-Length: 1\r\nX: a\0b\r\n"s),
      "HTTP/1.1 200 OK\nContent-Length: 1\r\n\r\n",
      "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 20 X\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 2000 X\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/2 200\r\nContent-Length: 0\r\n\r\n",
      "\r\n\r\n",
      "SSH-2.0-OpenSSH_9\r\n",
  };
  for (const std::string& text : malformed) EXPECT_EQ(Read(text).read, KMS_HTTP_MALFORMED) << text;
}

TEST(HttpHeadTest, RefusesHeadsWithoutEnd) {
  const std::string endless = With("Content-Length: 1\r\nX: " + std::string(5000, 'x'));
  EXPECT_EQ(Read(endless.substr(0, KMS_HTTP_HEAD_MOST - 1)).read, KMS_HTTP_INCOMPLETE);
  EXPECT_EQ(Read(endless.substr(0, KMS_HTTP_HEAD_MOST)).read, KMS_HTTP_MALFORMED);
  EXPECT_EQ(Read(std::string(KMS_HTTP_HEAD_MOST, 'H')).read, KMS_HTTP_MALFORMED);
}

}  // namespace
}  // namespace fieldkms::testing
