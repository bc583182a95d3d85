#pragma once
// The protobuf wire format: tags, varints and lengths.
#include <cstdint>
#include <string>
#include <string_view>

#include "pkg/base/status.h"

namespace gantry::apiserver::protobuf {

enum class Wire { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

// One field as it stands on the wire.
struct RawField {
  uint32_t number = 0;
  Wire wire = Wire::varint;
  uint64_t varint = 0;     // of a varint; fixed-size numbers are passed over
  std::string_view bytes;  // of a length-delimited one
  size_t offset = 0;       // of its tag, from the start of the body
  size_t content = 0;      // of its bytes
};

// Reads the fields of one message in order. The bytes must outlive it.
class Reader {
 public:
  // `offset`: where the message begins in the body, for error texts.
  Reader(std::string_view message, size_t offset) : rest_(message), offset_(offset) {}
  bool at_end() const { return rest_.empty(); }
  // kInvalid with "byte 17: …" for a truncated field, field number 0, a group, or a varint of more
  // than ten bytes.
  Result<RawField> next();

 private:
  Result<uint64_t> varint();
  Result<std::string_view> take(size_t count);
  std::string_view rest_;
  size_t offset_;
};

// Appends fields to a message.
class Writer {
 public:
  void text(uint32_t number, std::string_view value);
  void number(uint32_t number, uint64_t value);
  void real(uint32_t number, double value);
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(uint64_t value);
  void tag(uint32_t number, Wire wire);
  std::string bytes_;
};

}  // namespace gantry::apiserver::protobuf
