// HttpConnection: one connection, over whatever stream. Internal to the HTTP server.
#ifndef FIELDKMS_SQL_SHIM_HTTP_CONNECTION_H_
#define FIELDKMS_SQL_SHIM_HTTP_CONNECTION_H_

#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "sql/shim/http_loop.h"
#include "sql/shim/http_reader.h"

namespace fieldkms::shim {

// Of the one executor there is: what any executor could be costs a call more.
using UnixStream = boost::asio::local::stream_protocol::socket::rebind_executor<
    boost::asio::io_context::executor_type>::other;

// The status line and headers of an answer.
std::string HttpHeadText(const HttpResponse& response, bool close);
// How long `size` bytes may take on their way.
std::chrono::milliseconds HttpTransferTime(const HttpServerOptions& options, size_t size);

// Reads a request, has it handled, sends the answer, and again. A connection is kept alive by the
// operations that are under way. Made, used and destroyed on its loop's thread only, but for the
// replies; a loop that was stopped destroys what is left of them at its own end.
template <class Stream>
class HttpConnection final : public HttpConnectionBase,
                             public std::enable_shared_from_this<HttpConnection<Stream>> {
 public:
  template <class... Args>
  HttpConnection(HttpLoop& loop, HttpPeer peer, Args&&... stream)
      : loop_(loop), stream_(std::forward<Args>(stream)...), reader_(peer) {
    loop_.Enter(*this);
  }
  ~HttpConnection() override { loop_.Leave(*this); }

  Stream& stream() { return stream_; }
  void SetDeadline(std::chrono::milliseconds from_now) {
    deadline_ = std::chrono::steady_clock::now() + from_now;
  }

  // Is given back when the connection ends.
  void Hold(std::shared_ptr<void> seat) { seat_ = std::move(seat); }

  void Run() {
    SetDeadline(Silence());
    Read();
  }

  void End() override {
    boost::system::error_code ignored;
    stream_.lowest_layer().close(ignored);
  }
  bool BetweenRequests() const override { return phase_ == Phase::kReading && reader_.idle(); }

 private:
  static constexpr bool kIsUnix = std::is_same_v<Stream, UnixStream>;
  enum class Phase { kReading, kHandling, kWriting, kLingering };
  using Error = boost::system::error_code;

  // The reference that a reply and its copies have in common. It is given back on the loop's thread
  // wherever the reply is called or dropped: a connection must not end under the loop's eyes.
  class ReplyHold {
   public:
    explicit ReplyHold(std::shared_ptr<HttpConnection> self) : self_(std::move(self)) {}
    ReplyHold(const ReplyHold&) = delete;
    ReplyHold& operator=(const ReplyHold&) = delete;
    ~ReplyHold() {
      if (self_ == nullptr || self_->loop_.InThread()) return;
      HttpLoop& loop = self_->loop_;
      boost::asio::post(loop.io(), [self = std::move(self_)] {});
    }
    // Once.
    void Reply(HttpResponse response) {
      HttpLoop& loop = self_->loop_;
      // Whoever called may keep its copy of the reply, and be the last.
      std::shared_ptr<HttpConnection> self = std::move(self_);
      if (loop.InThread()) return self->Replied(std::move(response));
      boost::asio::post(loop.io(),
                        [self = std::move(self), response = std::move(response)]() mutable {
                          self->Replied(std::move(response));
                        });
    }

   private:
    std::shared_ptr<HttpConnection> self_;
  };

  const HttpServerOptions& options() const { return loop_.shared().options; }
  // How long it may be silent between requests.
  std::chrono::milliseconds Silence() const { return known_ ? options().idle : options().patience; }

  void Read() {
    const std::span<char> room = reader_.Prepare();
    stream_.async_read_some(boost::asio::buffer(room.data(), room.size()),
                            [self = this->shared_from_this()](Error error, size_t size) {
                              if (error) return self->End();
                              if (self->reader_.idle()) self->SetDeadline(self->options().patience);
                              self->reader_.Commit(size);
                              self->Advance();
                            });
  }

  // Goes on as far as it can without waiting. Requests that were sent ahead get their turn, and
  // after some of them so does everybody else.
  void Advance() {
    for (int turns = 0; turns < kMostTurns; ++turns) {
      if (!Step()) return;
    }
    boost::asio::post(loop_.io(), [self = this->shared_from_this()] { self->Advance(); });
  }

  // False: something is under way that calls Advance.
  bool Step() {
    switch (reader_.Next()) {
      case HttpReader::State::kNeedMore:
        Read();
        return false;
      case HttpReader::State::kHead:
        return Decide();
      case HttpReader::State::kComplete:
        return Handle();
      case HttpReader::State::kBroken:
        return Refuse(PlainResponse(reader_.broken_status(), reader_.broken_line()));
    }
    return false;
  }

  bool Decide() {
    head_only_ = reader_.head().method == "HEAD";
    HttpAdmission admission = loop_.shared().handler.Admit(reader_.head());
    known_ = known_ || admission.known;
    if (admission.refusal) return Refuse(std::move(*admission.refusal));
    if (reader_.content_length() > admission.most_body) {
      return Refuse(PlainResponse(
          413, "the body is above " + std::to_string(admission.most_body) + " bytes"));
    }
    if (reader_.content_length() > 0 && reader_.expects_continue()) {
      // Where it finds no room now, the client sends the body after a while all the same.
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      head_ = kContinue;
      reader_.AcceptBody();
      SetDeadline(HttpTransferTime(options(), reader_.content_length()));
      boost::asio::async_write(stream_, boost::asio::buffer(head_),
                               [self = this->shared_from_this()](Error error, size_t) {
                                 if (error) return self->End();
                                 self->Advance();
                               });
      return false;
    }
    reader_.AcceptBody();
    SetDeadline(HttpTransferTime(options(), reader_.content_length()));
    return true;
  }

  // Answers what was not read to its end, which ends the connection.
  bool Refuse(HttpResponse response) {
    lingers_ = true;
    response.close = true;
    return Send(std::move(response));
  }

  bool Handle() {
    phase_ = Phase::kHandling;
    deadline_ = HttpTime::max();
    in_handler_ = true;
    loop_.shared().handler.Handle(reader_.TakeRequest(),
                                  [hold = std::make_shared<ReplyHold>(this->shared_from_this())](
                                      HttpResponse response) { hold->Reply(std::move(response)); });
    in_handler_ = false;
    if (!replied_) return false;
    replied_ = false;
    return Send(std::move(response_));
  }

  void Replied(HttpResponse response) {
    if (in_handler_) {
      replied_ = true;
      response_ = std::move(response);
    } else if (Send(std::move(response))) {
      Advance();
    }
  }

  // True: it is sent already, and the connection goes on.
  bool Send(HttpResponse response) {
    phase_ = Phase::kWriting;
    closes_ = response.close || !reader_.keep_alive() || loop_.shared().draining.load();
    response_ = std::move(response);
    if (!MayHaveBody(response_.status)) response_.body.clear();
    head_ = HttpHeadText(response_, closes_);
    if (head_only_) response_.body.clear();
    SetDeadline(HttpTransferTime(options(), head_.size() + response_.body.size()));
    size_t sent = 0;
    if constexpr (kIsUnix) sent = SendNow();
    if (sent == head_.size() + response_.body.size()) return Sent();
    const size_t of_head = std::min(sent, head_.size());
    const std::array<boost::asio::const_buffer, 2> rest = {
        boost::asio::buffer(head_) + of_head,
        boost::asio::buffer(response_.body) + (sent - of_head)};
    boost::asio::async_write(stream_, rest, [self = this->shared_from_this()](Error error, size_t) {
      if (error) return self->End();
      if (self->Sent()) self->Advance();
    });
    return false;
  }

  // What the socket takes at once: mostly all of it, and nothing else has to happen then.
  size_t SendNow() {
    iovec parts[2] = {{head_.data(), head_.size()}, {response_.body.data(), response_.body.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    const ssize_t sent = sendmsg(stream_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? 0 : static_cast<size_t>(sent);
  }

  bool Sent() {
    response_ = HttpResponse();
    if (!closes_) {
      phase_ = Phase::kReading;
      SetDeadline(reader_.idle() ? Silence() : options().patience);
      return true;
    }
    Error ignored;
    stream_.lowest_layer().shutdown(boost::asio::socket_base::shutdown_send, ignored);
    if (lingers_) {
      phase_ = Phase::kLingering;
      SetDeadline(kLinger);
      Discard();
    } else {
      End();
    }
    return false;
  }

  // Reads what the other end is still sending, so that the answer is not lost with it.
  void Discard() {
    head_.resize(kDiscardSize);
    stream_.lowest_layer().async_wait(
        boost::asio::socket_base::wait_read, [self = this->shared_from_this()](Error error) {
          if (error) return;
          const ssize_t size = recv(self->stream_.lowest_layer().native_handle(),
                                    self->head_.data(), self->head_.size(), MSG_DONTWAIT);
          if (size == 0) return self->End();
          if (size < 0 && errno != EAGAIN && errno != EINTR) return self->End();
          self->Discard();
        });
  }

  static constexpr int kMostTurns = 16;
  static constexpr size_t kDiscardSize = 16 << 10;
  static constexpr std::chrono::milliseconds kLinger{2'000};

  HttpLoop& loop_;
  std::shared_ptr<void> seat_;
  Stream stream_;
  HttpReader reader_;
  Phase phase_ = Phase::kReading;
  bool known_ = kIsUnix;  // who asks; the rights of the socket's file say enough of its users
  bool in_handler_ = false;
  bool replied_ = false;
  bool closes_ = false;
  bool lingers_ = false;
  bool head_only_ = false;
  std::string head_;
  HttpResponse response_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_HTTP_CONNECTION_H_
