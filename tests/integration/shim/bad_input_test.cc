// Bytes that are not what they should be, or do not come.
#include <gmock/gmock.h>
#include <signal.h>

#include <thread>
#include <vector>

#include "tests/integration/shim/shim_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;

class ShimBadInputTest : public ShimTest {
 protected:
  // Impatient, and with room for few.
  void SetUp() override {
    Start("limits: {connections: 8, patience: 300ms, idle: 2s}\n");
    MakeKeys();
  }
  std::string Good() const {
    return EncodeFrame(FrameOf(FIELDKMS_OP_ENCRYPT, "leased", {"value", PkContext("1")}));
  }
  std::string GoodRequest() const {
    const std::string frame = Good();
    return "POST /v1/frames HTTP/1.1\r\nHost: x\r\nContent-Type: " FIELDKMS_FRAME_TYPE
           "\r\nContent-Length: " +
           std::to_string(frame.size()) + "\r\n\r\n" + frame;
  }
  // Whatever happened before, it serves.
  void ExpectServing() { EXPECT_EQ(RawHttp(SocketPath()).PostFrame(Good()).status, 200); }
};

TEST_F(ShimBadInputTest, FramesThatAreNoneEndTheConnection) {
  const std::string good = Good();
  for (const std::string& bad : {std::string(), std::string("FK"), good.substr(0, good.size() - 1),
                                 good + "x", std::string(1'000, '\xff')}) {
    RawHttp http(SocketPath());
    const RawResponse response = http.PostFrame(bad);
    EXPECT_EQ(response.status, 400) << bad.size();
    EXPECT_THAT(response.head, HasSubstr("Connection: close"));
    EXPECT_TRUE(http.IsClosed());
  }
  ExpectServing();
}

TEST_F(ShimBadInputTest, TooMuchIsRefusedBeforeItIsRead) {
  RawHttp http(SocketPath());
  http.Send("POST /v1/frames HTTP/1.1\r\nHost: x\r\nContent-Type: " FIELDKMS_FRAME_TYPE
            "\r\nContent-Length: 8388609\r\n\r\nsome of it");
  EXPECT_EQ(http.Receive().status, 413);
  shim::Frame frame = FrameOf(FIELDKMS_OP_MASK, "customers.card", {});
  frame.parts.assign(10'001, "");
  EXPECT_EQ(RawHttp(SocketPath()).PostFrame(EncodeFrame(frame)).status, 413);
  ExpectServing();
}

TEST_F(ShimBadInputTest, OtherTypesMethodsAndPathsAreRefused) {
  RawHttp http(SocketPath());
  EXPECT_EQ(http.Post("/v1/frames", "application/json", Good()).status, 415);
  EXPECT_EQ(RawHttp(SocketPath()).Get("/v1/frames").status, 405);
  EXPECT_EQ(RawHttp(SocketPath()).Get("/nothing").status, 404);
  EXPECT_EQ(RawHttp(SocketPath()).Get("/v1/nothing").status, 404);
  RawHttp chunked(SocketPath());
  chunked.Send("POST /v1/frames HTTP/1.1\r\nHost: x\r\nContent-Type: " FIELDKMS_FRAME_TYPE
               "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.Receive().status, 411);
}

TEST_F(ShimBadInputTest, WhoStopsInTheMiddleIsNotWaitedFor) {
  const std::string request = GoodRequest();
  RawHttp in_head(SocketPath()), in_body(SocketPath());
  in_head.Send(request.substr(0, 30));
  in_body.Send(request.substr(0, request.size() - 5));
  EXPECT_TRUE(in_head.IsClosed());
  EXPECT_TRUE(in_body.IsClosed());
  ExpectServing();
}

TEST_F(ShimBadInputTest, WhoSaysNothingIsNotKept) {
  RawHttp silent(SocketPath());
  RawHttp served(SocketPath());
  EXPECT_EQ(served.PostFrame(Good()).status, 200);
  EXPECT_TRUE(silent.IsClosed());
  EXPECT_TRUE(served.IsClosed());
}

TEST_F(ShimBadInputTest, RequestsThatAreSentAheadAreAnsweredInOrder) {
  RawHttp http(SocketPath());
  std::string many;
  for (int i = 0; i < 50; ++i) many += GoodRequest() + "GET /v1/none HTTP/1.1\r\nHost: x\r\n\r\n";
  // The one that is refused ends the connection: what is behind it is not answered.
  http.Send(GoodRequest() + GoodRequest() + many);
  EXPECT_EQ(http.Receive().status, 200);
  EXPECT_EQ(http.Receive().status, 200);
  EXPECT_EQ(http.Receive().status, 200);
  EXPECT_EQ(http.Receive().status, 404);
  EXPECT_EQ(http.Receive().status, 0);
  RawHttp again(SocketPath());
  std::string all;
  for (int i = 0; i < 100; ++i) all += GoodRequest();
  again.Send(all);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(again.Receive().status, 200) << i;
}

TEST_F(ShimBadInputTest, OneConnectionTooManyIsTold) {
  std::vector<std::unique_ptr<RawHttp>> open;
  for (int i = 0; i < 8; ++i) {
    open.push_back(std::make_unique<RawHttp>(SocketPath()));
    ASSERT_EQ(open.back()->PostFrame(Good()).status, 200);
  }
  EXPECT_EQ(RawHttp(SocketPath()).Receive().status, 503);
  open.clear();
  while (RawHttp(SocketPath()).PostFrame(Good()).status != 200) {
  }
}

TEST_F(ShimBadInputTest, AnAnswerThatNobodyTakesIsGivenUp) {
  std::vector<shim::FramePart> parts;
  const std::string value(500, 'v'), row = PkContext("1");
  for (int i = 0; i < 2'000; ++i) parts.insert(parts.end(), {value, row});
  const std::string frame = EncodeFrame(FrameOf(FIELDKMS_OP_ENCRYPT, "leased", parts));
  std::vector<std::unique_ptr<RawHttp>> greedy;
  for (int i = 0; i < 8; ++i) {
    greedy.push_back(std::make_unique<RawHttp>(SocketPath()));
    greedy.back()->Send("POST /v1/frames HTTP/1.1\r\nHost: x\r\nContent-Type: " FIELDKMS_FRAME_TYPE
                        "\r\nContent-Length: " +
                        std::to_string(frame.size()) + "\r\n\r\n" + frame);
  }
  // They hold all connections until they are given up, which takes as long as the bytes may.
  while (RawHttp(SocketPath()).PostFrame(Good()).status != 200) {
  }
}

TEST_F(ShimBadInputTest, StopsInGoodOrderUnderLoad) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      try {
        RawHttp http(SocketPath());
        // Each answer is whole, until there are none.
        for (;;) {
          const RawResponse response = http.PostFrame(Good());
          if (response.status != 200) break;
          EXPECT_TRUE(ReadFrameAnswer(FIELDKMS_OP_ENCRYPT, 1, response.body).has_value());
        }
      } catch (const std::system_error&) {
        // It is gone already.
      }
    });
  }
  ExpectServing();
  EXPECT_EQ(StopShim(), (ExitStatus{0, 0}));
  for (std::thread& thread : threads) thread.join();
  StartShim();
  ExpectServing();
}

TEST_F(ShimBadInputTest, ASecondShimDoesNotTakeTheSocket) {
  const CommandResult second =
      RunCommand({.argv = {BinaryPath("fieldkms-shim"), "--config", dir_.File("shim.yaml")}});
  EXPECT_EQ(second.status, (ExitStatus{1, 0}));
  EXPECT_THAT(second.err, HasSubstr("another process serves the socket"));
  ExpectServing();
}

}  // namespace
}  // namespace fieldkms::testing
