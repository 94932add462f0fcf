// Says of each line on standard input what FF1 makes of it. A line is "encrypt" or "decrypt", the
// radix, the AES key and the tweak in hex ("-": none) and the numerals, in decimal with commas
// between them; spaces stand between these. The answer is numerals, or "refused". For oracles,
// which are written in other languages.
#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "crypto/ff1.h"
#include "crypto/hex.h"

namespace fieldkms {
namespace {

bool ReadHex(const std::string& text, std::vector<uint8_t>* bytes) {
  if (text == "-") return true;
  bytes->resize(text.size() / 2);
  return DecodeHex(text, *bytes);
}

std::vector<uint16_t> ReadNumerals(const std::string& text) {
  std::vector<uint16_t> numerals;
  std::istringstream stream(text);
  for (std::string numeral; std::getline(stream, numeral, ',');) {
    numerals.push_back(static_cast<uint16_t>(std::stoul(numeral)));
  }
  return numerals;
}

std::string Text(const std::vector<uint16_t>& numerals) {
  std::string text;
  for (const uint16_t numeral : numerals) {
    if (!text.empty()) text.push_back(',');
    text += std::to_string(numeral);
  }
  return text;
}

std::string Answer(const std::string& line) {
  std::string direction, key_hex, tweak_hex, numerals_text;
  uint32_t radix = 0;
  std::istringstream(line) >> direction >> radix >> key_hex >> tweak_hex >> numerals_text;
  std::vector<uint8_t> key_bytes, tweak;
  const bool encrypts = direction == "encrypt";
  if (!encrypts && direction != "decrypt") return "?";
  if (!ReadHex(key_hex, &key_bytes) || !ReadHex(tweak_hex, &tweak)) return "?";
  absl::StatusOr<SecretBytes> secret = SecretBytes::CopyOf(key_bytes);
  if (!secret.ok()) return "?";
  const absl::StatusOr<Ff1Key> key = Ff1Key::Create(*std::move(secret));
  if (!key.ok()) return "refused";
  std::vector<uint16_t> numerals = ReadNumerals(numerals_text);
  const absl::Status done =
      encrypts ? key->Encrypt(radix, tweak, numerals) : key->Decrypt(radix, tweak, numerals);
  return done.ok() ? Text(numerals) : "refused";
}

}  // namespace
}  // namespace fieldkms

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << fieldkms::Answer(line) << '\n';
  }
  return 0;
}
