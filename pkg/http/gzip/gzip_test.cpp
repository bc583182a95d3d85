#include "pkg/http/gzip/gzip.h"

#include <zlib.h>

#include "pkg/base/testing.h"

namespace gantry::http {
namespace {

// What any client reads; "broken" when it is no single gzip member.
std::string read_back(const std::string& compressed) {
  z_stream z{};
  EXPECT_EQ(inflateInit2(&z, 15 + 16), Z_OK);
  std::string input = compressed;
  std::string plain(std::size_t{8} << 20, '\0');
  z.next_in = reinterpret_cast<Bytef*>(input.data());
  z.avail_in = static_cast<uInt>(input.size());
  z.next_out = reinterpret_cast<Bytef*>(plain.data());
  z.avail_out = static_cast<uInt>(plain.size());
  const int ended = inflate(&z, Z_FINISH);
  const bool whole = ended == Z_STREAM_END && z.avail_in == 0;
  plain.resize(z.total_out);
  inflateEnd(&z);
  return whole ? plain : "broken";
}

std::string many_lines() {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += "line " + std::to_string(i * 7919 % 1000) + "\n";
  return text;
}

TEST(Gzip, IsReadBackByAnyClient) {
  Gzip gzip;
  std::string out;
  const auto text = many_lines();
  for (size_t at = 0; at < text.size(); at += 1000) gzip.add(text.substr(at, 1000), out);
  gzip.finish(out);
  EXPECT_EQ(read_back(out), text);
  EXPECT_LT(out.size(), text.size() / 2);
  Gzip nothing;
  std::string empty;
  nothing.finish(empty);
  EXPECT_EQ(read_back(empty), "");
}

TEST(Gzip, APrefixIsContinuedManyTimes) {
  Gzip gzip;
  std::string out;
  const auto text = many_lines();
  gzip.add(text, out);
  const auto prefix = gzip.end_prefix(std::move(out));
  for (const std::string tail : {"", "x", "\"resourceVersion\":\"12\"}}\n"})
    EXPECT_EQ(read_back(prefix.bytes + text_after(prefix, tail)), text + tail);
}

TEST(Gzip, ReadsWhatClientsAccept) {
  for (const auto* yes : {"gzip", "deflate, gzip;q=0.5", "GZIP", "*", "br,gzip"})
    EXPECT_TRUE(accepts_gzip(yes)) << yes;
  for (const auto* no : {"", "br", "gzip;q=0", "identity", "gzip; q=0.0"})
    EXPECT_FALSE(accepts_gzip(no)) << no;
}

}  // namespace
}  // namespace gantry::http
