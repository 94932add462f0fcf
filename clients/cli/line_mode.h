// --lines: each line a value, through batch calls, in order, in bounded memory.
#ifndef FIELDKMS_CLIENTS_CLI_LINE_MODE_H_
#define FIELDKMS_CLIENTS_CLI_LINE_MODE_H_

#include <cstddef>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cli/commands.h"
#include "clients/cli/session.h"
#include "clients/cpp/client.h"
#include "clients/cpp/rpc_status.h"
#include "clients/cpp/wipe.h"
#include "crypto/bytes.h"
#include "crypto/wiping_allocator.h"

namespace fieldkms {

// LineCodec makes lines into the items of a batch, and results into lines.
class LineCodec {
 public:
  virtual ~LineCodec() = default;
  // Adds the item that `line` stands for. After an error there is none.
  virtual absl::Status Add(ByteView line) = 0;
  // Sends the items. An error: not one of them was tried.
  virtual absl::Status Send(Client* client) = 0;
  // OK, or why item `index` failed.
  virtual absl::Status StatusOf(int index) const = 0;
  // Appends the result of an item that did not fail: as text without a line
  // break (error: it cannot be text of one line), or as fields of a JSON object.
  virtual absl::Status AppendText(int index, WipedBuffer* out) const = 0;
  virtual void AppendJson(int index, WipedBuffer* out) const = 0;
  // Forgets items and results, wiping them.
  virtual void Clear() = 0;
};

// BatchCodec is what codecs have in common. `call`: a method of Client, or what does as one.
template <class Request, class Response>
class BatchCodec : public LineCodec {
 public:
  using Call = std::function<absl::StatusOr<Response>(Client*, const Request&)>;
  // `shared`: the request without items.
  BatchCodec(Request shared, Call call) : request_(std::move(shared)), call_(std::move(call)) {}
  ~BatchCodec() override { WipeAll(); }

  absl::Status Send(Client* client) override {
    absl::StatusOr<Response> response = call_(client, request_);
    if (!response.ok()) return response.status();
    response_ = *std::move(response);
    return absl::OkStatus();
  }
  absl::Status StatusOf(int index) const override {
    const auto& result = response_.results(index);
    return result.has_error() ? StatusOfItem(result.error()) : absl::OkStatus();
  }
  void Clear() override {
    WipeAll();
    request_.clear_items();
    response_.clear_results();
  }

 protected:
  Request request_;
  Response response_;

 private:
  void WipeAll() {
    WipePlaintext(&request_);
    WipePlaintext(&response_);
  }
  const Call call_;
};

// RunLines passes all lines of the input through `codec`. A line that fails
// leaves an empty line (under --json an object with "error") in its place and is
// reported on standard error by its number; the exit code is then kPartial.
absl::StatusOr<ExitCode> RunLines(Session* session, const ValueIo& io, LineCodec* codec);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_LINE_MODE_H_
