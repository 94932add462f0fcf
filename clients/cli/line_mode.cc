#include "clients/cli/line_mode.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/input.h"
#include "clients/cli/line_reader.h"
#include "clients/cli/output.h"
#include "clients/cli/progress.h"
#include "clients/cpp/limits.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

// Lines go to the client in rounds that keep all its calls in flight busy.
constexpr size_t kRoundItems = kMaxCallsInFlight * kMaxBatchItems;
constexpr size_t kRoundBytes = kMaxCallsInFlight * kMaxRequestSize;

void Append(std::string_view text, WipedBuffer* out) {
  out->insert(out->end(), text.begin(), text.end());
}

// What became of a line: the item that it is in the round, or why it is none.
struct Line {
  int item = -1;
  absl::Status error;
};

class LineRunner {
 public:
  LineRunner(const Session* session, LineReader* reader, Output* output, Progress* progress,
             LineCodec* codec)
      : session_(session), reader_(reader), output_(output), progress_(progress), codec_(codec) {}

  // Runs rounds until the end of the input; returns whether every line is done.
  absl::StatusOr<bool> Run(Client* client);

 private:
  absl::Status Gather();
  absl::Status AddLine(LineReader::Found found);
  absl::Status Emit();
  void EmitLine(const Line& line, WipedBuffer* out);
  void ReportLine(const absl::Status& error, WipedBuffer* out);
  absl::Status AtLine(const absl::Status& status) const;

  const Session* const session_;
  LineReader* const reader_;
  Output* const output_;
  Progress* const progress_;
  LineCodec* const codec_;
  std::vector<Line> round_;
  int items_ = 0;  // of the round
  bool at_end_ = false;
  uint64_t done_ = 0;  // lines before the one in hand
  uint64_t failed_ = 0;
};

absl::StatusOr<bool> LineRunner::Run(Client* client) {
  while (!at_end_) {
    FIELDKMS_RETURN_IF_ERROR(Gather());
    if (items_ > 0) {
      const absl::Status sent = codec_->Send(client);
      if (!sent.ok()) return AtLine(sent);
    }
    FIELDKMS_RETURN_IF_ERROR(Emit());
    codec_->Clear();
  }
  return failed_ == 0;
}

absl::Status LineRunner::Gather() {
  round_.clear();
  items_ = 0;
  size_t bytes = 0;
  while (round_.size() < kRoundItems && bytes < kRoundBytes) {
    if (!round_.empty() && !reader_->Ready()) break;  // the producer pauses: go to work
    FIELDKMS_ASSIGN_OR_RETURN(const LineReader::Found found, reader_->Next());
    if (found == LineReader::Found::kEnd) {
      at_end_ = true;
      break;
    }
    bytes += reader_->line().size();
    Line line;
    line.error = AddLine(found);
    if (line.error.ok()) line.item = items_++;
    round_.push_back(std::move(line));
  }
  return absl::OkStatus();
}

absl::Status LineRunner::AddLine(LineReader::Found found) {
  if (found == LineReader::Found::kLine) return codec_->Add(reader_->line());
  return Error(absl::StatusCode::kInvalidArgument, Reason::kRequestTooLarge,
               "the line is too long for a request of 4 MiB");
}

absl::Status LineRunner::Emit() {
  WipedBuffer out;
  for (const Line& line : round_) {
    EmitLine(line, &out);
    ++done_;
  }
  FIELDKMS_RETURN_IF_ERROR(output_->Write(ByteView(out)));
  progress_->Update(done_, failed_, reader_->bytes_read());
  return absl::OkStatus();
}

void LineRunner::EmitLine(const Line& line, WipedBuffer* out) {
  const absl::Status status = line.item < 0 ? line.error : codec_->StatusOf(line.item);
  if (!status.ok()) return ReportLine(status, out);
  if (session_->options.json) {
    Append(fmt::format("{{\"line\":{},", done_ + 1), out);
    codec_->AppendJson(line.item, out);
    Append("}\n", out);
    return;
  }
  if (const absl::Status text = codec_->AppendText(line.item, out); !text.ok()) {
    return ReportLine(text, out);
  }
  out->push_back('\n');
}

void LineRunner::ReportLine(const absl::Status& error, WipedBuffer* out) {
  ++failed_;
  const uint64_t number = done_ + 1;
  // The field would name an item of a batch, which nobody sees here.
  const absl::Status shown = Error(error.code(), ReasonOf(error), std::string(error.message()));
  progress_->Hide();
  std::string report = fmt::format("line {}: {}\n", number, ErrorText(shown));
  if (session_->options.json) {
    Json details = {{"line", number}};
    details.update(ErrorJson(shown));
    report = JsonLine({{"error", std::move(details)}});
    Append(JsonLine({{"line", number}, {"error", ErrorJson(shown)}}), out);
  } else {
    out->push_back('\n');
  }
  (void)WriteAll(STDERR_FILENO, AsBytes(report));  // nowhere left to report to
}

absl::Status LineRunner::AtLine(const absl::Status& status) const {
  return Error(status.code(), ReasonOf(status),
               fmt::format("stopped at line {}: {}", done_ + 1, std::string(status.message())),
               FieldOf(status));
}

ProgressStyle StyleFor(const Session& session, const ValueIo& io) {
  if (io.quiet) return ProgressStyle::kNone;
  if (isatty(STDERR_FILENO) == 1) return ProgressStyle::kBar;
  return session.options.json ? ProgressStyle::kNone : ProgressStyle::kLines;
}

}  // namespace

absl::StatusOr<ExitCode> RunLines(Session* session, const ValueIo& io, LineCodec* codec) {
  FIELDKMS_ASSIGN_OR_RETURN(const InputFile input, InputFile::Open(io.in));
  FIELDKMS_ASSIGN_OR_RETURN(Output output, Output::Open(io.out, io.force));
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  LineReader reader(input.fd(), kMaxRequestSize);
  Progress progress(StyleFor(*session, io), input.size());
  LineRunner runner(session, &reader, &output, &progress, codec);
  const absl::StatusOr<bool> all_done = runner.Run(client);
  progress.Hide();
  if (!all_done.ok()) return all_done.status();
  FIELDKMS_RETURN_IF_ERROR(output.Commit());
  progress.Finish();
  return *all_done ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace fieldkms
