#include "pkg/apiserver/protobuf/wire.h"

#include <bit>

namespace gantry::apiserver::protobuf {
namespace {

Status wrong(size_t offset, const std::string& what) {
  return invalid("byte %d: %s", offset, what);
}

}  // namespace

Result<uint64_t> Reader::varint() {
  uint64_t value = 0;
  for (size_t i = 0; i < rest_.size() && i < 10; ++i) {
    const auto byte = static_cast<unsigned char>(rest_[i]);
    if (i == 9 && byte > 1) break;  // more than 64 bits
    value |= uint64_t{byte & 0x7fU} << (7 * i);
    if (byte >= 0x80) continue;
    rest_.remove_prefix(i + 1);
    offset_ += i + 1;
    return value;
  }
  return wrong(offset_, "a number does not end");
}

Result<std::string_view> Reader::take(size_t count) {
  if (count > rest_.size())
    return wrong(offset_,
                 absl::StrFormat("a field of %d bytes, but only %d are left", count, rest_.size()));
  const auto taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  offset_ += count;
  return taken;
}

Result<RawField> Reader::next() {
  RawField field;
  field.offset = offset_;
  GANTRY_TRY_ASSIGN(const auto tag, varint());
  field.number = static_cast<uint32_t>(tag >> 3);
  if (tag >> 3 == 0 || tag >> 3 > 0x1fffffff) return wrong(field.offset, "no such field number");
  switch (tag & 7) {
    case 0: {
      GANTRY_TRY_ASSIGN(field.varint, varint());
      return field;
    }
    case 1:
      field.wire = Wire::fixed64;
      GANTRY_TRY(take(8).status());
      return field;
    case 2: {
      field.wire = Wire::bytes;
      GANTRY_TRY_ASSIGN(const auto size, varint());
      field.content = offset_;
      GANTRY_TRY_ASSIGN(field.bytes, take(size));
      return field;
    }
    case 5:
      field.wire = Wire::fixed32;
      GANTRY_TRY(take(4).status());
      return field;
    default:
      return wrong(field.offset, "no such wire type");
  }
}

void Writer::varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7f) | 0x80);
  bytes_ += static_cast<char>(value);
}

void Writer::tag(uint32_t number, Wire wire) {
  varint(uint64_t{number} << 3 | static_cast<uint64_t>(wire));
}

void Writer::text(uint32_t number, std::string_view value) {
  tag(number, Wire::bytes);
  varint(value.size());
  bytes_ += value;
}

void Writer::number(uint32_t number, uint64_t value) {
  tag(number, Wire::varint);
  varint(value);
}

void Writer::real(uint32_t number, double value) {
  tag(number, Wire::fixed64);
  const auto bits = std::bit_cast<uint64_t>(value);
  for (int shift = 0; shift < 64; shift += 8) bytes_ += static_cast<char>(bits >> shift & 0xff);
}

}  // namespace gantry::apiserver::protobuf
