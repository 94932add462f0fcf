#include "sql/shim/json_writer.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "crypto/base64.h"
#include "crypto/bytes.h"
#include "crypto/field/wiped_text.h"

namespace fieldkms::shim {
namespace {

constexpr size_t kMostDigits = 20;
constexpr size_t kMostEscaped = 6;  // "\u001f"

bool IsPlain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

}  // namespace

JsonWriter::JsonWriter(size_t size) { out_.reserve(size); }

JsonWriter::~JsonWriter() { WipeString(&out_); }

JsonWriter& JsonWriter::Raw(std::string_view json) {
  AppendText(json, &out_);
  return *this;
}

JsonWriter& JsonWriter::Number(uint64_t number) {
  char digits[kMostDigits];
  const auto end = std::to_chars(digits, digits + kMostDigits, number).ptr;
  return Raw({digits, static_cast<size_t>(end - digits)});
}

JsonWriter& JsonWriter::Text(std::string_view text) {
  MakeRoom(kMostEscaped * text.size() + 2, &out_);
  out_.push_back('"');
  while (!text.empty()) {
    const auto plain =
        static_cast<size_t>(std::find_if_not(text.begin(), text.end(), IsPlain) - text.begin());
    out_.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    Escape(static_cast<unsigned char>(text.front()));
    text.remove_prefix(1);
  }
  out_.push_back('"');
  return *this;
}

void JsonWriter::Escape(unsigned char c) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  static constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
  static constexpr std::string_view kLetters = "\"\\bfnrt";
  out_.push_back('\\');
  if (const size_t at = kShort.find(static_cast<char>(c)); at != std::string_view::npos) {
    out_.push_back(kLetters[at]);
    return;
  }
  out_.append("u00");
  out_.push_back(kHex[c >> 4]);
  out_.push_back(kHex[c & 15]);
}

JsonWriter& JsonWriter::Base64Of(std::string_view bytes) {
  const size_t size = Base64Size(Base64::kPadded, bytes.size());
  MakeRoom(size, &out_);
  out_.resize(out_.size() + size);
  EncodeBase64(Base64::kPadded, AsBytes(bytes), AsMutableBytes(out_).subspan(out_.size() - size));
  return *this;
}

std::string JsonWriter::Take() { return std::exchange(out_, std::string()); }

}  // namespace fieldkms::shim
