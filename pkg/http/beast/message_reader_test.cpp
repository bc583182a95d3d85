#include "pkg/http/beast/message_reader.h"

#include "pkg/base/testing.h"

namespace gantry::http::beast {
namespace {

constexpr const char* kRequest =
    "POST /a?b=c HTTP/1.1\r\nHost: h\r\nX: 1\r\nTransfer-Encoding: chunked\r\nx: 2\r\n\r\n"
    "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";

// Offers `bytes` in pieces of `size`, as a socket would deliver them; what is left over.
template <class Reader>
std::string feed(Reader& reader, const std::string& bytes, size_t size) {
  std::string buffer;
  for (size_t at = 0; at < bytes.size(); at += size) {
    buffer += bytes.substr(at, size);
    buffer.erase(0, reader.put(buffer));
  }
  return buffer;
}

TEST(RequestReader, ReadsTheSameHoweverTheBytesArrive) {
  for (size_t size = 1; size < 200; ++size) {
    RequestReader reader(ReaderLimits{});
    const auto rest = feed(reader, kRequest + std::string("GET /next"), size);
    ASSERT_TRUE(reader.done()) << size;
    EXPECT_EQ(rest, "GET /next") << size;
    const auto request = reader.take();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/a?b=c");
    EXPECT_EQ(request.headers.at("X"), "1, 2");
    EXPECT_EQ(request.body, "abcd") << size;
  }
}

TEST(RequestReader, TakesNothingMoreOnceItHasRefused) {
  RequestReader reader(ReaderLimits{});
  EXPECT_EQ(feed(reader, "nonsense\r\n\r\n", 100).empty(), false);
  ASSERT_TRUE(reader.fault());
  EXPECT_EQ(reader.fault()->status, 400);
  EXPECT_EQ(reader.put(kRequest), 0u);
  EXPECT_FALSE(reader.done());
}

TEST(RequestReader, BoundsAHeadThatNeverEnds) {
  ReaderLimits limits;
  limits.header_bytes = 1000;
  RequestReader reader(limits);
  (void)feed(reader, "GET / HTTP/1.1\r\nX: " + std::string(2000, 'x'), 100);
  ASSERT_TRUE(reader.fault());
  EXPECT_EQ(reader.fault()->status, 431);
}

TEST(ResponseReader, ReadsTheSameHoweverTheBytesArrive) {
  const std::string bytes =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 fine, thank you\r\nContent-Length: 5\r\n\r\nhello";
  for (size_t size = 1; size < 120; ++size) {
    ResponseReader reader(ReaderLimits{}, false);
    EXPECT_EQ(feed(reader, bytes + "rest", size), "rest") << size;
    ASSERT_TRUE(reader.done()) << size;
    EXPECT_EQ(reader.head().reason, "fine, thank you");
    EXPECT_EQ(reader.take_body(), "hello");
    EXPECT_EQ(reader.take_body(), "");
  }
}

TEST(ResponseReader, GivesTheBodyPieceByPiece) {
  ResponseReader reader(ReaderLimits{}, false);
  auto rest =
      feed(reader, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n", 1000);
  EXPECT_TRUE(reader.head_done());
  EXPECT_EQ(reader.take_body(), "one");
  (void)feed(reader, rest + "3\r\ntwo\r\n0\r\n\r\n", 1000);
  EXPECT_EQ(reader.take_body(), "two");
  EXPECT_TRUE(reader.done());
}

TEST(ResponseReader, TellsACutMessageFromOneThatEndsWithTheConnection) {
  ResponseReader open_ended(ReaderLimits{}, false);
  (void)feed(open_ended, "HTTP/1.1 200 OK\r\n\r\nabc", 1000);
  EXPECT_FALSE(open_ended.done());
  EXPECT_TRUE(open_ended.put_eof());
  EXPECT_EQ(open_ended.take_body(), "abc");
  ResponseReader cut(ReaderLimits{}, false);
  (void)feed(cut, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", 1000);
  EXPECT_FALSE(cut.put_eof());
  ResponseReader nothing(ReaderLimits{}, false);
  EXPECT_FALSE(nothing.put_eof());
}

}  // namespace
}  // namespace gantry::http::beast
