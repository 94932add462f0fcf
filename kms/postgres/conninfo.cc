#include "kms/postgres/conninfo.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <string_view>

#include "crypto/status.h"
#include "kms/files.h"

namespace fieldkms {
namespace {

constexpr size_t kLongestFile = size_t{64} << 10;

// What parses and prints records, and bounds a transaction whose client is gone.
constexpr std::string_view kSessionOptions =
    "-c TimeZone=UTC -c DateStyle=ISO -c bytea_output=hex -c standard_conforming_strings=on "
    "-c search_path=pg_catalog -c client_min_messages=error "
    "-c idle_in_transaction_session_timeout=10s";

absl::Status BadConninfo(std::string_view what) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid,
               "PostgreSQL connection string: " + std::string(what));
}

absl::Status BadFile(const std::string& path, std::string_view what) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kConfigInvalid,
               "PostgreSQL connection file " + path + ": " + std::string(what));
}

absl::StatusOr<std::string> ReadPrivateFile(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return BadFile(path, strerror(errno));
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return BadFile(path, strerror(errno));
  if (!S_ISREG(info.st_mode)) return BadFile(path, "is no regular file");
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return BadFile(path, "others may use it: chmod 600");
  }
  std::string text(kLongestFile, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = read(file.get(), text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return BadFile(path, strerror(errno));
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  if (size == text.size()) return BadFile(path, "is too long");
  text.resize(size);
  return text;
}

// As libpq reads it: in quotes, with quotes and backslashes escaped.
std::string Quoted(std::string_view value) {
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

absl::StatusOr<std::map<std::string, std::string>> Parse(const std::string& conninfo) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(conninfo.c_str(), &error), &PQconninfoFree);
  PQfreemem(error);  // unread: it may quote a password
  if (!parsed) return BadConninfo("is neither key=value pairs nor a postgresql:// URI");
  std::map<std::string, std::string> values;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) values[option->keyword] = option->val;
  }
  return values;
}

}  // namespace

absl::StatusOr<std::string> ReadConninfoFile(const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string text, ReadPrivateFile(path));
  std::string found;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos || line[first] == '#') continue;
    if (!found.empty()) return BadFile(path, "has more than one line");
    line = line.substr(first, line.find_last_not_of(" \t\r") + 1 - first);
    found = line;
  }
  if (found.empty()) return BadFile(path, "has no connection string");
  return found;
}

absl::StatusOr<std::string> CompleteConninfo(const std::string& conninfo,
                                             const std::string& application_name) {
  FIELDKMS_ASSIGN_OR_RETURN(auto values, Parse(conninfo));
  for (const auto& [keyword, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"connect_timeout", "5"},
           {"keepalives_idle", "30"},
           {"keepalives_interval", "5"},
           {"keepalives_count", "3"},
           {"tcp_user_timeout", "10000"},
           {"application_name", application_name},
           {"target_session_attrs", "read-write"}}) {
    values.try_emplace(keyword, value);
  }
  values["client_encoding"] = "UTF8";
  // Ours last: they are what the store stands on.
  std::string& options = values["options"];
  if (!options.empty()) options += ' ';
  options += kSessionOptions;
  std::string complete;
  for (const auto& [keyword, value] : values) {
    if (!complete.empty()) complete += ' ';
    complete += keyword + "=" + Quoted(value);
  }
  return complete;
}

}  // namespace fieldkms
