// JsonWriter: JSON straight into the body of an answer, without a tree. Its caller puts the commas.
#ifndef FIELDKMS_SQL_SHIM_JSON_WRITER_H_
#define FIELDKMS_SQL_SHIM_JSON_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fieldkms::shim {

class JsonWriter {
 public:
  // `size`: about how many bytes are to come.
  explicit JsonWriter(size_t size);
  ~JsonWriter();  // wipes what Take has not taken
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  // JSON as it stands.
  JsonWriter& Raw(std::string_view json);
  JsonWriter& Number(uint64_t number);
  // A string, which is UTF-8.
  JsonWriter& Text(std::string_view text);
  // Standard base64 with padding, between quotation marks that are Raw's.
  JsonWriter& Base64Of(std::string_view bytes);
  std::string Take();

 private:
  void Escape(unsigned char c);

  std::string out_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_JSON_WRITER_H_
