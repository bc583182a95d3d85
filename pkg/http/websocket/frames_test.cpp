#include "pkg/http/websocket/frames.h"

#include "pkg/base/testing.h"

namespace gantry::http::websocket {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;
using ::testing::HasSubstr;

// As a client sends it: masked.
std::string masked(unsigned first, std::string_view payload) {
  std::string bytes(1, static_cast<char>(first));
  const size_t size = payload.size();
  if (size < 126) {
    bytes += static_cast<char>(0x80 | size);
  } else {
    bytes += static_cast<char>(0x80 | 126);
    bytes += static_cast<char>(size >> 8);
    bytes += static_cast<char>(size & 0xff);
  }
  const std::string mask = "\x37\xfa\x21\x3d";
  bytes += mask;
  for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(payload[i] ^ mask[i % 4]);
  return bytes;
}

Result<std::optional<Frame>> first_of(const std::string& bytes, size_t payload_max = 1000) {
  FrameReader reader(payload_max);
  reader.feed(bytes);
  return reader.next();
}

// The example of RFC 6455, section 1.3.
TEST(Frames, AcceptAsTheStandardSays) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

// The example of section 5.7.
TEST(Frames, ReadTheStandardsMaskedHello) {
  const auto frame = first_of(std::string("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11));
  ASSERT_THAT(frame, IsOk());
  ASSERT_TRUE(frame->has_value());
  EXPECT_EQ((*frame)->payload, "Hello");
  EXPECT_EQ((*frame)->opcode, Opcode::text);
  EXPECT_TRUE((*frame)->last);
}

TEST(Frames, ComeInAnyPieces) {
  const auto bytes = masked(0x02, "first") + masked(0x80, std::string(300, 'x'));
  FrameReader reader(1000);
  std::vector<Frame> frames;
  for (const char byte : bytes) {
    reader.feed(std::string_view(&byte, 1));
    const auto frame = reader.next();
    ASSERT_THAT(frame, IsOk());
    if (*frame) frames.push_back(**frame);
  }
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_FALSE(frames[0].last);
  EXPECT_EQ(frames[1].opcode, Opcode::continuation);
  EXPECT_EQ(frames[1].payload, std::string(300, 'x'));
}

TEST(Frames, RefuseWhatBreaksTheProtocol) {
  EXPECT_THAT(first_of(std::string("\x82\x01x", 3)),
              Fails(ErrorClass::invalid, HasSubstr("masked")));
  EXPECT_THAT(first_of(masked(0xc2, "x")), Fails(ErrorClass::invalid, HasSubstr("reserved")));
  EXPECT_THAT(first_of(masked(0x83, "x")), Fails(ErrorClass::invalid, HasSubstr("opcode")));
  EXPECT_THAT(first_of(masked(0x09, "x")), Fails(ErrorClass::invalid, HasSubstr("pieces")));
  EXPECT_THAT(first_of(masked(0x89, std::string(126, 'x'))), Fails(ErrorClass::invalid));
  EXPECT_THAT(first_of(masked(0x82, std::string(200, 'x')), 199), Fails(ErrorClass::overload));
}

// A client's frames are read by a server, and the other way round only unmasked.
TEST(Frames, AreMaskedByClientsOnly) {
  for (const size_t size : {0, 5, 126, 70'000}) {
    const std::string payload(size, 'x');
    const auto bytes = render_masked_frame(Opcode::binary, payload, 0x12345678);
    const auto frame = first_of(bytes, 100'000);
    ASSERT_THAT(frame, IsOk());
    EXPECT_EQ((*frame)->payload, payload);
    EXPECT_EQ(bytes.find("xxxx"), std::string::npos);
    FrameReader of_server(100'000, Side::server);
    of_server.feed(render_frame(Opcode::binary, payload));
    EXPECT_EQ((*of_server.next())->payload, payload);
    FrameReader wrong(100'000, Side::server);
    wrong.feed(bytes);
    EXPECT_THAT(wrong.next(), Fails(ErrorClass::invalid, HasSubstr("server's frame is masked")));
  }
}

TEST(Frames, AreWrittenInTheShortestForm) {
  EXPECT_EQ(render_frame(Opcode::binary, "hi"), std::string("\x82\x02hi"));
  EXPECT_EQ(render_frame(Opcode::binary, std::string(126, 'x')).substr(0, 4),
            std::string("\x82\x7e\x00\x7e", 4));
  EXPECT_EQ(render_frame(Opcode::binary, std::string(65536, 'x')).substr(0, 10),
            std::string("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10));
}

}  // namespace
}  // namespace gantry::http::websocket
