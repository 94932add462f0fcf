#include "kms/erasure/erasure_scan.h"

#include "crypto/status.h"

namespace fieldkms {
namespace {

// Whether `text` may be what a crash has left of a first line.
bool BeginsHeader(std::string_view text) {
  std::string header;
  AppendErasureHeader({}, &header);
  const size_t digits = header.find('0');
  if (text.size() >= header.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool digit = i >= digits && i < digits + 32;
    const bool is_hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (digit ? !is_hex : text[i] != header[i]) return false;
  }
  return true;
}

}  // namespace

absl::Status ErasureScan::Feed(std::string_view bytes) {
  for (size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
    std::string_view line = bytes.substr(0, end + 1);
    if (!rest_.empty()) line = rest_.append(line);
    FIELDKMS_RETURN_IF_ERROR(Line(line));
    rest_.clear();
    bytes.remove_prefix(end + 1);
  }
  rest_.append(bytes);
  return rest_.size() < kMaxErasureLine ? absl::OkStatus() : Broken("it is too long");
}

absl::Status ErasureScan::Finish() {
  if (!id_ && !BeginsHeader(rest_)) return Broken("this is no erasure log");
  if (!each_) return absl::OkStatus();
  for (const auto& [number, erasure] : open_) FIELDKMS_RETURN_IF_ERROR(each_(erasure, false));
  return absl::OkStatus();
}

std::set<uint64_t> ErasureScan::Open() const {
  std::set<uint64_t> numbers;
  for (const auto& [number, erasure] : open_) numbers.insert(numbers.end(), number);
  return numbers;
}

absl::Status ErasureScan::Line(std::string_view line) {
  if (!id_) {
    id_ = ParseErasureHeader(line);
    if (!id_) return Broken("this is no erasure log, or one of a later release");
  } else {
    auto parsed = ParseErasureLine(line);
    if (!parsed) return Broken("it is not as an erasure log's");
    FIELDKMS_RETURN_IF_ERROR(std::visit([this](auto& it) { return Take(std::move(it)); }, *parsed));
  }
  ++lines_;
  whole_bytes_ += line.size();
  return absl::OkStatus();
}

absl::Status ErasureScan::Take(LoggedErasure erasure) {
  if (erasure.number != last_ + 1) return Broken("its number is out of turn");
  ++last_;
  open_.emplace_hint(open_.end(), last_, std::move(erasure));
  return absl::OkStatus();
}

absl::Status ErasureScan::Take(const LoggedEnd& end) {
  for (uint64_t number = end.first; number <= end.last; ++number) {
    const auto at = open_.find(number);
    if (at == open_.end()) return Broken("it ends an erasure that is not open");
    if (each_ && end.end != ErasureEnd::kRefused) {
      FIELDKMS_RETURN_IF_ERROR(each_(at->second, end.end == ErasureEnd::kDone));
    }
    open_.erase(at);
  }
  return absl::OkStatus();
}

absl::Status ErasureScan::Broken(std::string_view what) const {
  return Error(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt,
               "the erasure log is damaged in line " + std::to_string(lines_ + 1) + ": " +
                   std::string(what));
}

}  // namespace fieldkms
