#include "sql/shim/http_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>

namespace fieldkms::shim {
namespace {

using State = HttpReader::State;

// Feeds `bytes` in pieces of `step`, accepts all bodies, and returns the requests.
std::vector<std::string> BodiesOf(HttpReader& reader, std::string_view bytes, size_t step) {
  std::vector<std::string> bodies;
  for (;;) {
    switch (reader.Next()) {
      case State::kNeedMore: {
        if (bytes.empty()) return bodies;
        const std::span<char> room = reader.Prepare();
        const size_t size = std::min({step, bytes.size(), room.size()});
        bytes.copy(room.data(), size);
        bytes.remove_prefix(size);
        reader.Commit(size);
        break;
      }
      case State::kHead:
        reader.AcceptBody();
        break;
      case State::kComplete: {
        const HttpRequest request = reader.TakeRequest();
        bodies.push_back(request.method + " " + request.path + " " + request.body);
        break;
      }
      case State::kBroken:
        bodies.push_back(std::to_string(reader.broken_status()));
        return bodies;
    }
  }
}

std::vector<std::string> Read(std::string_view bytes, size_t step = 1 << 20) {
  HttpReader reader{HttpPeer()};
  return BodiesOf(reader, bytes, step);
}

constexpr std::string_view kTwo =
    "POST /a?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
    "LIST /b HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(HttpReaderTest, ReadsPipelinedRequestsWhereverTheyAreCut) {
  for (size_t step = 1; step <= kTwo.size(); ++step) {
    EXPECT_THAT(Read(kTwo, step), ::testing::ElementsAre("POST /a hello", "LIST /b ")) << step;
  }
}

TEST(HttpReaderTest, BodiesLargerThanItsBufferArriveWhole) {
  const std::string body(1'000'000, 'b');
  const std::string request =
      "POST / HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  EXPECT_THAT(Read(request + request, 70'000), ::testing::Each("POST / " + body));
}

TEST(HttpReaderTest, RefusesWhatMayMeanTwoThings) {
  EXPECT_THAT(Read("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              ::testing::ElementsAre("411"));
  EXPECT_THAT(Read("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
              ::testing::ElementsAre("400"));
  EXPECT_THAT(Read("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na"),
              ::testing::Not(::testing::Contains("POST / a")));
  EXPECT_THAT(Read("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), ::testing::ElementsAre("400"));
  EXPECT_THAT(Read("POST / HTTP/1.1\r\nContent-Length : 1\r\n\r\na"),
              ::testing::ElementsAre("400"));
}

TEST(HttpReaderTest, RefusesWhatIsNoRequest) {
  EXPECT_THAT(Read("\x16\x03\x01\x02\r\n\r\n"), ::testing::ElementsAre("400"));
  EXPECT_THAT(Read("GET http://other/ HTTP/1.1\r\n\r\n"), ::testing::ElementsAre("400"));
  EXPECT_THAT(Read("GET / HTTP/2.0\r\n\r\n"), ::testing::ElementsAre("400"));
}

TEST(HttpReaderTest, RefusesHeadsAboveItsLimit) {
  const std::string line = "X: " + std::string(100, 'x') + "\r\n";
  std::string head = "GET / HTTP/1.1\r\n";
  while (head.size() <= kMostHeadBytes) head += line;
  EXPECT_THAT(Read(head, 1000), ::testing::ElementsAre("431"));
  EXPECT_THAT(Read(head + "\r\n"), ::testing::ElementsAre("431"));
  EXPECT_THAT(Read("GET / HTTP/1.1\r\n" + line + "\r\n"), ::testing::ElementsAre("GET / "));
}

// Memory is taken as bytes come, not as a head announces them.
TEST(HttpReaderTest, AnAnnouncedBodyTakesLittleMemory) {
  HttpReader reader{HttpPeer()};
  const std::string_view head = "POST / HTTP/1.1\r\nContent-Length: 33000000\r\n\r\n";
  head.copy(reader.Prepare().data(), head.size());
  reader.Commit(head.size());
  ASSERT_EQ(reader.Next(), State::kHead);
  EXPECT_EQ(reader.content_length(), 33'000'000u);
  reader.AcceptBody();
  EXPECT_LE(reader.Prepare().size(), size_t{1} << 20);
}

RC_GTEST_PROP(HttpReaderTest, AnyBytesInAnyPiecesReadTheSame, (std::string bytes)) {
  const auto step = *rc::gen::inRange<size_t>(1, 40);
  RC_ASSERT(Read(std::string(kTwo) + bytes, step) == Read(std::string(kTwo) + bytes));
}

TEST(HttpMessageTest, DecodesWhatIsPercentEncoded) {
  std::string out;
  EXPECT_TRUE(PercentDecode("a%2Fb+c", false, &out));
  EXPECT_EQ(out, "a/b+c");
  EXPECT_TRUE(PercentDecode("a+b", true, &out));
  EXPECT_EQ(out, "a b");
  for (const std::string_view bad : {"%", "%2", "%zz", "a%2"}) {
    EXPECT_FALSE(PercentDecode(bad, false, &out)) << bad;
  }
  EXPECT_EQ(QueryParameter("a=1&tenant=acme%2Dx&b", "tenant"), "acme-x");
  EXPECT_EQ(QueryParameter("xtenant=1", "tenant"), "");
}

}  // namespace
}  // namespace fieldkms::shim
