#include "kms/root/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/scripted_server.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AwaitEnd;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ReadRequest;
using testing::Response;
using testing::ScriptedServer;
using testing::Send;
using ::testing::StartsWith;

auto Unavailable() { return StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable); }
auto Late() { return StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded); }
auto Refused() { return StatusIs(StatusCode::kInvalidArgument, Reason::kConfigInvalid); }

// Answers every request of a connection with `response`.
ScriptedServer::Session Always(std::string response) {
  return [response](int connection) {
    while (!ReadRequest(connection).empty()) Send(connection, response);
  };
}

std::unique_ptr<HttpClient> Client(const HttpOptions& options = {}) {
  return MakeHttpClient(options).value();
}

Deadline Soon() { return SystemClock().Steady() + milliseconds(50); }

TEST(HttpClientTest, SendsWhatItIsGivenAndNothingElse) {
  std::string seen;
  ScriptedServer server([&seen](int connection) {
    seen = ReadRequest(connection);
    Send(connection, "HTTP/1.1 418 Teapot\r\nX-One: a \r\nx-two:\r\nContent-Length: 3\r\n\r\nabc");
  });
  const auto client = Client();
  const HttpRequest request = {
      "POST", server.url() + "/v1/a?b=c", {{"X-Token", "t0k"}, {"X-Empty", ""}}, "body"};
  ASSERT_OK_AND_ASSIGN(const HttpResponse response, client->Send(request, kNoDeadline));
  EXPECT_EQ(seen, "POST /v1/a?b=c HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                      "\r\nAccept: */*\r\nX-Token: t0k\r\nX-Empty:\r\n"
                      "Content-Length: 4\r\n\r\nbody");
  EXPECT_EQ(response.status, 418);
  EXPECT_EQ(response.body, "abc");
  ASSERT_NE(FindHeader(response, "x-ONE"), nullptr);
  EXPECT_EQ(*FindHeader(response, "x-ONE"), "a");
  EXPECT_EQ(*FindHeader(response, "X-Two"), "");
  EXPECT_EQ(FindHeader(response, "x-on"), nullptr);
}

TEST(HttpClientTest, MethodsWithAndWithoutABody) {
  std::vector<std::string> seen;
  ScriptedServer server([&seen](int connection) {
    for (std::string request; !(request = ReadRequest(connection)).empty();) {
      seen.push_back(request);
      Send(connection, request.starts_with("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
                                                   : Response("200 OK", ""));
    }
  });
  const auto client = Client();
  for (const char* method : {"GET", "HEAD", "DELETE", "LIST", "POST"}) {
    ASSERT_OK(client->Send({method, server.url(), {}, ""}, kNoDeadline));
  }
  ASSERT_OK(client->Send({"PUT", server.url(), {{"content-type", "a/b"}}, "xy"}, kNoDeadline));
  ASSERT_EQ(seen.size(), 6u);
  EXPECT_THAT(seen[0], StartsWith("GET / "));
  EXPECT_THAT(seen[1], StartsWith("HEAD / "));
  EXPECT_THAT(seen[2], StartsWith("DELETE / "));
  EXPECT_THAT(seen[3], StartsWith("LIST / "));
  EXPECT_THAT(seen[4], HasSubstr("Content-Length: 0\r\n"));
  EXPECT_THAT(seen[5], HasSubstr("content-type: a/b\r\n"));
  EXPECT_THAT(seen[5], EndsWith("\r\n\r\nxy"));
  for (size_t i = 0; i < 4; ++i) EXPECT_THAT(seen[i], Not(HasSubstr("Content-"))) << i;
}

TEST(HttpClientTest, KeepsItsConnection) {
  ScriptedServer server(Always(Response("200 OK", "x")));
  const auto client = Client();
  for (int i = 0; i < 5; ++i) ASSERT_OK(client->Send({"GET", server.url(), {}, ""}, kNoDeadline));
  EXPECT_EQ(server.connections(), 1u);
}

TEST(HttpClientTest, ConnectsAnewWhereTheServerHasClosed) {
  ScriptedServer server([](int connection) {
    ReadRequest(connection);
    Send(connection, Response("200 OK", "x"));
  });
  const auto client = Client();
  for (int i = 0; i < 5; ++i) ASSERT_OK(client->Send({"GET", server.url(), {}, ""}, kNoDeadline));
  EXPECT_EQ(server.connections(), 5u);
}

TEST(HttpClientTest, NothingIsSentAfterTheDeadline) {
  ScriptedServer server(Always(Response("200 OK", "x")));
  EXPECT_THAT(Client()->Send({"GET", server.url(), {}, ""}, SystemClock().Steady()), Late());
  EXPECT_EQ(server.connections(), 0u);
}

TEST(HttpClientTest, DeadlineCutsOffAServerThatHangs) {
  // Before a response, in its headers, in its body.
  for (const char* begin : {"", "HTTP/1.1 200 OK\r\nX", "HTTP/1.1 200 OK\r\n\r\nabc"}) {
    ScriptedServer server([begin](int connection) {
      ReadRequest(connection);
      Send(connection, begin);
      AwaitEnd(connection);
    });
    const Deadline deadline = Soon();
    EXPECT_THAT(Client()->Send({"GET", server.url(), {}, ""}, deadline), Late()) << begin;
    EXPECT_GE(SystemClock().Steady(), deadline);
  }
}

TEST(HttpClientTest, CallsHaveATimeOutOfTheirOwn) {
  ScriptedServer server(&AwaitEnd);
  const auto client = Client({.call_timeout = milliseconds(50)});
  EXPECT_THAT(client->Send({"GET", server.url(), {}, ""}, kNoDeadline), Unavailable());
  EXPECT_THAT(
      client->Send({"GET", server.url(), {}, ""}, SystemClock().Steady() + std::chrono::hours(1)),
      Unavailable());
}

TEST(HttpClientTest, ResponseThatIsTooLongIsCutOff) {
  const auto client = Client({.max_response = 1000});
  ScriptedServer fits(Always(Response("200 OK", std::string(1000, 'x'))));
  ASSERT_OK_AND_ASSIGN(const HttpResponse response,
                       client->Send({"GET", fits.url(), {}, ""}, kNoDeadline));
  EXPECT_EQ(response.body, std::string(1000, 'x'));
  ScriptedServer body(Always(Response("200 OK", std::string(1001, 'x'))));
  EXPECT_THAT(client->Send({"GET", body.url(), {}, ""}, kNoDeadline), Unavailable());
  ScriptedServer endless([](int connection) {
    ReadRequest(connection);
    Send(connection, "HTTP/1.1 200 OK\r\n\r\n" + std::string(1 << 20, 'x'));
    AwaitEnd(connection);
  });
  EXPECT_THAT(client->Send({"GET", endless.url(), {}, ""}, kNoDeadline), Unavailable());
  ScriptedServer headers(
      Always("HTTP/1.1 200 OK\r\nX: " + std::string(1000, 'x') + "\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_THAT(client->Send({"GET", headers.url(), {}, ""}, kNoDeadline), Unavailable());
}

TEST(HttpClientTest, ResponseThatEndsEarlyIsNone) {
  for (const char* text :
       {"", "HTTP/1.1", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", "nonsense\r\n\r\n"}) {
    ScriptedServer server([text](int connection) {
      ReadRequest(connection);
      Send(connection, text);
    });
    EXPECT_THAT(Client()->Send({"GET", server.url(), {}, ""}, kNoDeadline), Unavailable()) << text;
  }
}

TEST(HttpClientTest, ErrorsNameTheServerAndNoSecret) {
  std::string url;
  {
    const ScriptedServer gone(&AwaitEnd);
    url = gone.url();
  }
  const absl::Status status =
      Client()->Send({"POST", url + "/p4th?q", {{"X", "t0k3n"}}, "b0dy"}, kNoDeadline).status();
  EXPECT_THAT(status, Unavailable());
  EXPECT_THAT(std::string(MessageOf(status)), StartsWith("POST " + url + ": "));
  for (const char* secret : {"p4th", "t0k3n", "b0dy"}) {
    EXPECT_THAT(std::string(MessageOf(status)), Not(HasSubstr(secret)));
  }
  const absl::Status user = Client()->Send({"GET", "http://u:p4ss@h/", {}, ""}, Soon()).status();
  EXPECT_THAT(user, Refused());
  EXPECT_EQ(MessageOf(user).find("p4ss"), std::string_view::npos);
}

TEST(HttpClientTest, RedirectIsAnAnswerLikeAnyOther) {
  ScriptedServer other(Always(Response("200 OK", "x")));
  ScriptedServer server(Always("HTTP/1.1 307 Temporary Redirect\r\nLocation: " + other.url() +
                               "/\r\nContent-Length: 0\r\n\r\n"));
  ASSERT_OK_AND_ASSIGN(const HttpResponse response,
                       Client()->Send({"GET", server.url(), {}, ""}, kNoDeadline));
  EXPECT_EQ(response.status, 307);
  EXPECT_EQ(other.connections(), 0u);
}

TEST(HttpClientTest, InterimResponsesAreSkipped) {
  ScriptedServer server(
      Always("HTTP/1.1 100 Continue\r\nX: 1\r\n\r\n" + Response("204 No Content", "")));
  ASSERT_OK_AND_ASSIGN(const HttpResponse response,
                       Client()->Send({"GET", server.url(), {}, ""}, kNoDeadline));
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(FindHeader(response, "X"), nullptr);
}

TEST(HttpClientTest, ProxiesAreThoseOfTheOptionsOnly) {
  ScriptedServer proxy(Always(Response("200 OK", "proxy")));
  ScriptedServer server(Always(Response("200 OK", "server")));
  setenv("http_proxy", proxy.url().c_str(), 1);
  setenv("ALL_PROXY", proxy.url().c_str(), 1);
  const auto direct = Client()->Send({"GET", server.url(), {}, ""}, kNoDeadline);
  unsetenv("http_proxy");
  unsetenv("ALL_PROXY");
  ASSERT_OK(direct);
  EXPECT_EQ(direct->body, "server");
  setenv("no_proxy", "*", 1);
  const auto asked =
      Client({.proxy = proxy.url()})->Send({"GET", server.url(), {}, ""}, kNoDeadline);
  unsetenv("no_proxy");
  ASSERT_OK(asked);
  EXPECT_EQ(asked->body, "proxy");
}

TEST(HttpClientTest, IllegalRequestsAreRefused) {
  ScriptedServer server(Always(Response("200 OK", "x")));
  const auto client = Client();
  const std::string url = server.url();
  EXPECT_THAT(client->Send({"", url, {}, ""}, kNoDeadline), Refused());
  EXPECT_THAT(client->Send({"GET", url + "/\r\nX: y", {}, ""}, kNoDeadline), Refused());
  EXPECT_THAT(client->Send({"GET", url, {{"X", "y\r\nZ: 1"}}, ""}, kNoDeadline), Refused());
  EXPECT_THAT(client->Send({"GET", url, {{"X\n", "y"}}, ""}, kNoDeadline), Refused());
  EXPECT_THAT(client->Send({"GET", url, {{"", "y"}}, ""}, kNoDeadline), Refused());
  EXPECT_THAT(client->Send({"GET", "file:///etc/passwd", {}, ""}, kNoDeadline), Refused());
  EXPECT_THAT(client->Send({"GET", "http://", {}, ""}, kNoDeadline), Refused());
  EXPECT_EQ(server.connections(), 0u);
}

TEST(HttpClientTest, OptionsThatDoNotGoTogetherAreRefused) {
  const testing::TempDir directory;
  const std::string file = directory.File("a.pem");
  testing::WriteFile(file, "");
  EXPECT_OK(MakeHttpClient({.client_certificate = file, .client_key = file}));
  EXPECT_THAT(MakeHttpClient({.client_certificate = file}), Refused());
  EXPECT_THAT(MakeHttpClient({.client_key = file}), Refused());
  EXPECT_THAT(MakeHttpClient({.ca_file = directory.File("none")}), Refused());
  EXPECT_THAT(MakeHttpClient({.connect_timeout = milliseconds(0)}), Refused());
  EXPECT_THAT(MakeHttpClient({.call_timeout = milliseconds(0)}), Refused());
}

TEST(HttpClientTest, SpeaksOverAUnixSocket) {
  const testing::TempDir directory;
  const std::string path = directory.File("socket");
  ScriptedServer server(Always(Response("200 OK", "unix")), path);
  ASSERT_OK_AND_ASSIGN(
      const HttpResponse response,
      Client({.unix_socket = path})->Send({"GET", "http://nowhere.invalid/", {}, ""}, kNoDeadline));
  EXPECT_EQ(response.body, "unix");
}

TEST(HttpClientTest, CallsRunSideBySide) {
  // Nobody is answered before all four have asked.
  std::atomic<int> asked = 0;
  ScriptedServer server([&asked](int connection) {
    ReadRequest(connection);
    ++asked;
    asked.notify_all();
    for (int n; (n = asked) < 4;) asked.wait(n);
    Send(connection, Response("200 OK", "x"));
  });
  const auto client = Client();
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        if (client->Send({"GET", server.url(), {}, ""}, kNoDeadline).ok()) ++answered;
      });
    }
  }
  EXPECT_EQ(answered, 4);
}

}  // namespace
}  // namespace fieldkms
