// Readers of the test vectors in tests/vectors. They throw on whatever they do
// not understand, so that a vector is never left out in silence.
#ifndef FIELDKMS_TESTS_SUPPORT_VECTORS_H_
#define FIELDKMS_TESTS_SUPPORT_VECTORS_H_

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fieldkms {

inline std::ifstream OpenFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open " + path);
  return file;
}

inline nlohmann::json ReadJson(const std::string& path) {
  std::ifstream file = OpenFile(path);
  return nlohmann::json::parse(file);
}

// One case of a file of "Name = value" lines; a line without "=" is a name with
// an empty value.
using RspCase = std::map<std::string, std::string>;

// ReadRsp reads NIST's .rsp files and their like: every case begins with the line
// named `first`; lines in brackets and comments are skipped.
inline std::vector<RspCase> ReadRsp(const std::string& path, std::string_view first) {
  const auto trim = [](std::string_view s) {
    const size_t begin = s.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return std::string();
    return std::string(s.substr(begin, s.find_last_not_of(" \t\r") - begin + 1));
  };
  std::ifstream file = OpenFile(path);
  std::vector<RspCase> cases;
  for (std::string line; std::getline(file, line);) {
    line = trim(line);
    if (line.empty() || line.front() == '#' || line.front() == '[') continue;
    const size_t equals = line.find('=');
    const std::string name = trim(line.substr(0, equals));
    if (name == first) cases.emplace_back();
    if (cases.empty()) throw std::runtime_error(path + " begins with another line");
    cases.back()[name] = equals == std::string::npos ? "" : trim(line.substr(equals + 1));
  }
  return cases;
}

}  // namespace fieldkms

#endif  // FIELDKMS_TESTS_SUPPORT_VECTORS_H_
