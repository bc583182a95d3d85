#include "pkg/apiserver/protobuf/wire.h"

#include "pkg/base/testing.h"

namespace gantry::apiserver::protobuf {
namespace {

using gantry::testing::IsOk;

TEST(Wire, ReadsWhatItWrote) {
  Writer writer;
  writer.number(1, 0);
  writer.number(15, UINT64_MAX);
  writer.text(16, "text");
  writer.real(3, -1.5);
  Reader reader(writer.bytes(), 100);
  const auto zero = reader.next();
  ASSERT_THAT(zero, IsOk());
  EXPECT_EQ(zero->number, 1U);
  EXPECT_EQ(zero->varint, 0U);
  EXPECT_EQ(zero->offset, 100U);
  const auto largest = reader.next();
  ASSERT_THAT(largest, IsOk());
  EXPECT_EQ(largest->varint, UINT64_MAX);
  const auto text = reader.next();
  ASSERT_THAT(text, IsOk());
  EXPECT_EQ(text->number, 16U);
  EXPECT_EQ(text->bytes, "text");
  EXPECT_EQ(text->content, 116U);
  EXPECT_THAT(reader.next(), IsOk());  // a fixed-size number is passed over
  EXPECT_TRUE(reader.at_end());
}

// proto3's own example: the double -1.5 is 0xBFF8000000000000, little-endian.
TEST(Wire, WritesDoublesLittleEndian) {
  Writer writer;
  writer.real(1, -1.5);
  EXPECT_EQ(writer.bytes(), std::string("\x09\x00\x00\x00\x00\x00\x00\xf8\xbf", 9));
}

}  // namespace
}  // namespace gantry::apiserver::protobuf
